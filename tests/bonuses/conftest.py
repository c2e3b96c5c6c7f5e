"""A month with a bonus in it: sales on days that a test names, and what the workers make of them."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from affiliates.models import Partner
from bonuses import reaching
from bonuses import verify as bonuses_verify
from bonuses.models import Bonus, Rung
from bonuses.plans import create_bonus
from commissions import verify as commissions_verify
from commissions.models import Commission
from ledger import verify as ledger_verify
from merchants.models import Merchant
from merchants.tenancy import current
from stats import rollup
from tests.factories import ACTOR
from tracking import ingest
from tracking.events import Refund, Sale
from tracking.refunds import record_refund

#: Before anything happens: a Sunday.
DAWN = datetime(2026, 3, 1, 6, tzinfo=UTC)


def at(day: str, hour: int = 12) -> datetime:
    """That day of 2026, such as `03-14`, at that hour in UTC."""
    return datetime.combine(date.fromisoformat(f"2026-{day}"), time(hour), UTC)


def work(now: datetime) -> None:
    """What the workers do until nothing is left."""
    while rollup.refresh():
        pass
    while reaching.settle(now=now):
        pass
    while rollup.refresh():
        pass
    assert reaching.settle(now=now) in (0, 1), "what was given has changed a day, and nothing more"


def sells(
    partner: Partner, number: int, *, on: datetime, amount: int = 10_000, currency: str = "USD", called: str = ""
) -> None:
    """So many orders of the partner at that moment, named `<called or the moment>-0`, `-1` …"""
    sales = [
        Sale(
            order_id=f"{called or on.isoformat()}-{n}", amount=amount, currency=currency, partner=str(partner.id),
            placed_at=on,
        )
        for n in range(number)
    ]  # fmt: skip
    for outcome in ingest.record(sales, actor=ACTOR, now=on):
        assert outcome.error is None, outcome.error


def returned(order: str, *, on: datetime, amount: int | None = None) -> None:
    """The order comes back, or a part of it."""
    record_refund(
        Refund(order_id=order, refund_id=f"r-{order}-{on}", amount=amount, refunded_at=on), actor=ACTOR, now=on
    )


def promise(now: datetime = DAWN, **what: Any) -> Bonus:
    """25 orders in a month pay $150.00, 50 another $250.00, unless said otherwise."""
    terms: dict[str, Any] = {
        "name": "Spring", "measure": "orders", "period": "month", "currency": "USD",
        "ladder": [Rung(25, 15_000), Rung(50, 25_000)],
    }  # fmt: skip
    if not {"program", "group", "partner"} & what.keys():
        terms["program"] = Merchant.objects.get(id=current()).programs.get(is_default=True)
    return create_bonus(**(terms | what), now=now, actor=ACTOR)


def earned(partner: Partner) -> list[tuple[int, str]]:
    """What the partner has of each bonus commission, and its status, in the order in which they were given."""
    rows: list[Commission] = list(partner.commissions.filter(order=None).order_by("id"))
    return [(row.amount - row.reversed, row.status) for row in rows]


@pytest.fixture
def anna(tenant: Merchant, partner: Partner) -> Iterator[Partner]:
    """Anna, in a merchant whose hold is 30 days. The books of whatever the test did are proven."""
    yield partner
    proofs: tuple[Callable[[], Iterator[str]], ...] = (
        ledger_verify.problems, commissions_verify.problems, bonuses_verify.problems,
    )  # fmt: skip
    assert [problem for proof in proofs for problem in proof()] == []
