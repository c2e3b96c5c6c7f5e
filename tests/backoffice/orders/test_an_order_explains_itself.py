"""The page of an order: whose it is and why, why the others lost, what it earned, what was given back."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from orders.models import Order
from tests.factories import ACTOR, PartnerFactory
from tests.sales import give_ten_percent
from tracking import ingest
from tracking.events import Sale


@pytest.fixture
def order(merchant: Merchant, partner: Partner) -> Order:
    """100.00 with Anna's coupon, although named to Ben: named to is stronger."""
    with tenancy.tenant(merchant.id):
        ben = PartnerFactory(name="Ben", email="ben@example.com")
        give_ten_percent(ben)
        sale = Sale(order_id="A1", amount=10_000, currency="USD", coupon="ANNA10", partner="ben@example.com")
        (outcome,) = ingest.record([sale], actor=ACTOR)
        assert outcome.error is None, outcome.error
        return merchant.orders.select_related("partner").get()


def address(order: Order, rest: str = "") -> str:
    """The order's page."""
    return f"/m/acme/orders/{order.id}/{rest}"


def test_it_says_who_won_and_why_the_others_lost(browser: Client, order: Order) -> None:
    shown = browser.get(address(order)).content.decode()
    assert order.partner is not None
    assert order.partner.name in shown
    assert "Won" in shown
    assert "Lost: " in shown
    assert "comes before" in shown


def test_a_refund_is_recorded_once_and_takes_the_commission_back(
    browser: Client, merchant: Merchant, order: Order
) -> None:
    form = {"once": str(uuid4()), "amount": "40.00", "reason": "came broken"}
    assert [browser.post(address(order, "refund/"), form).status_code for _ in range(2)] == [302, 302]
    with tenancy.tenant(merchant.id):
        assert merchant.orders.get().refunded == 4_000
        assert [(c.amount, c.reversed) for c in merchant.commissions.all()] in ([(1_000, 400)], [])
    shown = browser.get(address(order)).content.decode()
    assert "came broken" in shown
    assert "$60.00" in shown


def test_more_than_is_left_is_refused(browser: Client, merchant: Merchant, order: Order) -> None:
    answer = browser.post(address(order, "refund/"), {"once": str(uuid4()), "amount": "100.01"})
    assert answer.status_code == 422
    assert "is left to refund" in answer.content.decode()
    assert 'value="100.01"' in answer.content.decode()
    with tenancy.tenant(merchant.id):
        assert merchant.orders.get().refunded == 0


def test_viewers_refund_nothing(browser_of: Callable[[str], Client], order: Order) -> None:
    viewer = browser_of("viewer")
    assert "Record a refund" not in viewer.get(address(order)).content.decode()
    assert viewer.get(address(order, "refund/")).status_code == 403


def test_orders_of_others_are_not_found(browser: Client, other_merchant: Merchant) -> None:
    with tenancy.tenant(other_merchant.id):
        ingest.record([Sale(order_id="X", amount=100, currency="USD")], actor=ACTOR)
        theirs = other_merchant.orders.get()
    assert browser.get(address(theirs)).status_code == 404
    assert browser.post(address(theirs, "refund/"), {"once": str(uuid4()), "amount": "1"}).status_code == 404
