"""The one way of a sale: load, decide, write. For one from the API, a thousand in a batch, a row of a file, a form.

A constant number of statements whatever the size of the batch; idempotent by the order's natural key; every event
has an outcome of its own. The caller is inside the tenant (`tenancy.run` also runs again when contended).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils import timezone

from commissions import standing
from merchants.audit import Actor
from merchants.errors import DomainError
from merchants.tenancy import Contended, Question, current
from rewards.counting import Counts
from tracking import clicks, load
from tracking.configuration import Configuration, configuration, remembered_levels
from tracking.decide import Decision, decide
from tracking.events import Event, Sale, clean
from tracking.load import Known
from tracking.plan import Outcome
from tracking.write import write

#: Events in one call, so that a transaction stays short.
MAX_BATCH = 1_000

__all__ = ["MAX_BATCH", "Contended", "arrive", "record"]


@dataclass(frozen=True, slots=True)
class Arrived:
    """Sales as they came: in normal form, or the error that one was refused with; and what LOAD asks about them."""

    at: datetime
    sales: list[Sale | DomainError]
    question: Question | None
    """None when all were refused."""

    @property
    def good(self) -> list[Sale]:
        """Those that were not refused."""
        return [sale for sale in self.sales if isinstance(sale, Sale)]


def arrive(merchant_id: UUID, sales: Sequence[Sale | DomainError], *, now: datetime | None = None) -> Arrived:
    """Sales in normal form, before anything is asked. One that could not even be read may be given as its error."""
    now = now or timezone.now()
    arrived = Arrived(now, [_cleaned(sale, now) for sale in sales], None)
    good = arrived.good
    if not good:
        return arrived
    return replace(arrived, question=load.question(merchant_id, good, levels=remembered_levels(merchant_id)))


def record(
    sales: Sequence[Sale | DomainError] | Arrived,
    *,
    actor: Actor,
    now: datetime | None = None,
    loaded: bytes | None = None,
    last: bool = False,
) -> list[Outcome]:
    """Record sales of the running tenant and return an outcome for each, in order.

    A sale that could not even be read may be given as the error it was refused with. Contended when a concurrent
    transaction got in the way: run again. Nothing is written unless everything is. `loaded` is the answer to what
    `Arrived` asks, when it was asked already; `last` says that nothing in this transaction looks at what was recorded.
    """
    arrived = sales if isinstance(sales, Arrived) else arrive(current(), sales, now=now)
    if arrived.question is None:
        return [Outcome(error=sale) for sale in arrived.sales if isinstance(sale, DomainError)]
    known = _known(load.known(arrived.question, loaded), arrived.good)
    configured = configuration(known.version)
    decision = decide(current(), arrived.sales, known, configured, arrived.at)
    plan = decision.priced(_counts(decision, configured))
    write(plan, actor=actor, last=last)
    return plan.outcomes


def _counts(decision: Decision, configured: Configuration) -> Counts:
    """The rows that tiers and caps look at, locked; most sales need none.

    Locks are taken in one order everywhere: coupons by id, then these by id, so that no two sales wait for each other.
    """
    needed = decision.needed()
    if not needed:
        return Counts()
    return standing.locked(needed, new_customers=decision.new_customers(), zone=configured.zone)


def _cleaned(sale: Sale | DomainError, now: datetime) -> Sale | DomainError:
    if isinstance(sale, DomainError):
        return sale
    try:
        return clean(sale, now=now)
    except DomainError as error:
        return error


def known_about(events: Sequence[Event]) -> Known:
    """LOAD, with limited coupons locked, clicks that are still on their way fetched, and recruiters if they matter."""
    return _known(load.known(_question(events)), events)


def _question(events: Sequence[Event]) -> Question:
    return load.question(current(), events, levels=remembered_levels(current()))


def _known(known: Known, events: Sequence[Event]) -> Known:
    named = {event.click_id for event in events if event.click_id}
    missing = named - {click.named for click in known.clicks}
    if missing and clicks.fetch(missing):
        # A sale can overtake the click that led to it, which may still wait in the stream.
        known = load.known(_question(events))
    load.with_recruiters(known, configuration(known.version).levels)
    limited = sorted(coupon.id for coupon in known.coupons if coupon.max_uses is not None)
    if limited:
        _lock_coupons(known, limited)
    return known


def _lock_coupons(known: Known, limited: list[UUID]) -> None:
    """Count a limited coupon's uses under a lock, in id order, so that its limit is exact.

    Whoever held the lock before may have changed all that LOAD saw of it, not only the uses.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, uses, max_uses, is_active, starts_at, ends_at FROM affiliates_coupon"
            " WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [limited],
        )
        locked = {row[0]: row[1:] for row in cursor.fetchall()}
    for coupon in known.coupons:
        if coupon.id in locked:
            coupon.uses, coupon.max_uses, coupon.is_active, coupon.starts_at, coupon.ends_at = locked[coupon.id]
