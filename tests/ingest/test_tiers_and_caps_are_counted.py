"""Tiers and caps through the ingest: exact in a batch, under concurrency, and after what was there before."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from affiliates.models import Partner
from affiliates.partners import update_partner
from commissions import standing
from merchants import statements
from merchants.models import Merchant
from merchants.settings import update_merchant
from rewards.details import Details, Tier
from rewards.terms import add_rule, set_reward
from tests.factories import ACTOR, GroupFactory, PartnerFactory
from tests.sales import refund
from tracking import ingest
from tracking.events import Sale, SaleCustomer

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=900)

pytestmark = pytest.mark.usefixtures("tenant")


def sell(partner: Partner, *numbers: int, amount: int = 10_000, customer: str = "", **more: Any) -> list[int]:
    """Sales in one batch, and what each earned."""
    sales = [
        Sale(
            order_id=f"o-{number}", amount=amount, currency="USD", partner=str(partner.id),
            customer=SaleCustomer(external_id=customer or f"c-{number}"), **{"placed_at": NOW} | more,
        )
        for number in numbers
    ]  # fmt: skip
    outcomes = ingest.record(sales, actor=ACTOR, now=NOW)
    return [sum(c.amount for c in outcome.answer.commissions) for outcome in outcomes if outcome.answer]


def give(partner: Partner, rate: int = 10, **details: Any) -> None:
    currency = "USD" if Details(**details).names_amounts else ""
    add_rule(
        partner=partner, kind="percentage", percent=rate, currency=currency, details=Details(**details),
        effective_from=LONG_AGO, actor=ACTOR,
    )  # fmt: skip


def problems() -> list[str]:
    return list(standing.problems())


def test_the_third_order_of_the_month_reaches_the_tier_in_the_middle_of_a_batch(partner: Partner) -> None:
    give(partner, tiers=(Tier(3, percent=Decimal(20)),))
    assert sell(partner, 1, 2, 3, 4) == [1_000, 1_000, 2_000, 2_000]
    assert sell(partner, 5) == [2_000]
    assert sell(partner, 6, placed_at=NOW - timedelta(days=20)) == [1_000], "February counts by itself"
    assert sell(partner, 5) == [2_000], "told again, nothing is counted again"
    assert partner.standings.get(period="2026-03").orders == 5
    assert problems() == []


def test_orders_from_before_the_tier_was_set_count_and_direct_ones_do_not(partner: Partner) -> None:
    set_reward(partner=partner, kind="percentage", percent=10, effective_from=LONG_AGO, actor=ACTOR)
    assert sell(partner, 1, 2) == [1_000, 1_000]
    assert not partner.standings.exists(), "nobody needed to count"
    give(partner, customer="new", tiers=(Tier(3, percent=Decimal(20)),))
    assert sell(partner, 3) == [2_000]
    assert problems() == []


def test_a_month_s_cap_is_held_to_the_cent(partner: Partner) -> None:
    give(partner, cap_month=2_500)
    assert sell(partner, 1, 2, 3, 4) == [1_000, 1_000, 500, 0]
    refund("o-1")
    assert sell(partner, 5) == [0], "a refund does not reopen the cap"
    assert problems() == []


def test_the_customer_s_first_two_orders_and_then_the_next_rule(partner: Partner) -> None:
    set_reward(partner=partner, kind="percentage", percent=1, effective_from=LONG_AGO, actor=ACTOR)
    give(partner, first_orders=2)
    assert sell(partner, 1, 2, 3, customer="eva") == [1_000, 1_000, 100]
    assert sell(partner, 4, customer="eva") == [100]
    assert sell(partner, 5, customer="ben") == [1_000]
    assert problems() == []


def test_what_one_customer_brings_is_capped(partner: Partner) -> None:
    give(partner, cap_customer=1_500)
    assert sell(partner, 1, 2, customer="eva") == [1_000, 500]
    assert sell(partner, 3, customer="eva") == [0]
    assert problems() == []


def test_twelve_months_after_the_customer_came_the_rule_is_over(partner: Partner) -> None:
    give(partner, first_months=12)
    came = NOW - timedelta(days=365)
    assert sell(partner, 1, customer="eva", placed_at=came) == [1_000]
    assert sell(partner, 2, customer="eva", placed_at=NOW - timedelta(seconds=1)) == [1_000]
    assert sell(partner, 3, customer="eva", placed_at=NOW) == [0]


def test_a_lifetime_s_revenue_counts_from_the_first_order(partner: Partner) -> None:
    give(partner, tier_by="revenue", tier_period="lifetime", tiers=(Tier(20_000, percent=Decimal(15)),))
    assert sell(partner, 1, placed_at=NOW - timedelta(days=300)) == [1_000]
    assert sell(partner, 2, 3) == [1_000, 1_500]
    assert problems() == []


def test_the_working_says_where_the_partner_stood(partner: Partner) -> None:
    give(partner, name="Climbers", tiers=(Tier(2, percent=Decimal(20)),))
    sell(partner, 1, 2)
    kept = partner.commissions.get(order__external_id="o-2").explanation
    assert kept["parts"][0]["tier"] == {"by": "orders", "period": "month", "reached": 2, "from": 2}
    assert kept["parts"][0]["name"] == "Climbers"


def test_another_group_or_another_clock_is_counted_anew(tenant: Merchant, partner: Partner) -> None:
    group = GroupFactory(program=partner.program)
    give(partner, cap_month=5_000)
    sell(partner, 1)
    update_partner(partner, changes={"group": group}, actor=ACTOR)
    assert not partner.standings.exists()
    sell(partner, 2)
    assert partner.standings.get().orders == 2
    update_merchant(tenant, changes={"time_zone": "Asia/Tokyo"}, actor=ACTOR)
    assert not partner.standings.exists()
    sell(partner, 3)
    assert problems() == []


def test_verify_sees_a_wrong_count_and_forgetting_mends_it(partner: Partner) -> None:
    give(partner, cap_month=5_000)
    sell(partner, 1)
    partner.standings.update(orders=7)
    (problem,) = problems()
    assert "was counted as 7 orders" in problem
    standing.forget(partner_ids=[partner.id])
    assert problems() == []
    assert sell(partner, 2) == [1_000]
    assert partner.standings.get().orders == 2


def test_a_batch_locks_with_one_statement_and_others_with_none(partner: Partner) -> None:
    plain: Partner = PartnerFactory()
    set_reward(partner=plain, kind="percentage", percent=10, effective_from=LONG_AGO, actor=ACTOR)
    give(partner, cap_month=10_000_000)
    sell(partner, 1)
    sell(plain, 2)
    # That the rules stay, which who enters the tenant with LOAD asks for on the way; LOAD and WRITE; and the locks
    # between them where something is counted.
    assert executed(lambda: sell(partner, *range(10, 60))) == 4
    assert executed(lambda: sell(plain, *range(60, 110))) == 3


def executed(run: Callable[[], object]) -> int:
    """How many statements of the hot path it takes, and no other."""
    session = statements._sessions[connection.connection]
    before = session.executed
    with CaptureQueriesContext(connection) as queries:
        run()
    assert len(queries) == 0
    return session.executed - before
