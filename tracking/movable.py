"""Which of a customer's orders move with them to another partner, which do not, and why. All of them come locked.

An order moves whole or not at all. Nothing that was paid moves, nor what somebody rejected, nor an order that came to a
third partner by their own coupon, click or name.

Locks, in the order that everybody keeps: the orders by id; what tiers and caps counted of them, and the partners who
had something of them (`commissions.standing`); then their commissions by id, as refunds and payouts lock them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet

from affiliates.models import BY_HAND, Partner
from commissions import standing
from commissions.decisions import PAID
from commissions.models import Commission, CommissionStatus
from customers.models import Customer
from merchants.errors import DomainError
from merchants.models import Merchant
from orders.models import Order
from rewards.counting import Key

#: Orders that move in one transaction.
MOST = 2_000


@dataclass(frozen=True, slots=True)
class Stake:
    """What a partner has of an order, in minor units of the order's currency."""

    partner_id: UUID
    partner: str
    amount: int


@dataclass(slots=True)
class Move:
    """An order that moves: what was earned on it, and what will be."""

    order: Order
    commissions: list[Commission]
    """Those that go back."""
    was: list[Stake]
    will: list[Stake] = field(default_factory=list)
    nothing: str = ""
    """Why nobody earns on it, where nobody does."""


@dataclass(frozen=True, slots=True)
class Stay:
    """An order that does not move, and why."""

    order: Order
    why: str


@dataclass(frozen=True, slots=True)
class SortedOut:
    """The orders that were asked about."""

    moves: list[Move]
    stays: list[Stay]
    counted: frozenset[Key]
    """In which rows of tiers and caps those that move may have been counted. They are held."""


def sort_out(customer: Customer, *, to: Partner | None, before: Partner | None, since: datetime | None) -> SortedOut:
    """The customer's orders that are not `to`'s: those placed `since` a moment, or without one all that earned.

    `before` is whose the customer is now; the customer is locked. DomainError `orders_too_many`.
    """
    merchant = Merchant(id=customer.merchant_id)
    orders = list(_orders(merchant, customer, to, since)[: MOST + 1])
    if len(orders) > MOST:
        raise DomainError(
            f"More than {MOST:,} orders would move at once: name a later date, and go back step by step.",
            code="orders_too_many",
            field="since",
        )
    _hold(merchant, orders, to)
    commissions = _commissions(merchant, orders)
    adjusted, paid = _adjusted(merchant, commissions)
    moves, stays = [], []
    for order in orders:
        mine = commissions.get(order.id, [])
        if why := _why_it_stays(order, mine, before, paid):
            stays.append(Stay(order, why))
            continue
        was = [Stake(c.partner_id, c.partner.name, c.amount - c.reversed + adjusted.get(c.id, 0)) for c in mine]
        moves.append(Move(order, mine, was))
    return SortedOut(moves, stays, frozenset(_counted(c for move in moves for c in move.commissions)))


def _orders(merchant: Merchant, customer: Customer, to: Partner | None, since: datetime | None) -> "QuerySet[Order]":
    orders = customer.orders.select_related("partner").select_for_update(of=("self",), no_key=True).order_by("id")
    if since is not None:
        orders = orders.filter(placed_at__gte=since)
    else:
        orders = orders.filter(Exists(merchant.commissions.filter(order=OuterRef("pk"), moved=0)))
    # With `to` None these are the direct ones.
    return orders.exclude(partner=to)


def _hold(merchant: Merchant, orders: Sequence[Order], to: Partner | None) -> None:
    """Which commissions of an order stand changes only under its lock, so whose they are can be read before theirs."""
    standing_now = merchant.commissions.filter(order__in=orders, moved=0)
    earned = list(standing_now.values_list("partner", "customer", "occurred_at"))
    if orders:
        standing.hold(standing.keys_of(earned), partner_ids={to.id} if to else ())


def _counted(commissions: Iterable[Commission]) -> set[Key]:
    return standing.keys_of((c.partner_id, c.customer_id, c.occurred_at) for c in commissions)


def _commissions(merchant: Merchant, orders: Sequence[Order]) -> dict[UUID, list[Commission]]:
    found = (
        merchant.commissions.filter(order__in=orders, moved=0)
        .select_related("partner", "reward_version")
        .select_for_update(of=("self",), no_key=True)
        .order_by("id")
    )
    by_order: dict[UUID, list[Commission]] = {}
    for commission in found:
        assert commission.order_id is not None
        by_order.setdefault(commission.order_id, []).append(commission)
    return by_order


def _adjusted(merchant: Merchant, commissions: Mapping[UUID, list[Commission]]) -> tuple[dict[UUID, int], set[UUID]]:
    """By commission what adjustments made of it; and those of which an adjustment is paid."""
    rows = merchant.commissions.filter(adjusts__in=[commission for some in commissions.values() for commission in some])
    sums: dict[UUID, int] = {}
    paid: set[UUID] = set()
    for adjusted, left, status in rows.values_list("adjusts", F("amount") - F("reversed"), "status"):
        sums[adjusted] = sums.get(adjusted, 0) + left
        if status in PAID:
            paid.add(adjusted)
    return {id: amount for id, amount in sums.items() if amount}, paid


def _why_it_stays(order: Order, commissions: Sequence[Commission], before: Partner | None, paid: set[UUID]) -> str:
    """Why an order does not move with its customer; empty for one that does."""
    for commission in commissions:
        name = commission.partner.name
        if commission.status == CommissionStatus.PAID:
            return f"{name} was paid for it"
        if commission.status == CommissionStatus.IN_PAYOUT:
            return f"it is in a payout to {name}"
        if commission.id in paid:
            return f"{name} was paid for an adjustment of it"
        if commission.status == CommissionStatus.REJECTED:
            return f"the commission of {name} was rejected: restore it first"
    if order.amount and order.refunded == order.amount:
        return "it was refunded in full: nothing of it is left"
    via = order.attribution.get("via")
    if order.partner is not None and order.partner != before and via not in ("customer", BY_HAND):
        return f"it came to {order.partner.name} by {_TOUCHES.get(str(via), 'their own doing')}"
    return ""


_TOUCHES = {"api": "their name", "coupon": "their coupon", "click": "their link"}
