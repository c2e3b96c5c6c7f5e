"""A sale that does not know that it must count is over before the first sale that knows: caps are exact at once."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection

from affiliates.models import Partner
from affiliates.partners import update_partner
from commissions import standing
from merchants import tenancy
from merchants.models import Merchant
from merchants.settings import update_merchant
from rewards.details import Details
from rewards.terms import add_rule, set_reward
from tests.factories import ACTOR, GroupFactory, PartnerFactory
from tests.fraud.conftest import follow
from tests.races import in_thread, under_way, waits_for_a_lock
from tracking import ingest
from tracking.events import Lead, Sale, SaleCustomer
from tracking.leads import record_lead

LONG_AGO = datetime(2026, 1, 1, 12, tzinfo=UTC)
MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)


def sell(partner: Partner, order: str) -> int:
    sale = Sale(order_id=order, amount=10_000, currency="USD", partner=str(partner.id), placed_at=MARCH)
    (outcome,) = ingest.record([sale], actor=ACTOR)
    assert outcome.answer is not None
    return sum(commission.amount for commission in outcome.answer.commissions)


def capped(**owner: object) -> None:
    add_rule(
        kind="percentage", percent=10, currency="USD", details=Details(cap_month=2_500), effective_from=LONG_AGO,
        actor=ACTOR, **owner,
    )  # fmt: skip


def waits_until_over(merchant: Merchant, under_way_now: Callable[[], object], then: Callable[[], object]) -> None:
    """`then` is committed after what is under way, and not before."""

    def inside() -> None:
        with tenancy.tenant(merchant.id):
            then()

    with under_way(merchant, under_way_now):
        setting = in_thread(inside)
        while not waits_for_a_lock():
            assert setting.is_alive(), "it does not wait"
    setting.join()


@pytest.fixture
def bea(committed_merchant: Merchant) -> Partner:
    with tenancy.tenant(committed_merchant.id):
        made: Partner = PartnerFactory(name="Bea")
        set_reward(program=made.program, kind="percentage", percent=10, effective_from=LONG_AGO, actor=ACTOR)
    return made


def is_exact(merchant: Merchant, bea: Partner) -> None:
    """The sale that was under way is counted: 10.00 of the 25.00 a month are gone."""
    with tenancy.tenant(merchant.id):
        assert [sell(bea, order) for order in ("second", "third", "fourth")] == [1_000, 500, 0]
        assert list(standing.problems()) == []


def test_a_cap_that_is_set_while_a_sale_is_under_way_counts_it(committed_merchant: Merchant, bea: Partner) -> None:
    waits_until_over(committed_merchant, lambda: sell(bea, "first"), lambda: capped(partner=bea))
    is_exact(committed_merchant, bea)


def test_who_moves_to_a_group_with_a_cap_while_a_sale_is_under_way_has_it_counted(
    committed_merchant: Merchant, bea: Partner
) -> None:
    with tenancy.tenant(committed_merchant.id):
        group = GroupFactory(program=bea.program)
        capped(group=group)
    waits_until_over(
        committed_merchant,
        lambda: sell(bea, "first"),
        lambda: update_partner(bea, changes={"group": group}, actor=ACTOR),
    )
    is_exact(committed_merchant, bea)


def test_leads_and_clicks_under_way_are_counted_too(committed_merchant: Merchant, bea: Partner) -> None:
    with tenancy.tenant(committed_merchant.id):
        for event in ("lead", "click"):
            add_rule(
                partner=bea, kind="fixed", amount=500, currency="USD", details=Details(event=event),
                effective_from=LONG_AGO, actor=ACTOR,
            )  # fmt: skip
        sell(bea, "in March")

    def both() -> None:
        lead = Lead(name="call", partner=str(bea.id), customer=SaleCustomer(external_id=f"{bea.id}"), occurred_at=MARCH)
        record_lead(lead, actor=ACTOR)
        follow(bea, at=MARCH)

    waits_until_over(committed_merchant, both, lambda: capped(partner=bea))
    with tenancy.tenant(committed_merchant.id):
        assert [sell(bea, "second"), sell(bea, "third")] == [500, 0]
        assert list(standing.problems()) == []


def test_another_time_zone_waits_for_the_sales_of_the_old_one(committed_merchant: Merchant, bea: Partner) -> None:
    with tenancy.tenant(committed_merchant.id):
        capped(partner=bea)
    waits_until_over(
        committed_merchant,
        lambda: sell(bea, "first"),
        lambda: update_merchant(committed_merchant, changes={"time_zone": "Asia/Tokyo"}, actor=ACTOR),
    )
    is_exact(committed_merchant, bea)


def test_a_sale_that_enters_with_what_it_asks_holds_the_rules_too(committed_merchant: Merchant, bea: Partner) -> None:
    sale = Sale(order_id="A", amount=10_000, currency="USD", partner=str(bea.id))
    arrived = ingest.arrive(committed_merchant.id, [sale])
    with tenancy.tenant(committed_merchant.id, arrived.question), connection.cursor() as cursor:
        cursor.execute("SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted")
        assert cursor.fetchall() == [("ShareLock",)]


def test_what_counts_nothing_waits_for_nobody(committed_merchant: Merchant, bea: Partner) -> None:
    with under_way(committed_merchant, lambda: sell(bea, "first")), tenancy.tenant(committed_merchant.id):
        set_reward(partner=bea, kind="percentage", percent=20, actor=ACTOR)
        update_partner(bea, changes={"group": GroupFactory(program=bea.program)}, actor=ACTOR)


def test_sales_wait_for_no_sale(committed_merchant: Merchant, bea: Partner) -> None:
    with under_way(committed_merchant, lambda: sell(bea, "first")), tenancy.tenant(committed_merchant.id):
        assert sell(bea, "second") == 1_000
