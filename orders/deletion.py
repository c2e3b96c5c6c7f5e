"""Deleting an order (SPEC A15): it was a mistake, so nobody has anything of it; but it was recorded, so it stays.

The row stays with who deleted it, when and why, and keeps its natural key: the same sale told again is a conflict and
never comes back by itself. What it earned is taken back in the books by whoever calls this (`tracking.deletion`).
"""

from datetime import datetime

from merchants.audit import Actor, record
from orders.models import Order

#: What a person is told wherever an order can be deleted.
FINAL = "A deleted order stays deleted: to have it again, record it as a new order under another id."


def delete(order: Order, *, reason: str, at: datetime, actor: Actor) -> None:
    """Mark a locked order as deleted."""
    order.deleted_at, order.deleted_by, order.deletion_reason = at, actor.name[:200], reason
    order.is_coupon_use = False
    order.save(update_fields=["deleted_at", "deleted_by", "deletion_reason", "is_coupon_use"])
    before = {"order_id": order.external_id, "amount": order.amount, "currency": order.currency}
    before |= {"refunded": order.refunded, "partner_id": str(order.partner_id) if order.partner_id else None}
    record(actor, "order.delete", "order", order.id, before=before, after={"reason": reason})
