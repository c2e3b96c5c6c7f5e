"""`verify` compares every rollup with its source, and is quiet about what an open mark says is stale."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from affiliates.models import Partner
from merchants.models import Merchant
from stats import rollup, verify
from stats.marks import mark, mark_everything
from stats.models import CustomerTotal, MerchantDay, PartnerDay, PartnerTotal
from tests.factories import ACTOR
from tracking import ingest
from tracking.events import Sale, SaleCustomer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def sold(tenant: Merchant, partner: Partner) -> Merchant:
    """One order of 80.00 USD through Anna, one of 20.00 without a partner, both by the same customer."""
    customer = SaleCustomer(external_id="c1")
    orders = [("a", 8000, "ANNA10"), ("b", 2000, None)]
    sales = [
        Sale(
            order_id=name, amount=amount, currency="USD", coupon=coupon, placed_at=NOON, customer=customer, partner=None
        )
        for name, amount, coupon in orders
    ]
    # The direct order first, before the customer belongs to Anna.
    ingest.record(sales[::-1], actor=ACTOR)
    rollup.refresh()
    return tenant


def test_rollups_that_were_just_made_are_right(sold: Merchant) -> None:
    assert list(verify.problems()) == []
    assert sold.merchant_days.get().revenue == 8000
    assert sold.merchant_days.get().direct_revenue == 2000


@pytest.mark.parametrize(
    ("model", "figure"),
    [
        *[
            (PartnerDay, name)
            for name in ("clicks", "unique_clicks", "leads", "orders", "revenue", "refunded", "earned")
        ],
        *[(MerchantDay, name) for name in ("clicks", "orders", "direct_orders", "direct_revenue", "direct_refunded")],
        *[(PartnerTotal, name) for name in ("leads", "orders", "revenue", "earned")],
        *[(CustomerTotal, name) for name in ("orders", "referred_orders", "refunded", "commission", "brought")],
    ],
)
def test_a_figure_that_was_tampered_with_is_named(sold: Merchant, model: Any, figure: str) -> None:
    model.objects.update(**{figure: 77})
    found = list(verify.problems())
    assert len(found) == model.objects.count()
    assert all(f"{figure} is 77, the source says " in problem for problem in found)


def test_a_moment_that_was_tampered_with_is_named(sold: Merchant) -> None:
    CustomerTotal.objects.update(last_order_at=datetime(2026, 3, 2, tzinfo=UTC))
    (problem,) = verify.problems()
    assert "last_order_at is 2026-03-02" in problem


@pytest.mark.parametrize("model", [PartnerDay, MerchantDay, PartnerTotal, CustomerTotal])
def test_a_row_that_is_gone_is_named(sold: Merchant, model: Any) -> None:
    count = model.objects.count()
    model.objects.all().delete()
    found = list(verify.problems())
    assert len(found) == count
    assert all(problem.endswith("is only in the source") for problem in found)


def test_a_row_that_should_not_be_is_named(sold: Merchant, partner: Partner) -> None:
    sold.partner_days.create(partner_id=partner.id, day=date(2020, 1, 1), currency="USD", orders=1)
    (problem,) = verify.problems()
    assert problem == f"partner day {partner.id} 2020-01-01 USD is only in the rollup"


def test_nothing_is_said_about_what_is_known_to_be_stale(sold: Merchant, partner: Partner) -> None:
    PartnerDay.objects.update(orders=77)
    assert len(list(verify.problems())) == 2
    mark(partner.id, NOON, None)
    (problem,) = verify.problems()
    assert problem.startswith("partner day direct 2026-03-01 USD")
    mark(None, NOON, None)
    assert list(verify.problems()) == []
    rollup.refresh()
    assert sorted(sold.partner_days.values_list("orders", flat=True)) == [1, 1]


def test_a_rebuild_repairs_everything(sold: Merchant) -> None:
    for model in (PartnerDay, MerchantDay, PartnerTotal, CustomerTotal):
        model.objects.update(revenue=1)
    assert list(verify.problems())
    mark_everything()
    rollup.refresh()
    assert list(verify.problems()) == []
