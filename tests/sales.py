"""Sales and refunds through the ingest, for tests about what comes after them."""

from datetime import datetime, timedelta

from django.utils import timezone

from affiliates.models import Partner
from commissions.hold import release_due
from commissions.models import Commission
from rewards.terms import set_reward
from tests.factories import ACTOR
from tracking import ingest
from tracking.events import Refund, Sale
from tracking.refunds import record_refund


def give_ten_percent(partner: Partner) -> None:
    """The partner earns 10% of every order since long ago."""
    since = timezone.now() - timedelta(days=1000)
    set_reward(partner=partner, kind="percentage", percent=10, effective_from=since, actor=ACTOR)


def sell(partner: Partner, amount: int, *, order: str, days_ago: int = 60, currency: str = "USD") -> Commission:
    """A sale named to the partner; its commission, approved when the merchant's hold of 30 days is over."""
    now = timezone.now()
    sale = Sale(
        order_id=order,
        amount=amount,
        currency=currency,
        partner=str(partner.id),
        placed_at=now - timedelta(days=days_ago),
    )
    (outcome,) = ingest.record([sale], actor=ACTOR, now=now)
    assert outcome.error is None, outcome.error
    release_due(now=now)
    return partner.commissions.get(order__external_id=order)


def refund(order: str, amount: int | None = None, *, at: datetime | None = None) -> None:
    """Give `amount`, or all, of the order back."""
    asked = Refund(order_id=order, refund_id=f"r-{order}-{amount}", amount=amount, refunded_at=at)
    record_refund(asked, actor=ACTOR)
