"""A sale under way when the first rule that counts is set does not know that it must count: it is counted later."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from affiliates.models import Partner
from commissions import standing, tasks
from merchants import tenancy
from merchants.models import Merchant
from rewards.details import Details
from rewards.terms import add_rule, set_reward
from tests.factories import ACTOR, PartnerFactory
from tests.races import under_way
from tracking import ingest
from tracking.events import Sale

MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)


def sell(partner: Partner, order: str) -> int:
    sale = Sale(order_id=order, amount=10_000, currency="USD", partner=str(partner.id), placed_at=MARCH)
    (outcome,) = ingest.record([sale], actor=ACTOR)
    assert outcome.answer is not None
    return sum(commission.amount for commission in outcome.answer.commissions)


def capped(partner: Partner) -> None:
    add_rule(
        partner=partner, kind="percentage", percent=10, currency="USD", details=Details(cap_month=2_500),
        effective_from=MARCH - timedelta(days=90), actor=ACTOR,
    )  # fmt: skip


@pytest.fixture
def bea(committed_merchant: Merchant) -> Partner:
    with tenancy.tenant(committed_merchant.id):
        made: Partner = PartnerFactory(name="Bea")
        long_ago = MARCH - timedelta(days=90)
        set_reward(partner=made, kind="percentage", percent=10, effective_from=long_ago, actor=ACTOR)
    return made


def test_a_sale_under_way_when_the_cap_is_set_is_counted_once_it_is_over(
    committed_merchant: Merchant, bea: Partner
) -> None:
    with under_way(committed_merchant, lambda: sell(bea, "before the cap")):
        with tenancy.tenant(committed_merchant.id):
            capped(bea)
        with tenancy.tenant(committed_merchant.id):
            assert sell(bea, "after it") == 1_000
    with tenancy.tenant(committed_merchant.id):
        assert bea.standings.get().orders == 1, "the other was not to be seen yet"
        assert len(list(standing.problems())) == 1
        assert standing.settle(made_before=timezone.now() - timedelta(minutes=1)) == 0, "it is too young to tell"
        assert standing.settle(made_before=timezone.now()) == 1
        assert standing.settle(made_before=timezone.now()) == 0
        assert list(standing.problems()) == []
        assert [sell(bea, "third"), sell(bea, "fourth")] == [500, 0], "25.00 a month"
        assert list(standing.problems()) == []


def test_a_row_that_a_sale_holds_is_left_for_later(committed_merchant: Merchant, bea: Partner) -> None:
    with tenancy.tenant(committed_merchant.id):
        capped(bea)
        sell(bea, "first")
    with under_way(committed_merchant, lambda: sell(bea, "second")), tenancy.tenant(committed_merchant.id):
        assert standing.settle(made_before=timezone.now()) == 0
    with tenancy.tenant(committed_merchant.id):
        assert standing.settle(made_before=timezone.now()) == 1
        assert bea.standings.get().orders == 2


def test_the_sweep_of_every_minute_settles(
    committed_merchant: Merchant, bea: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenancy.tenant(committed_merchant.id):
        capped(bea)
        sell(bea, "first")
        bea.standings.update(orders=7)
    monkeypatch.setattr(tasks, "UNDER_WAY", timedelta(0))
    tasks.release_holds(merchant_id=str(committed_merchant.id))
    with tenancy.tenant(committed_merchant.id):
        row = bea.standings.get()
        assert (row.orders, row.is_settled) == (1, True)
