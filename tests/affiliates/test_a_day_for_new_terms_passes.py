"""A partner lets the day for new terms pass, and what follows is what the merchant has said.

Rows are dated by the database, whose clock does not travel: so each story begins today and goes on in days to come.
"""

import time as time_of
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from threading import Thread
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection, connections
from django.utils import timezone

from affiliates import partners
from affiliates.deadlines import suspend_late
from affiliates.models import AfterDeadline, Partner, ProgramTerms
from affiliates.program_terms import due, knowing_terms, publish_terms, unaccepted
from bonuses import reaching
from bonuses.models import Rung
from bonuses.plans import create_bonus
from commissions.hold import release_due
from commissions.models import Commission, Flag
from commissions.review import decide
from fraud.screening import screen
from fraud.terms import RULE, accept, publish
from merchants import tenancy
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from merchants.settings import update_merchant
from rewards.details import Details
from rewards.terms import add_rule
from stats import rollup
from tests.factories import ACTOR, CommissionFactory, PartnerFactory
from tests.fraud.conftest import follow, sell
from tests.levels.conftest import pays_recruiters
from tests.races import under_way
from tests.sales import give_ten_percent, refund
from tracking.events import Lead, SaleCustomer
from tracking.leads import record_lead

NEW_YORK = ZoneInfo("America/New_York")
LAST_DAY = timezone.localdate(timezone=NEW_YORK) + timedelta(days=9)
#: An hour before the day is over in New York, where it is the next day in Europe; and the first moment after it.
OVER = datetime.combine(LAST_DAY + timedelta(days=1), time.min, NEW_YORK)
LATE = OVER - timedelta(hours=1)

Clock = Callable[[datetime], None]


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Goes to a moment."""
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller.move_to


@pytest.fixture
def anna(tenant: Merchant, clock: Clock) -> Partner:
    """A partner in New York's program, there since before."""
    update_merchant(tenant, changes={"time_zone": "America/New_York", "hold_days": 1}, actor=ACTOR)
    tenant.refresh_from_db()
    made: Partner = PartnerFactory(name="Anna", email="anna@example.com")
    give_ten_percent(made)
    return made


def publish_with(partner: Partner, after_deadline: str, *, text: str = "Be kind.") -> ProgramTerms:
    return publish(program=partner.program, text=text, accept_by=LAST_DAY, after_deadline=after_deadline, actor=ACTOR)


def is_over(partner: Partner) -> bool | None:
    """Whether the portal shows the terms alone; None where it asks for nothing."""
    found = due(knowing_terms(Partner.objects.select_related("merchant")).get(id=partner.id))
    return None if found is None else found.is_over


def test_who_does_not_accept_is_suspended_when_the_day_is_over_where_the_merchant_is(
    anna: Partner, clock: Clock
) -> None:
    publish_with(anna, AfterDeadline.SUSPEND)
    clock(LATE)
    assert is_over(anna) is False
    assert suspend_late(now=LATE) == 0
    clock(OVER)
    assert is_over(anna) is True
    assert suspend_late(now=OVER) == 1
    assert suspend_late(now=OVER) == 0
    anna.refresh_from_db()
    assert (anna.status, anna.owes_acceptance) == ("suspended", True)
    assert is_over(anna) is True, "suspended, and the portal still asks"
    entry = anna.merchant.audit_entries.get(verb="partner.suspend")
    assert (entry.actor_name, entry.after) == (
        "Deadline of the terms", {"status": "suspended", "why": "Version 1 of the terms is not accepted."}
    )  # fmt: skip


def test_accepting_ends_the_suspension_at_once(anna: Partner, clock: Clock) -> None:
    publish_with(anna, AfterDeadline.SUSPEND)
    clock(OVER)
    suspend_late(now=OVER)
    accept(Partner.objects.get(id=anna.id), number=1, actor=ACTOR)
    anna.refresh_from_db()
    assert (anna.status, anna.owes_acceptance, is_over(anna)) == ("approved", False, None)
    assert suspend_late(now=OVER) == 0


def test_accepting_ends_no_other_suspension(anna: Partner, clock: Clock) -> None:
    publish_with(anna, AfterDeadline.SUSPEND)
    partners.suspend(anna, actor=ACTOR)
    clock(OVER)
    assert suspend_late(now=OVER) == 0
    accept(anna, number=1, actor=ACTOR)
    anna.refresh_from_db()
    assert anna.status == "suspended"


