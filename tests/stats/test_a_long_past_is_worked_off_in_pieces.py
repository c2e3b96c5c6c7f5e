"""A long past is recomputed in pieces, each a refresh, and what is sold meanwhile waits for one of them at most."""

from datetime import UTC, datetime, timedelta

import pytest

from affiliates.models import Partner
from merchants.models import Merchant
from merchants.settings import update_merchant
from stats import rollup, verify
from stats.marks import mark_everything
from stats.models import CustomerTotal, MerchantDay, PartnerDay, PartnerTotal
from tests.factories import ACTOR
from tests.stats.plainly import recomputed, rollups
from tracking import ingest
from tracking.events import Sale, SaleCustomer

pytestmark = pytest.mark.django_db

DAYS = 4
#: As many as `rollup.refresh(1)` takes for a piece, so that each day is one.
SALES_A_DAY = 41
FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)


def sell(name: str, day: int, customer: str) -> None:
    sale = Sale(
        order_id=name,
        amount=1000,
        currency="USD",
        customer=SaleCustomer(external_id=customer),
        placed_at=FIRST + timedelta(days=day),
    )
    (outcome,) = ingest.record([sale], actor=ACTOR)
    assert outcome.error is None


@pytest.fixture
def past(tenant: Merchant, partner: Partner) -> Merchant:
    for day in range(DAYS):
        for number in range(SALES_A_DAY):
            sell(f"{day}-{number}", day, f"c{number % 3}")
    while rollup.refresh():
        pass
    return tenant


def spoil() -> None:
    for model in (PartnerDay, MerchantDay, PartnerTotal, CustomerTotal):
        model.objects.all().delete()
    mark_everything()


def test_each_piece_leaves_a_mark_of_the_rest(past: Merchant) -> None:
    spoil()
    said = []
    while rollup.refresh(1):
        assert list(verify.problems()) == [], "what is not done yet is known to be stale"
        said += [text for touched in past.stale_marks.values_list("touched", flat=True) for text in touched]
    days = [f"everything/2026-03-0{day + 1}" for day in range(DAYS)]
    customers = [f"customers/{id}" for id in past.customers.order_by("id").values_list("id", flat=True)]
    assert said[:DAYS] == days
    assert [text for text in said if text.startswith("customers/")] == customers
    assert rollups(past) == recomputed(past)


def test_what_is_sold_meanwhile_has_its_turn_between_two_pieces(past: Merchant) -> None:
    spoil()
    rollup.refresh(1)
    sell("fresh", 40, "new")
    rollup.refresh(4)  # the mark of the rest is older, and its piece is as large as what else is taken
    (day,) = past.merchant_days.filter(day=(FIRST + timedelta(days=40)).date())
    assert day.direct_orders == 1
    assert past.stale_marks.exists()


def test_a_change_of_zone_begins_anew(past: Merchant) -> None:
    spoil()
    rollup.refresh(1)
    update_merchant(past, changes={"time_zone": "Pacific/Auckland"}, actor=ACTOR)
    while rollup.refresh(1):
        pass
    assert rollups(past) == recomputed(Merchant.objects.get(id=past.id))


def test_another_currency_gives_everybody_a_total_in_it(past: Merchant) -> None:
    update_merchant(past, changes={"currency": "EUR", "minimum_payout": 0}, actor=ACTOR)
    assert past.stale_marks.get().touched == ["customers/00000000-0000-0000-0000-000000000000"]
    rollup.refresh()
    assert past.customer_totals.filter(currency="EUR", orders=0).count() == 3
    assert list(verify.problems()) == []
