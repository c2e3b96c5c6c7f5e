"""Telling the rollups that something changed: a mark, appended with the change and in its transaction.

This is the one module of stats that the floors below may import: they say what they touched and know nothing of what
is kept about it.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from merchants.tenancy import current
from stats.models import StaleMark

#: Whose day, when, and which customer: a partner of None is the direct orders, a customer of None is nobody.
Touched = tuple[UUID | None, datetime, UUID | None]


def touched_by(partner_id: UUID | None, moment: datetime, customer_id: UUID | None) -> list[str]:
    """What an event touches, in the words of a mark (see StaleMark)."""
    touched = [f"{partner_id or 'direct'}/{moment.isoformat()}"]
    if customer_id is not None:
        touched.append(f"customer/{customer_id}")
    return touched


def mark(partner_id: UUID | None, moment: datetime, customer_id: UUID | None) -> None:
    """Mark what one event of the running tenant touched."""
    mark_many([(partner_id, moment, customer_id)])


def mark_many(events: Iterable[Touched]) -> None:
    """Mark what many events of the running tenant touched, in one row."""
    touched = sorted({text for event in events for text in touched_by(*event)})
    if touched:
        StaleMark.objects.create(merchant_id=current(), touched=touched)


def mark_customers(customer_ids: Iterable[UUID]) -> None:
    """Mark customers who were edited: who is recomputing them at this moment may have read them before."""
    StaleMark.objects.create(merchant_id=current(), touched=[f"customer/{customer_id}" for customer_id in customer_ids])


def mark_everything() -> None:
    """No rollup of the running tenant can be trusted any more."""
    StaleMark.objects.create(merchant_id=current(), touched=["everything"])
