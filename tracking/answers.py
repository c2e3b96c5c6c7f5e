"""What a tracked sale answers: the order, whose it is and why, the commissions with their working."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct


class PartnerShown(Struct):
    """A partner by id and name."""

    id: UUID
    name: str


class CommissionShown(Struct):
    """One commission of an order. Amounts are minor units."""

    id: UUID
    amount: int
    currency: str
    status: str
    reversed: int
    base: int
    partner: PartnerShown
    held_until: datetime
    explanation: dict[str, Any]
    level: int = 0
    """0: this partner sold. n: they are the recruiter n steps above."""


class OrderShown(Struct):
    """An order as recorded. Amounts are minor units of `currency`."""

    id: UUID
    order_id: str
    source: str
    amount: int
    currency: str
    tax: int
    shipping: int
    discount: int
    refunded: int
    lines: list[dict[str, Any]]
    coupon: str | None
    click_id: UUID | None
    customer_id: UUID | None
    partner_id: UUID | None
    """None: a direct order."""
    country: str | None
    platform: str
    notes: str
    metadata: dict[str, Any]
    is_first: bool
    placed_at: datetime
    created_at: datetime


class SaleAnswer(Struct):
    """The answer to a sale, the first time and every time after."""

    order: OrderShown
    attribution: dict[str, Any]
    """`outcome` is `attributed` or `direct`; `candidates` says of each touch why it lost."""
    commissions: list[CommissionShown]