def test_whom_staff_let_in_again_before_that_stays_in(anna: Partner, clock: Clock) -> None:
    publish_with(anna, AfterDeadline.SUSPEND)
    clock(OVER)
    suspend_late(now=OVER)
    clock(OVER + timedelta(hours=3))
    partners.approve(Partner.objects.get(id=anna.id), actor=ACTOR)
    assert suspend_late(now=OVER + timedelta(days=2)) == 0
    anna.refresh_from_db()
    assert (anna.status, anna.owes_acceptance) == ("approved", False)


def test_who_came_after_the_version_is_asked_without_a_day(anna: Partner, clock: Clock) -> None:
    terms = publish_with(anna, AfterDeadline.SUSPEND)
    accept(anna, number=1, actor=ACTOR)
    bea: Partner = PartnerFactory(name="Bea")
    clock(OVER)
    assert is_over(bea) is False
    assert suspend_late(now=OVER) == 0
    assert not unaccepted(terms).exists()


def test_a_few_at_a_time_and_nobody_twice(anna: Partner, clock: Clock) -> None:
    PartnerFactory.create_batch(4)
    publish_with(anna, AfterDeadline.SUSPEND)
    clock(OVER)
    assert [suspend_late(now=OVER, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_what_orders_earn_after_the_day_waits_until_it_is_accepted(anna: Partner, clock: Clock) -> None:
    publish_with(anna, AfterDeadline.REVIEW)
    clock(LATE)
    sell(anna, "in-time")
    clock(OVER + timedelta(minutes=1))
    sell(anna, "too-late")
    screen()
    (flag,) = anna.merchant.flags.select_related("commission__order")
    day = f"{LAST_DAY:%B} {LAST_DAY.day}, {LAST_DAY.year}"
    assert flag.reason == f"The partner has not accepted version 1 of the terms, which was due by {day}."
    late = anna.commissions.get(order__external_id="too-late")
    assert flag.commission == late
    month_later = OVER + timedelta(days=30)
    release_due(now=month_later)
    assert statuses(anna) == {"in-time": "approved", "too-late": "pending"}
    assert is_over(anna) is True
    accept(Partner.objects.get(id=anna.id), number=1, actor=ACTOR)
    release_due(now=month_later)
    assert statuses(anna) == {"in-time": "approved", "too-late": "approved"}
    flag.refresh_from_db()
    assert (flag.outcome, flag.note) == ("released", "Version 1 of the terms was accepted.")
    assert is_over(anna) is None


def test_leads_clicks_bonuses_and_recruiters_shares_wait_too_and_what_is_given_by_hand_does_not(
    anna: Partner, clock: Clock
) -> None:
    for event in ("lead", "click"):
        add_rule(partner=anna, kind="fixed", amount=500, currency="USD", details=Details(event=event), actor=ACTOR)
    pays_recruiters("10")
    publish_with(anna, AfterDeadline.REVIEW)
    # Bea came after the version, and is bound to no day.
    bea: Partner = PartnerFactory(name="Bea", recruiter=anna, recruited_at=timezone.now())
    give_ten_percent(bea)
    clock(OVER + timedelta(minutes=1))
    create_bonus(
        partner=anna, name="Calls", measure="leads", period="month", currency="USD", ladder=[Rung(1, 900)], actor=ACTOR
    )
    record_lead(Lead(name="call", partner=str(anna.id), customer=SaleCustomer(external_id="eva")), actor=ACTOR)
    follow(anna, at=timezone.now())
    hers = sell(bea, "of-bea")
    while rollup.refresh():
        pass
    reaching.settle()
    by_hand: Commission = CommissionFactory(partner=anna)
    screen()
    late = {(c.amount, c.level) for c in anna.commissions.under_review()}
    assert late == {(500, 0), (900, 0), (100, 1)}, "a call and a click, the bonus, and a tenth of what Bea earned"
    assert anna.merchant.flags.count() == 4
    assert not Flag.objects.filter(commission__in=[by_hand, hers]).exists()
    much_later = OVER + timedelta(days=99)
    release_due(now=much_later)
    assert set(anna.commissions.exclude(id=by_hand.id).values_list("status", flat=True)) == {"pending"}
    hers.refresh_from_db()
    assert hers.status == "approved", "Bea does not wait for Anna"
    accept(Partner.objects.get(id=anna.id), number=1, actor=ACTOR)
    release_due(now=much_later)
    assert set(anna.commissions.values_list("status", flat=True)) == {"approved"}


def test_a_bonus_under_review_that_is_given_again_is_still_under_review(anna: Partner, clock: Clock) -> None:
    publish_with(anna, AfterDeadline.REVIEW)
    clock(OVER + timedelta(minutes=1))
    create_bonus(
        partner=anna, name="Sales", measure="orders", period="once", currency="USD", ladder=[Rung(1, 900)],
        ends_on=timezone.localdate(timezone=NEW_YORK), actor=ACTOR,
    )  # fmt: skip

    def work(now: datetime) -> tuple[int, str]:
        while rollup.refresh():
            pass
        reaching.settle(now=now)
        screen()
        given: Commission = anna.commissions.get(order=None)
        return given.amount - given.reversed, given.status

    sell(anna, "A-1")
    assert work(timezone.now()) == (900, "pending")
    refund("A-1")
    assert work(timezone.now()) == (0, "reversed")
    sell(anna, "A-2", placed_at=timezone.now())
    # Its own hold is over by then; the days of grace are not.
    assert work(OVER + timedelta(days=3)) == (900, "pending")
    assert anna.commissions.under_review().filter(order=None).exists()


def test_accepting_settles_no_other_doubt_and_undoes_no_decision(anna: Partner, clock: Clock) -> None:
    publish_with(anna, AfterDeadline.REVIEW)
    clock(OVER + timedelta(minutes=1))
    refused, other = sell(anna, "refused"), sell(anna, "other")
    screen()
    decide(refused, outcome="rejected", reason="Bought it themselves", actor=ACTOR)
    open_one = other.flags.create(
        merchant_id=other.merchant_id,
        rule="countries",
        severity=1,
        reason="From KP.",
    )
    accept(anna, number=1, actor=ACTOR)
    open_one.refresh_from_db()
    assert open_one.outcome == "open"
    assert statuses(anna)["refused"] == "rejected"


def test_the_newest_version_alone_counts(anna: Partner, clock: Clock) -> None:
    publish_with(anna, AfterDeadline.REVIEW)
    accept(anna, number=1, actor=ACTOR)
    publish_terms(program=anna.program, text="Be kind, and brief.", actor=ACTOR)
    clock(OVER + timedelta(minutes=1))
    sell(anna, "A-1")
    screen()
    assert not anna.merchant.flags.exists(), "the version in force has no day"
    assert is_over(anna) is False


def test_a_deadline_with_a_review_switches_its_rule_on_and_one_without_does_not(anna: Partner) -> None:
    publish_with(anna, AfterDeadline.SUSPEND)
    assert not anna.merchant.fraud_rules.exists()
    publish_with(anna, AfterDeadline.REVIEW, text="Other.")
    assert anna.merchant.fraud_rules.get().rule == RULE
    assert anna.merchant.screenings.exists()


def test_what_cannot_be_is_refused(anna: Partner) -> None:
    with pytest.raises(DomainError, match="after_deadline is one of review, suspend"):
        publish_with(anna, "flog")
    publish_with(anna, AfterDeadline.REVIEW)
    with pytest.raises(Conflict, match="There is a newer version"):
        accept(anna, number=2, actor=ACTOR)


def statuses(partner: Partner) -> dict[str, str]:
    rows = partner.commissions.exclude(order=None).values_list("order__external_id", "status")
    return {str(order): str(status) for order, status in rows}


def test_who_accepts_while_the_late_are_suspended_is_not(committed_merchant: Merchant) -> None:
    """The sweep has read who is late when Anna accepts; it comes to her row after her."""
    with tenancy.tenant(committed_merchant.id):
        anna, bea = PartnerFactory(name="Anna"), PartnerFactory(name="Bea")
        publish(
            program=anna.program, text="Be kind.", accept_by=timezone.localdate() + timedelta(days=9),
            after_deadline=AfterDeadline.SUSPEND, actor=ACTOR,
        )  # fmt: skip
    later = timezone.now() + timedelta(days=12)

    def accepts() -> None:
        accept(Partner.objects.select_related("program").get(id=anna.id), number=1, actor=ACTOR)

    swept: list[int] = []

    def sweep() -> None:
        with tenancy.tenant(committed_merchant.id):
            swept.append(suspend_late(now=later))
        connections.close_all()

    with under_way(committed_merchant, accepts):
        sweeping = Thread(target=sweep)
        sweeping.start()
        waits_for_a_lock(committed_merchant)
    sweeping.join(60)
    with tenancy.tenant(committed_merchant.id):
        assert dict(committed_merchant.partners.values_list("name", "status")) == {
            "Anna": "approved", "Bea": "suspended",
        }  # fmt: skip
        assert not committed_merchant.partners.filter(owes_acceptance=True, name="Anna").exists()
        assert swept == [2], "two were looked at"
        assert bea.id


def waits_for_a_lock(merchant: Merchant) -> None:
    """Come back as soon as somebody waits for a row of a partner."""
    ends = time_of.monotonic() + 60
    with tenancy.tenant(merchant.id), connection.cursor() as cursor:
        while time_of.monotonic() < ends:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")
