"""Ruth recruited Rob, Rob recruited Anna, Anna sells on 10%; recruiters get 10% and 5% of what she earns."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from affiliates.models import Partner
from affiliates.programs import default_program
from commissions.models import Commission
from ledger.posting import balance
from merchants.models import Merchant
from orders.models import Order
from rewards.details import Details
from rewards.models import RewardVersion
from rewards.terms import add_rule
from tests.factories import ACTOR, PartnerFactory
from tests.sales import give_ten_percent
from tracking import ingest
from tracking.events import Sale, SaleCustomer


def long_ago() -> datetime:
    return timezone.now() - timedelta(days=999)


def pays_recruiters(percent: str, *deeper: str, owner: Any = None, **said: Any) -> RewardVersion:
    """A rule for recruiters in force since long ago, of the default program unless said otherwise."""
    target = owner or default_program(actor=ACTOR)
    return add_rule(
        **{target._meta.model_name: target},
        kind="percentage",
        percent=percent,
        currency=said.pop("currency", ""),
        details=Details(event="recruit", deeper=tuple(Decimal(each) for each in deeper), **said),
        effective_from=timezone.now() - timedelta(days=1000),
        actor=ACTOR,
    )


@pytest.fixture
def ruth(tenant: Merchant) -> Partner:
    made: Partner = PartnerFactory(name="Ruth", email="ruth@example.com")
    return made


@pytest.fixture
def rob(ruth: Partner) -> Partner:
    made: Partner = PartnerFactory(name="Rob", email="rob@example.com", recruiter=ruth, recruited_at=long_ago())
    return made


@pytest.fixture
def anna(rob: Partner) -> Partner:
    made: Partner = PartnerFactory(name="Anna", email="anna@example.com", recruiter=rob, recruited_at=long_ago())
    give_ten_percent(made)
    return made


def sells(
    partner: Partner,
    order_id: str,
    amount: int,
    *,
    currency: str = "USD",
    at: datetime | None = None,
    lines: list[Any] | None = None,
) -> Order:
    """An order of Eva's that names the partner, placed sixty days ago unless said otherwise."""
    sale = Sale(
        order_id=order_id,
        amount=amount,
        currency=currency,
        partner=str(partner.id),
        customer=SaleCustomer(external_id="c-eva"),
        placed_at=at or timezone.now() - timedelta(days=60),
        lines=lines or [],
    )
    (outcome,) = ingest.record([sale], actor=ACTOR)
    assert outcome.answer is not None, outcome.error
    found: Order = Order.objects.get(id=outcome.answer.order.id)
    return found


def has(*partners: Partner, currency: str = "USD") -> list[int]:
    """What the books say each of them has."""
    return [balance(f"partner:{partner.id}:earned", currency) for partner in partners]


def commission_of(partner: Partner, order: Order) -> Commission:
    found: Commission = order.commissions.get(partner=partner, moved=0)
    return found
