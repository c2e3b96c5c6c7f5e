"""Deleting an order that should not be there (SPEC A15): all that it earned goes back, and no list shows it any more.

What was paid stays paid and is owed: later payouts net it. What never happened counts for nothing either: not for tiers
and caps, not as a use of its coupon, not for or against a rule of fraud.

Locks, in the order that everybody keeps: the order; its coupon; what tiers and caps counted, and the partners who had
something of it; then its commissions by id. So of a refund and a deletion at the same moment the second finds what the
first left, and a sale that counts at the same moment waits.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from affiliates.coupons import give_use_back
from commissions import standing
from commissions.adjustment import take_adjustments_back
from commissions.decisions import PAID, take_back
from commissions.flags import close_moot
from commissions.models import Commission, CommissionStatus, DecisionKind
from merchants import inputs
from merchants.audit import Actor
from merchants.models import Merchant
from orders import deletion
from orders.models import Order
from stats.marks import mark


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What a deletion took of one commission, adjustments included; minor units."""

    commission: Commission
    amount: int

    @property
    def is_owed(self) -> bool:
        """Whether the partner had been paid, and owes it now."""
        return self.commission.status in PAID


@dataclass(frozen=True, slots=True)
class Deleted:
    """The order as it stands now, and what this call took back: nothing when it was deleted before."""

    order: Order
    taken: list[TakenBack]


def delete_order(merchant: Merchant, order_id: UUID, *, reason: str, actor: Actor) -> Deleted:
    """Delete an order of the merchant, which is the running tenant. Again is nothing new.

    Order.DoesNotExist for one that was never there.
    """
    reason = inputs.line(reason, "reason", longest=500, required=True)
    with transaction.atomic():
        orders = merchant.orders(manager="with_deleted")
        order: Order = orders.select_for_update(no_key=True).get(id=order_id)
        if order.deleted_at is not None:
            return Deleted(order, [])
        now = timezone.now()
        if order.is_coupon_use and order.coupon is not None:
            give_use_back(order.coupon)
        commissions = order.commissions.filter(moved=0).select_related("partner")
        # Whose they are changes only under the order's lock.
        counted = standing.keys_of(commissions.values_list("partner", "customer", "occurred_at"))
        standing.hold(counted)
        taken = []
        for commission in commissions.select_for_update(of=("self",), no_key=True).order_by("id"):
            why = f"Order {order.external_id} was deleted: {reason}"
            commission.is_hidden = commission.status not in PAID
            if commission.status == CommissionStatus.REJECTED:
                commission.save(update_fields=["is_hidden"])
                continue
            back = take_back(commission, kind=DecisionKind.DELETION, reason=reason, at=now, actor=actor)
            back += take_adjustments_back(commission, reason=why[:500], actor=actor)
            taken.append(TakenBack(commission, back))
        why = f"Order {order.external_id} was deleted"
        close_moot({back.commission.id: why for back in taken}, actor=actor)
        # What had moved to another partner before is reversed already, and goes out of sight with its order.
        order.commissions.exclude(moved=0).update(is_hidden=True)
        standing.forget_rows(counted)
        deletion.delete(order, reason=reason, at=now, actor=actor)
        mark(order.partner_id, order.placed_at, order.customer_id)
    return Deleted(order, taken)
