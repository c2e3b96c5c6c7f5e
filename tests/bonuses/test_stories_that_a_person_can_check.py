"""Bonuses as stories, each with numbers that a person can check."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from affiliates.models import Partner
from affiliates.partners import approve, suspend, update_partner
from bonuses import reaching
from bonuses.models import Award, Progress, Rung
from bonuses.plans import end_bonus
from commissions.hold import release_due, release_now
from commissions.rejection import reject, restore
from ledger.accounts import partner_earned
from ledger.posting import balance
from merchants.models import Merchant
from merchants.settings import update_merchant
from tests.bonuses.conftest import DAWN, at, earned, promise, returned, sells, work
from tests.factories import ACTOR, GroupFactory, PartnerFactory
from tracking import ingest
from tracking.deletion import delete_order
from tracking.events import Sale


def test_a_target_reached_in_the_middle_of_the_month_pays_once_and_says_why(anna: Partner) -> None:
    promise()
    sells(anna, 24, on=at("03-10"))
    work(at("03-10"))
    assert earned(anna) == []
    sells(anna, 1, on=at("03-14"))
    work(at("03-14"))
    assert earned(anna) == [(15_000, "pending")]
    commission = anna.commissions.get(order=None)
    assert commission.explanation["working"] == "25 orders in March 2026 reached the target of 25: $150.00"
    assert commission.called == "Bonus: Spring"
    assert commission.occurred_at == at("03-14")
    assert commission.held_until == at("05-01", 0), "March is over on April 1, and the hold 30 days later"
    assert balance(partner_earned(anna.id), "USD") == 15_000
    sells(anna, 5, on=at("03-20"))
    work(at("03-20"))
    assert earned(anna) == [(15_000, "pending")]
    assert Progress.objects.get().reached == 30


def test_two_targets_at_once_pay_both(anna: Partner) -> None:
    promise()
    sells(anna, 60, on=at("03-10"))
    work(at("03-10"))
    assert earned(anna) == [(15_000, "pending"), (25_000, "pending")]
    assert [row.explanation["working"] for row in anna.commissions.filter(order=None).order_by("id")] == [
        "60 orders in March 2026 reached the target of 25: $150.00",
        "60 orders in March 2026 reached the target of 50: $250.00",
    ]


def test_every_month_is_reached_anew(anna: Partner) -> None:
    promise()
    sells(anna, 25, on=at("03-10"))
    work(at("03-10"))
    sells(anna, 25, on=at("04-10"))
    work(at("04-10"))
    assert earned(anna) == [(15_000, "pending"), (15_000, "pending")]
    assert sorted(Award.objects.values_list("first_day", flat=True)) == [date(2026, 3, 1), date(2026, 4, 1)]


def test_a_refund_takes_it_back_and_another_order_gives_it_again(anna: Partner) -> None:
    promise()
    sells(anna, 25, on=at("03-10"), called="A")
    work(at("03-10"))
    returned("A-7", on=at("03-12"))
    work(at("03-12"))
    assert earned(anna) == [(0, "reversed")]
    assert balance(partner_earned(anna.id), "USD") == 0
    sells(anna, 1, on=at("03-15"))
    work(at("03-15"))
    assert earned(anna) == [(15_000, "pending")], "the same commission, not another one"
    assert balance(partner_earned(anna.id), "USD") == 15_000
    decisions = anna.commissions.get(order=None).decisions.order_by("id")
    assert [(row.kind, row.amount, row.reason) for row in decisions] == [
        ("below_target", 15_000, "24 orders in March 2026: below 25"),
        ("restoration", -15_000, "25 orders in March 2026: 25 reached again"),
    ]


def test_an_order_that_came_back_in_part_still_counts(anna: Partner) -> None:
    promise()
    sells(anna, 25, on=at("03-10"), called="A")
    returned("A-7", on=at("03-12"), amount=9_999)
    work(at("03-12"))
    assert earned(anna) == [(15_000, "pending")]
    returned("A-7", on=at("03-13"), amount=1)
    work(at("03-13"))
    assert earned(anna) == [(0, "reversed")]


def test_a_deleted_order_takes_it_back(anna: Partner) -> None:
    promise()
    sells(anna, 25, on=at("03-10"), called="A")
    work(at("03-10"))
    delete_order(anna.merchant, anna.merchant.orders.get(external_id="A-3").id, reason="A test", actor=ACTOR)
    work(at("03-12"))
    assert earned(anna) == [(0, "reversed")]


def test_a_refund_after_the_period_counts_while_the_hold_lasts_and_not_after_it(anna: Partner) -> None:
    promise()
    sells(anna, 26, on=at("03-10"), called="A")
    work(at("03-10"))
    returned("A-1", on=at("04-20"))
    returned("A-2", on=at("04-20"))
    work(at("04-20"))
    assert earned(anna) == [(0, "reversed")], "24 are left, and the hold lasts until May 1"
    sells(anna, 25, on=at("04-21"), called="B")
    work(at("04-21"))
    assert earned(anna) == [(0, "reversed"), (15_000, "pending")]
    release_due(now=at("06-01"))
    returned("B-1", on=at("06-01"))
    work(at("06-01"))
    assert earned(anna) == [(0, "reversed"), (15_000, "approved")], "final"


def test_revenue_counts_in_the_bonus_currency_and_less_refunds(anna: Partner) -> None:
    promise(measure="revenue", ladder=[Rung(100_000, 5_000)])
    sells(anna, 9, on=at("03-10"), called="A")
    sells(anna, 9, on=at("03-10"), currency="EUR", called="E")
    work(at("03-10"))
    assert earned(anna) == []
    sells(anna, 1, on=at("03-11"), amount=12_345, called="B")
    work(at("03-11"))
    assert earned(anna) == [(5_000, "pending")]
    commission = anna.commissions.get(order=None)
    working = "$1,023.45 of revenue in March 2026 reached the target of $1,000.00: $50.00"
    assert commission.explanation["working"] == working
    returned("A-1", on=at("03-12"), amount=2_346)
    work(at("03-12"))
    assert earned(anna) == [(0, "reversed")], "$999.99"


@pytest.mark.parametrize(
    ("currency", "target", "amount", "working"),
    [
        ("JPY", 50_000, 3_000, "¥50,000 of revenue in March 2026 reached the target of ¥50,000: ¥3,000"),
        ("KWD", 50_000, 1_250, "50.000 KWD of revenue in March 2026 reached the target of 50.000 KWD: 1.250 KWD"),
    ],
)
def test_currencies_without_decimals_and_with_three(
    anna: Partner, currency: str, target: int, amount: int, working: str
) -> None:
    promise(measure="revenue", currency=currency, ladder=[Rung(target, amount)])
    sells(anna, 5, on=at("03-10"), currency=currency)
    work(at("03-10"))
    assert earned(anna) == [(amount, "pending")]
    assert anna.commissions.get(order=None).explanation["working"] == working


def test_the_border_of_the_month_is_the_merchants(anna: Partner) -> None:
    update_merchant(anna.merchant, changes={"time_zone": "America/New_York"}, actor=ACTOR)
    promise(ladder=[Rung(2, 1_000)])
    sells(anna, 1, on=at("03-30"))
    sells(anna, 1, on=at("04-01", 3))  # March 31, 23:00 in New York
    work(at("04-01", 3))
    assert earned(anna) == [(1_000, "pending")]
    sells(anna, 1, on=at("04-01", 4))  # April 1, midnight
    work(at("04-01", 4))
    months = Progress.objects.order_by("first_day").values_list("first_day", "reached")
    assert list(months) == [(date(2026, 3, 1), 2), (date(2026, 4, 1), 1)]
    midnight = datetime(2026, 5, 1, tzinfo=ZoneInfo("America/New_York"))
    assert anna.commissions.get(order=None).held_until == midnight


def test_what_is_noticed_after_the_period_still_belongs_to_it(anna: Partner) -> None:
    """The workers stood still over the end of the month, and there is no hold at all."""
    update_merchant(anna.merchant, changes={"hold_days": 0}, actor=ACTOR)
    promise()
    sells(anna, 25, on=at("03-31", 23))
    work(at("04-03", 9))
    assert earned(anna) == [(15_000, "approved")]
    commission = anna.commissions.get(order=None)
    assert commission.occurred_at == at("04-01", 0) - timedelta(microseconds=1)


def test_what_is_recorded_weeks_later_gives_nothing_when_the_hold_is_over(anna: Partner) -> None:
    promise()
    sells(anna, 24, on=at("03-10"))
    work(at("03-10"))
    sells(anna, 1, on=at("03-11"), called="late")
    work(at("05-02"))
    assert earned(anna) == []


def test_a_partners_own_bonus_beats_the_groups_and_the_programs(anna: Partner) -> None:
    group = GroupFactory(program=anna.program)
    update_partner(anna, changes={"group": group}, actor=ACTOR)
    promise(program=anna.program, name="All", ladder=[Rung(2, 100)])
    promise(group=group, name="Group", ladder=[Rung(2, 200)])
    promise(partner=anna, name="Own", ladder=[Rung(3, 300)])
    promise(program=anna.program, name="Leads", measure="leads", ladder=[Rung(1, 1)])
    sells(anna, 2, on=at("03-10"))
    work(at("03-10"))
    assert earned(anna) == [], "her own wants three"
    sells(anna, 1, on=at("03-11"))
    work(at("03-11"))
    assert earned(anna) == [(300, "pending")]
    assert [row.bonus.name for row in Progress.objects.select_related("bonus")] == ["Own"]


def test_what_was_given_stays_when_another_bonus_counts_from_then_on(anna: Partner) -> None:
    promise(program=anna.program, name="All", ladder=[Rung(2, 100), Rung(4, 100)])
    sells(anna, 2, on=at("03-10"), called="A")
    work(at("03-10"))
    promise(at("03-15"), partner=anna, name="Own", ladder=[Rung(2, 300)])
    work(at("03-15"))
    assert earned(anna) == [(100, "pending")]
    sells(anna, 2, on=at("03-15"), called="B")
    work(at("03-15"))
    assert earned(anna) == [(100, "pending"), (300, "pending")], "four orders, but the ladder of all counts no more"
    returned("A-0", on=at("03-16"))
    returned("A-1", on=at("03-16"))
    returned("B-0", on=at("03-16"))
    work(at("03-16"))
    assert earned(anna) == [(0, "reversed"), (0, "reversed")], "both go by their figures"
    sells(anna, 1, on=at("03-17"), called="C")
    work(at("03-17"))
    assert earned(anna) == [(100, "pending"), (300, "pending")], "and are given again by them"


def test_a_bonus_made_today_counts_the_orders_of_this_morning(anna: Partner) -> None:
    sells(anna, 10, on=at("02-28"), called="before")
    sells(anna, 25, on=DAWN, called="today")
    work(DAWN)
    promise(at("03-01", 18))
    work(at("03-01", 18))
    assert earned(anna) == [(15_000, "pending")]
    assert Progress.objects.get().reached == 25, "and none of yesterday's"


def test_a_bonus_that_begins_in_the_middle_of_a_month_counts_from_there(anna: Partner) -> None:
    promise(starts_on=date(2026, 3, 20), ladder=[Rung(2, 500)])
    sells(anna, 1, on=at("03-19"))
    sells(anna, 1, on=at("03-20"))
    work(at("03-20"))
    assert earned(anna) == []
    sells(anna, 1, on=at("03-31"))
    work(at("03-31"))
    working = anna.commissions.get(order=None).explanation["working"]
    assert working == "2 orders from Mar 20 to Mar 31, 2026 reached the target of 2: $5.00"


def test_the_day_on_which_it_is_ended_still_counts_and_the_next_does_not(anna: Partner) -> None:
    bonus = promise(ladder=[Rung(2, 500), Rung(3, 500)])
    sells(anna, 1, on=at("03-10"))
    end_bonus(bonus, actor=ACTOR, now=at("03-10", 13))
    sells(anna, 1, on=at("03-10", 20))
    sells(anna, 1, on=at("03-11", 1))
    work(at("03-11", 1))
    assert earned(anna) == [(500, "pending")]


@pytest.mark.parametrize(
    ("period", "ends_on", "workings"),
    [
        (
            "quarter",
            None,
            [
                "2 orders from Mar 1 to Mar 31, 2026 reached the target of 2: $5.00",
                "3 orders in the second quarter of 2026 reached the target of 2: $5.00",
            ],
        ),
        ("year", None, ["5 orders from Mar 1 to Dec 31, 2026 reached the target of 2: $5.00"]),
        ("once", date(2026, 3, 20), ["2 orders from Mar 1 to Mar 20, 2026 reached the target of 2: $5.00"]),
    ],
)
def test_quarters_years_and_once(anna: Partner, period: str, ends_on: date | None, workings: list[str]) -> None:
    promise(period=period, ends_on=ends_on, ladder=[Rung(2, 500)])
    sells(anna, 2, on=at("03-05"), called="A")
    sells(anna, 3, on=at("04-05"), called="B")
    work(at("04-05"))
    given = anna.commissions.filter(order=None).order_by("id")
    assert [row.explanation["working"] for row in given] == workings


def test_only_approved_partners_are_given_anything_and_approval_looks_again(anna: Partner) -> None:
    promise()
    sells(anna, 25, on=at("03-10"))
    suspend(anna, actor=ACTOR)
    work(at("03-10"))
    assert earned(anna) == []
    approve(anna, actor=ACTOR)
    work(at("03-12"))
    assert earned(anna) == [(15_000, "pending")]


def test_what_somebody_rejected_stays_rejected(anna: Partner) -> None:
    promise()
    sells(anna, 25, on=at("03-10"), called="A")
    work(at("03-10"))
    reject(anna.commissions.get(order=None), reason="All by one customer", actor=ACTOR)
    sells(anna, 5, on=at("03-11"))
    work(at("03-11"))
    assert earned(anna) == [(0, "rejected")]
    restore(anna.commissions.get(order=None), reason="They were not", actor=ACTOR)
    assert anna.commissions.get(order=None).amount == 15_000
    work(at("03-11"))
    assert sum(amount for amount, _ in earned(anna)) == 15_000


def test_a_hold_that_somebody_ended_early_is_final(anna: Partner) -> None:
    promise()
    sells(anna, 25, on=at("03-10"), called="A")
    work(at("03-10"))
    release_now(anna.commissions.get(order=None), reason="Paid before the holidays", actor=ACTOR)
    returned("A-1", on=at("03-12"))
    work(at("03-12"))
    assert earned(anna) == [(15_000, "approved")]


def test_running_twice_pays_once(anna: Partner) -> None:
    promise()
    sells(anna, 60, on=at("03-10"))
    work(at("03-10"))
    before = earned(anna)
    Merchant.objects.get(id=anna.merchant_id).bonuses_due.create(partners=[anna.id, anna.id])
    assert reaching.settle(now=at("03-10")) == 1
    work(at("03-11"))
    assert earned(anna) == before


def test_without_a_bonus_nothing_is_written_down(anna: Partner) -> None:
    sells(anna, 3, on=at("03-10"))
    work(at("03-10"))
    assert anna.merchant.bonuses_due.count() == 0


def test_a_period_that_a_fast_clock_brought_is_taken_back_when_the_bonus_ends_before_it(anna: Partner) -> None:
    bonus = promise(ladder=[Rung(1, 100)])
    now = at("03-31", 23) + timedelta(minutes=58)
    ahead = Sale(
        order_id="A", amount=1_000, currency="USD", partner=str(anna.id), placed_at=now + timedelta(minutes=4)
    )  # fmt: skip
    (outcome,) = ingest.record([ahead], actor=ACTOR, now=now)
    assert outcome.error is None
    work(now)
    assert earned(anna) == [(100, "pending")], "of April"
    end_bonus(bonus, actor=ACTOR, now=now)
    sells(anna, 1, on=now, called="B")
    work(now)
    assert earned(anna) == [(0, "reversed"), (100, "pending")], "there is no April; March counts whole"


def test_a_period_that_is_over_stays_with_the_group_they_were_in(anna: Partner) -> None:
    group = GroupFactory(program=anna.program)
    promise(program=anna.program, name="All", ladder=[Rung(2, 100), Rung(3, 100)])
    promise(group=group, name="Group", ladder=[Rung(2, 200)])
    sells(anna, 2, on=at("03-10"))
    work(at("03-10"))
    update_partner(anna, changes={"group": group}, actor=ACTOR)
    work(at("04-10"))
    assert earned(anna) == [(100, "pending")], "no second bonus for March"
    sells(anna, 1, on=at("03-20"), called="late")
    work(at("04-10"))
    assert earned(anna) == [(100, "pending"), (100, "pending")], "March goes on by what was promised to all"


def test_who_leaves_a_group_after_the_period_has_what_it_promised_and_nothing_besides(anna: Partner) -> None:
    group = GroupFactory(program=anna.program)
    bea: Partner = PartnerFactory(name="Bea", group=group)
    promise(program=anna.program, name="All", ladder=[Rung(2, 100)])
    promise(group=group, name="Group", ladder=[Rung(2, 200)])
    sells(bea, 2, on=at("03-31"))
    update_partner(bea, changes={"group": None}, actor=ACTOR)
    work(at("04-01"))
    assert earned(bea) == [(200, "pending")]


def test_who_comes_to_a_group_is_counted_by_it_for_the_running_period(anna: Partner) -> None:
    group = GroupFactory(program=anna.program)
    promise(group=group, name="Group", ladder=[Rung(2, 200)])
    sells(anna, 2, on=at("03-10"))
    update_partner(anna, changes={"group": group}, actor=ACTOR)
    work(at("03-11"))
    assert earned(anna) == [(200, "pending")]
