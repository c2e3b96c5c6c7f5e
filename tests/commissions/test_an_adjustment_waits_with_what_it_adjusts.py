"""An adjustment is on hold while what it adjusts is, and can be paid from the same moment on, not before."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.utils import timezone

from affiliates.models import Partner
from commissions import verify
from commissions.adjustment import adjust
from commissions.flags import Doubt, raise_doubts, settle
from commissions.hold import release_due, release_now
from commissions.models import Commission
from commissions.rejection import reject, restore
from commissions.review import decide
from ledger import verify as ledger_verify
from merchants.errors import Conflict
from merchants.models import Merchant
from payouts.manual import record_payout, reverse_payout
from payouts.models import Payout
from rewards.details import Details
from rewards.terms import add_rule
from tests.by_hand.conftest import buys
from tests.factories import ACTOR, PartnerFactory
from tests.fraud.conftest import follow
from tests.levels.conftest import pays_recruiters
from tests.sales import give_ten_percent, refund, sell
from tracking.deletion import delete_order
from tracking.events import Lead, SaleCustomer
from tracking.leads import record_lead
from tracking.reattribution import reattribute


@pytest.fixture
def anna(tenant: Merchant, partner: Partner) -> Iterator[Partner]:
    """A partner on 10 %, inside the tenant, whose books hold at the end."""
    give_ten_percent(partner)
    yield partner
    assert [*ledger_verify.problems(), *verify.problems()] == []


@pytest.fixture
def rob(tenant: Merchant, anna: Partner) -> Partner:
    """Who recruited Anna, and gets 10 % of what she earns."""
    made: Partner = PartnerFactory(name="Rob")
    tenant.partners.filter(id=anna.id).update(recruiter=made, recruited_at=timezone.now() - timedelta(days=999))
    pays_recruiters("10")
    return made


def to(commission: Commission, amount: int) -> Commission:
    return adjust(commission, amount=amount, reason="Promised", actor=ACTOR)


def doubt(commission: Commission, rule: str = "velocity") -> None:
    raise_doubts([Doubt(commission.id, rule, 2, "Too fast.", {})], actor=ACTOR)


def pay(*commissions: Commission) -> Payout:
    return record_payout(
        partner=commissions[0].partner, commission_ids=[c.id for c in commissions], transaction_id="T",
        paid_on=date(2026, 3, 1), actor=ACTOR,
    )  # fmt: skip


def now(*commissions: Commission) -> list[str]:
    """What they are, by the database."""
    for commission in commissions:
        commission.refresh_from_db()
    return [str(commission.status) for commission in commissions]


LATER = timedelta(days=31)


@pytest.mark.parametrize("amount", [1_500, 600])
def test_it_is_on_hold_as_long_and_released_with_it(anna: Partner, amount: int) -> None:
    commission = sell(anna, 10_000, order="A", days_ago=1)
    adjustment = to(commission, amount)
    assert adjustment.held_until == commission.held_until
    assert now(commission, adjustment) == ["pending", "pending"]
    assert release_due(now=timezone.now()) == 0
    release_due(now=timezone.now() + LATER)
    assert now(commission, adjustment) == ["approved", "approved"]


def test_released_one_by_one_nothing_overtakes(tenant: Merchant, anna: Partner) -> None:
    commission = sell(anna, 10_000, order="A", days_ago=1)
    adjustments = [to(commission, amount) for amount in (1_500, 1_600, 900)]
    assert release_due(now=timezone.now() + LATER, limit=1) == 1
    assert now(commission, *adjustments) == ["approved"] * 4
    entry = tenant.audit_entries.filter(verb="commission.release").latest("id")
    assert set(entry.after["ids"]) == {str(commission.id), *(str(each.id) for each in adjustments)}


def test_a_hold_that_ends_early_ends_for_both(anna: Partner) -> None:
    commission = sell(anna, 10_000, order="A", days_ago=1)
    adjustment = to(commission, 1_500)
    with pytest.raises(Conflict, match="adjusts one that is on hold") as refused:
        release_now(adjustment, reason="Hurry", actor=ACTOR)
    assert refused.value.code == "adjustment_follows"
    release_now(commission, reason="Hurry", actor=ACTOR)
    assert now(commission, adjustment) == ["approved", "approved"]
    assert to(commission, 1_700).status == "approved"


def test_a_correction_on_hold_keeps_no_payout_waiting(anna: Partner) -> None:
    paid, held = sell(anna, 10_000, order="A"), sell(anna, 10_000, order="B", days_ago=1)
    less = to(held, 400)
    assert pay(paid).amount == 1_000
    release_due(now=timezone.now() + LATER)
    assert now(held, less) == ["approved", "approved"]


def test_a_doubt_holds_both_and_letting_it_pass_frees_both(anna: Partner) -> None:
    commission = sell(anna, 10_000, order="A")
    adjustment = to(commission, 1_500)
    assert now(commission, adjustment) == ["approved", "approved"]
    doubt(commission)
    more = to(commission, 1_700)
    assert now(commission, adjustment, more) == ["pending", "pending", "pending"]
    assert release_due(now=timezone.now()) == 0
    decide(commission, outcome="released", reason="Known", actor=ACTOR)
    assert release_due(now=timezone.now()) == 1
    assert now(commission, adjustment, more) == ["approved", "approved", "approved"]


def test_a_doubt_that_comes_right_by_itself_frees_both(anna: Partner) -> None:
    commission = sell(anna, 10_000, order="A")
    adjustment = to(commission, 1_500)
    doubt(commission, "terms")
    settle(anna, "terms", note="Accepted", actor=ACTOR)
    release_due(now=timezone.now())
    assert now(commission, adjustment) == ["approved", "approved"]


def test_a_doubt_is_about_what_was_earned_not_about_what_somebody_decided(anna: Partner) -> None:
    adjustment = to(sell(anna, 10_000, order="A"), 1_500)
    doubt(adjustment)
    assert (now(adjustment), adjustment.flags.count()) == (["approved"], 0)


def test_what_was_rejected_under_review_leaves_nothing_on_hold(anna: Partner) -> None:
    commission = sell(anna, 10_000, order="A")
    to(commission, 1_500)
    doubt(commission)
    decide(commission, outcome="rejected", reason="A bot", actor=ACTOR)
    rows = anna.commissions.filter(adjusts=commission)
    assert sorted(rows.values_list("amount", "status")) == [(-500, "approved"), (500, "approved")]


def test_one_that_is_restored_holds_its_adjustment_again(anna: Partner) -> None:
    commission = sell(anna, 10_000, order="A", days_ago=1)
    adjustment = to(commission, 1_500)
    reject(commission, reason="A bot", actor=ACTOR)
    assert now(commission, adjustment) == ["rejected", "approved"]
    restore(commission, reason="No bot", actor=ACTOR)
    assert set(now(commission, *anna.commissions.filter(adjusts=commission))) == {"pending"}


def test_an_adjustment_that_is_restored_waits_with_what_it_adjusts(anna: Partner) -> None:
    commission = sell(anna, 10_000, order="A")
    adjustment = to(commission, 1_500)
    reject(adjustment, reason="Not promised", actor=ACTOR)
    doubt(commission)
    restore(adjustment, reason="Promised", actor=ACTOR)
    assert now(commission, adjustment) == ["pending", "pending"]


def test_it_does_not_wait_again_for_one_that_was_released_early(anna: Partner) -> None:
    commission = sell(anna, 10_000, order="A", days_ago=1)
    adjustment = to(commission, 1_500)
    release_now(commission, reason="Hurry", actor=ACTOR)
    reject(adjustment, reason="Not promised", actor=ACTOR)
    restore(adjustment, reason="Promised", actor=ACTOR)
    assert now(commission, adjustment) == ["approved", "approved"]


def test_what_a_refund_takes_of_both_waits_with_both(anna: Partner) -> None:
    commission = sell(anna, 10_000, order="A", days_ago=1)
    to(commission, 1_500)
    refund("A", 5_000)
    rows = anna.commissions.filter(adjusts=commission)
    assert sorted(rows.values_list("amount", "status")) == [(-250, "pending"), (500, "pending")]
    refund("A")
    assert sorted(rows.values_list("amount", "status")) == [(-250, "approved"), (-250, "approved"), (500, "approved")]


def test_of_an_order_that_is_deleted_nothing_waits(tenant: Merchant, anna: Partner) -> None:
    deleted = sell(anna, 10_000, order="A", days_ago=1)
    assert deleted.order is not None
    to(deleted, 1_500)
    delete_order(tenant, deleted.order.id, reason="A test", actor=ACTOR)
    rows = anna.commissions.filter(adjusts=deleted)
    assert sorted(rows.values_list("amount", "status")) == [(-500, "approved"), (500, "approved")]


def test_of_an_order_that_moves_nothing_waits(anna: Partner) -> None:
    order = buys("A", 10_000, partner=anna, days_ago=1)
    commission = order.commissions.get()
    to(commission, 1_500)
    assert order.customer is not None
    reattribute(order.customer, partner=None, past="unpaid", reason="Wrong", actor=ACTOR)
    rows = anna.commissions.filter(adjusts=commission)
    assert sorted(rows.values_list("amount", "status")) == [(-500, "approved"), (500, "approved")]


def test_what_leads_and_clicks_earned_holds_its_adjustments_too(anna: Partner) -> None:
    for event in ("lead", "click"):
        add_rule(partner=anna, kind="fixed", amount=500, currency="USD", details=Details(event=event), actor=ACTOR)
    record_lead(Lead(name="call", partner=str(anna.id), customer=SaleCustomer(external_id="eva")), actor=ACTOR)
    follow(anna)
    for commission in anna.commissions.all():
        adjustment = to(commission, 800)
        doubt(commission)
        release_due(now=timezone.now() + LATER)
        assert now(commission, adjustment) == ["pending", "pending"]
        decide(commission, outcome="mistaken", reason="Known", actor=ACTOR)
    release_due(now=timezone.now() + LATER)
    assert set(anna.commissions.values_list("status", flat=True)) == {"approved"}


def test_a_doubt_about_the_sale_holds_what_adjusts_the_recruiters_share(anna: Partner, rob: Partner) -> None:
    commission = sell(anna, 10_000, order="A")
    share = rob.commissions.get()
    adjustment = to(share, 300)
    assert now(share, adjustment) == ["approved", "approved"]
    doubt(commission)
    assert now(share, adjustment) == ["pending", "pending"]
    decide(commission, outcome="released", reason="Known", actor=ACTOR)
    release_due(now=timezone.now())
    assert now(share, adjustment) == ["approved", "approved"]


def test_a_payout_that_comes_back_frees_nothing_that_is_on_hold(anna: Partner, rob: Partner) -> None:
    commission = sell(anna, 10_000, order="A")
    share, adjustment = rob.commissions.get(), to(commission, 1_500)
    payouts = [pay(adjustment), pay(share)]
    doubt(commission)
    for payout in payouts:
        reverse_payout(payout, reason="Came back", actor=ACTOR)
    assert now(commission, adjustment, share) == ["pending", "pending", "pending"]
    decide(commission, outcome="released", reason="Known", actor=ACTOR)
    release_due(now=timezone.now())
    assert now(commission, adjustment, share) == ["approved", "approved", "approved"]


def test_a_share_that_comes_back_under_review_takes_what_adjusts_it_along(anna: Partner, rob: Partner) -> None:
    commission, share = sell(anna, 10_000, order="A"), rob.commissions.get()
    payout = pay(share)
    adjustments = [to(share, 300), to(share, 350)]
    doubt(commission)
    assert now(share, *adjustments) == ["paid", "approved", "approved"]
    reverse_payout(payout, reason="Came back", actor=ACTOR)
    assert now(share, *adjustments) == ["pending", "pending", "pending"]
    assert all(rob.commissions.with_doubts().values_list("is_doubted", flat=True)), "the portal says why they wait"
    assert list(Commission.objects.under_review()) == [commission], "decided about once, for all that follows"


def test_a_share_that_is_restored_waits_while_its_source_is_doubted(anna: Partner, rob: Partner) -> None:
    commission, share = sell(anna, 10_000, order="A"), rob.commissions.get()
    reject(share, reason="Rob cheats", actor=ACTOR)
    doubt(commission)
    restore(share, reason="He does not", actor=ACTOR)
    assert now(commission, share) == ["pending", "pending"]


def test_what_adjusts_one_that_was_paid_can_be_paid_next(anna: Partner) -> None:
    commission = sell(anna, 10_000, order="A")
    pay(commission)
    assert to(commission, 1_500).status == "approved"
