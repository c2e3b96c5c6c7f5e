"""Anna on 10%, Ben on 20%, and Eva, who came through Anna."""

from datetime import timedelta

import pytest
from django.utils import timezone

from affiliates.models import Partner
from commissions.models import Commission
from customers.models import Customer
from ledger.models import Entry
from ledger.posting import balance
from merchants.models import Merchant
from orders.models import Order
from rewards.terms import set_reward
from tests.factories import ACTOR, CustomerFactory, PartnerFactory
from tracking import ingest
from tracking.events import Sale, SaleCustomer


def earns(partner: Partner, percent: str) -> Partner:
    since = timezone.now() - timedelta(days=1000)
    set_reward(partner=partner, kind="percentage", percent=percent, effective_from=since, actor=ACTOR)
    return partner


@pytest.fixture
def anna(tenant: Merchant) -> Partner:
    return earns(PartnerFactory(name="Anna", email="anna@example.com"), "10")


@pytest.fixture
def ben(tenant: Merchant) -> Partner:
    return earns(PartnerFactory(name="Ben", email="ben@example.com"), "20")


@pytest.fixture
def eva(tenant: Merchant) -> Customer:
    made: Customer = CustomerFactory(name="Eva", email="eva@example.com", external_id="c-eva")
    return made


def buys(
    order_id: str, amount: int, *, partner: Partner | None = None, days_ago: int = 60, currency: str = "USD",
    coupon: str | None = None,
) -> Order:  # fmt: skip
    """Eva buys; a partner named is found as by the API."""
    sale = Sale(
        order_id=order_id,
        amount=amount,
        currency=currency,
        partner=str(partner.id) if partner else None,
        coupon=coupon,
        customer=SaleCustomer(external_id="c-eva"),
        placed_at=timezone.now() - timedelta(days=days_ago),
    )
    (outcome,) = ingest.record([sale], actor=ACTOR)
    assert outcome.answer is not None, outcome.error
    order: Order = Order.objects.get(id=outcome.answer.order.id)
    return order


def earned(partner: Partner, currency: str = "USD") -> int:
    """What the books say the partner has."""
    return balance(f"partner:{partner.id}:earned", currency)


def shown(partner: Partner) -> list[tuple[str, int, int, str]]:
    """The partner's commissions on orders: order, amount, taken back, status; oldest first."""
    rows = partner.commissions.exclude(order=None).order_by("order__external_id", "id")
    return [(str(c.order), c.amount, c.reversed, c.status) for c in rows]


def books_are_even(currency: str = "USD") -> bool:
    return sum(Entry.objects.filter(currency=currency).values_list("amount", flat=True)) == 0


def commission_of(order: Order, partner: Partner) -> Commission:
    found: Commission = order.commissions.get(partner=partner, moved=0)
    return found
