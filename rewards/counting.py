"""What tiers and caps look at: how much had been counted when an event came. Pure.

Orders, revenue and earnings are counted as they were recorded, in the month of the merchant's time zone in which the
order was placed; an order that arrives late is counted when it arrives. Refunds take nothing off: they neither reopen
a cap nor lower a tier that had been reached. An order that was deleted, or went to another partner, was never the
partner's, and does not count from then on. Only rows that some rule of the partner needs are kept (`keys_for`).

The ingest has the rows from the database, locked; a backtest starts from none and counts in memory.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from rewards.conditions import Standing
from rewards.rules import Rules

#: Under which the ids of rows are made.
_NAMES = UUID("5d3c9c3a-3c7e-4c53-9b7a-6f6d1f0b2a77")


class Key(NamedTuple):
    """Whose row it is and of which period."""

    partner_id: UUID
    customer_id: UUID | None = None
    period: str = ""

    @property
    def id(self) -> UUID:
        """The row's id: the same for the same key, whoever makes it."""
        return uuid5(_NAMES, f"{self.partner_id}:{self.customer_id or ''}:{self.period}")


@dataclass(slots=True)
class Count:
    """One row."""

    orders: int = 0
    revenue: dict[str, int] = field(default_factory=dict)
    earned: dict[str, int] = field(default_factory=dict)
    is_stored: bool = False
    """Whether the database has it."""
    is_changed: bool = False


def month_of(at: datetime, zone: ZoneInfo) -> str:
    """The calendar month, as rows name it."""
    return at.astimezone(zone).strftime("%Y-%m")


def keys_for(
    rules: Iterable[Rules], partner_id: UUID, customer_id: UUID | None, at: datetime, zone: ZoneInfo
) -> tuple[Key, ...]:
    """The rows that these rules need for an event of this partner; mostly none."""
    month = lifetime = customer = False
    for each in rules:
        month, lifetime = month or each.counts_month, lifetime or each.counts_lifetime
        customer = customer or each.counts_customer
    keys: tuple[Key, ...] = ()
    if month:
        keys += (Key(partner_id, None, month_of(at, zone)),)
    if lifetime:
        keys += (Key(partner_id),)
    if customer and customer_id is not None:
        keys += (Key(partner_id, customer_id),)
    return keys


def every_key(partner_id: UUID, customer_id: UUID | None, at: datetime, zone: ZoneInfo) -> tuple[Key, ...]:
    """All rows in which an event of this partner may have been counted."""
    keys = Key(partner_id, None, month_of(at, zone)), Key(partner_id)
    return keys if customer_id is None else (*keys, Key(partner_id, customer_id))


class Counts:
    """The rows of one batch, or of one backtest."""

    def __init__(self, rows: Mapping[Key, Count] | None = None) -> None:
        self.rows: dict[Key, Count] = dict(rows or {})

    def standing(self, keys: Iterable[Key], currency: str) -> Standing:
        """Where the partner stands before an event with these keys."""
        found: dict[str, int] = {}
        for key in keys:
            count = self.rows.get(key)
            if count is None:
                continue
            revenue, earned = count.revenue.get(currency, 0), count.earned.get(currency, 0)
            if key.customer_id is not None:
                found |= {"customer_orders": count.orders, "customer_earned": earned}
            elif key.period:
                found |= {"month_orders": count.orders, "month_revenue": revenue, "month_earned": earned}
            else:
                found |= {"orders": count.orders, "revenue": revenue}
        return Standing(**found)

    def add(self, keys: Iterable[Key], currency: str, *, earned: int, revenue: int | None = None) -> None:
        """Count what was earned, with the order it was earned on; without `revenue` there was none."""
        for key in keys:
            count = self.rows.setdefault(key, Count())
            count.is_changed = True
            count.earned[currency] = count.earned.get(currency, 0) + earned
            if revenue is not None:
                count.orders += 1
                count.revenue[currency] = count.revenue.get(currency, 0) + revenue
