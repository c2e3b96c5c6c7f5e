"""Anna earns ten percent; sales come by her link, from an address, and are on hold."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from affiliates.models import Partner
from commissions.models import Commission
from fraud.rules import RULES
from fraud.screening import screen
from fraud.switches import set_rule
from merchants import tenancy
from merchants.ids import new_id
from merchants.models import Merchant
from tests.factories import ACTOR, PartnerFactory
from tests.sales import give_ten_percent
from tracking import clicks, ingest
from tracking.events import Sale, SaleCustomer


@pytest.fixture
def anna(tenant: Merchant) -> Partner:
    """Anna, in the running tenant."""
    made: Partner = PartnerFactory(name="Anna", email="anna@example.com", coupon_code="ANNA10")
    give_ten_percent(made)
    return made


def follow(partner: Partner, *, ip_hash: str = "", at: datetime | None = None, **rest: Any) -> UUID:
    """A click on the partner's link; its id, as the shop sends it along."""
    made = clicks.Click(
        id=new_id(), merchant_id=tenancy.current(), link_id=partner.links.get().id, partner_id=partner.id,
        visitor=new_id(), clicked_at=at or timezone.now() - timedelta(minutes=5), ip_hash=ip_hash, **rest,
    )  # fmt: skip
    clicks.store([made])
    return made.id


def sell(
    partner: Partner, order: str, *, amount: int = 10_000, buyer: str = "eva@example.net", **rest: Any
) -> Commission:
    """A sale of the partner; the commission is on hold for 30 days."""
    click = rest.pop("click", None)
    by: dict[str, Any] = {"click_id": click} if click else {"partner": str(partner.id)}
    sale = Sale(order_id=order, amount=amount, currency="USD", customer=SaleCustomer(email=buyer), **by, **rest)
    (outcome,) = ingest.record([sale], actor=ACTOR)
    assert outcome.error is None, outcome.error
    return partner.commissions.get(order__external_id=order)


def switch_on(merchant: Merchant, rule: str, **parameters: Any) -> None:
    """From now on."""
    set_rule(RULES[rule], merchant=merchant, is_on=True, parameters=parameters, actor=ACTOR)


def found(merchant: Merchant) -> dict[str, list[str]]:
    """Look at what is new; the reasons by order."""
    screen()
    reasons: dict[str, list[str]] = {}
    for flag in merchant.flags.select_related("commission__order").order_by("rule"):
        assert flag.commission.order is not None
        reasons.setdefault(flag.commission.order.external_id, []).append(flag.reason)
    return reasons
