"""Histories to try rules on, and what trying them gives."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from affiliates.models import Partner
from merchants.models import Merchant
from rewards.details import Details
from rewards.terms import Owner
from tests.factories import ACTOR
from tracking import ingest
from tracking.backtest import compare
from tracking.comparison import Comparison
from tracking.events import Line, Sale, SaleCustomer
from tracking.proposals import Proposal, propose

MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEFORE = MARCH - timedelta(days=200)
AFTER = MARCH + timedelta(days=200)
_PROPOSED = {"rule", "adds", "since", "until", "currency", "effective_from"}


def sells(partner: Partner, order: str, amount: int, at: datetime = MARCH, **said: Any) -> None:
    """An order of the partner's. `lines` as (product key, amount), `customer` by the shop's id, with `email`."""
    lines = [Line(amount=of, product_key=key) for key, of in said.pop("lines", ())]
    email = said.pop("email", None)
    customer = SaleCustomer(external_id=said.pop("customer"), email=email) if "customer" in said else None
    sale = Sale(
        order_id=order, amount=amount, partner=str(partner.id), placed_at=at, lines=lines, customer=customer,
        **{"currency": "USD"} | said,
    )  # fmt: skip
    (outcome,) = ingest.record([sale], actor=ACTOR, now=max(at, AFTER))
    assert outcome.error is None, outcome.error


def tried(merchant: Merchant, owner: Owner, percent: str, **said: Any) -> Comparison:
    """What comes of a proposed percentage."""
    proposed = {
        name: said.pop(name)
        for name in ("rule", "adds", "since", "until", "currency", "effective_from")
        if name in said
    }
    proposal = propose(
        owner, kind="percentage", percent=Decimal(percent), details=Details(**said),
        **{"since": BEFORE, "until": AFTER} | proposed,
    )  # fmt: skip
    return compared(merchant, proposal)


def compared(merchant: Merchant, proposal: Proposal) -> Comparison:
    """What comes of it, worked to the end."""
    steps = compare(merchant, proposal)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Comparison = end.value
            return found
