"""A refund as it is tracked: recorded on its order, and taken back from every commission the order made."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from commissions.adjustment import follow_refund
from commissions.flags import close_moot
from commissions.models import Reversal
from commissions.reversal import reverse_for_refund
from merchants import audit
from merchants.audit import Actor
from merchants.errors import Conflict, NotFound
from merchants.models import Merchant
from merchants.money import display
from merchants.tenancy import current
from orders.models import Order
from orders.models import Refund as RefundRow
from orders.refunds import give_back
from stats.marks import mark_many
from tracking.events import Refund, check_moment, check_texts, fingerprint_of


@dataclass(frozen=True, slots=True)
class Refunded:
    """What a refund did, the first time (`created`) or told again."""

    created: bool
    order: Order
    refund: RefundRow
    reversals: list[Reversal]


def record_refund(asked: Refund, *, actor: Actor, now: datetime | None = None) -> Refunded:
    """Give money back on an order of the running tenant; the same refund again answers the same.

    NotFound for an unknown order; Conflict when `refund_id` was used on it with other content; DomainError when
    more would be given back than is left.
    """
    now = now or timezone.now()
    check_texts(asked)
    check_moment(asked.refunded_at, now=now, field="refunded_at")
    order = _locked_order(asked)
    fingerprint = fingerprint_of(asked)
    there = order.refunds.filter(external_id=asked.refund_id).first()
    if there is not None:
        return _told_again(order, there, fingerprint)
    refund = give_back(
        order,
        external_id=asked.refund_id,
        fingerprint=fingerprint,
        amount=asked.amount,
        lines=[(line.line, line.amount) for line in asked.lines],
        reason=asked.reason,
        refunded_at=asked.refunded_at or now,
    )
    reversals = reverse_for_refund(order=order, refund=refund)
    follow_refund(order, reason=f"A refund of {display(refund.amount, order.currency)} was given", actor=actor)
    if order.refunded == order.amount:
        every = order.commissions.filter(moved=0).values_list("id", flat=True)
        close_moot(dict.fromkeys(every, f"Order {order.external_id} was refunded in full"), actor=actor)
    whose = {order.partner_id, *(reversal.commission.partner_id for reversal in reversals)}
    mark_many((partner_id, order.placed_at, order.customer_id) for partner_id in whose)
    after = {"order": order.external_id, "amount": refund.amount, "currency": order.currency}
    audit.record(actor, "refund.record", "refund", refund.id, after=after)
    return Refunded(True, order, refund, reversals)


def _locked_order(asked: Refund) -> Order:
    orders = Merchant(id=current()).orders
    order = orders.select_for_update(no_key=True).filter(source=asked.source, external_id=asked.order_id).first()
    if order is None:
        everything = orders(manager="with_deleted")
        if everything.filter(source=asked.source, external_id=asked.order_id).exists():
            raise Conflict(
                f"Order {asked.order_id!r} was deleted: nobody has anything of it that could be taken back.",
                code="order_deleted",
                field="order_id",
            )
        raise NotFound(
            f"There is no order {asked.order_id!r} from {asked.source!r}: record the sale first, or name its source.",
            code="order_unknown",
            field="order_id",
        )
    return order


def _told_again(order: Order, there: RefundRow, fingerprint: str) -> Refunded:
    if there.fingerprint != fingerprint:
        raise Conflict(
            f"Refund {there.external_id!r} of this order was recorded with other content and stays as it was.",
            code="refund_conflict",
            field="refund_id",
        )
    return Refunded(False, order, there, list(there.reversals.select_related("commission__partner").order_by("id")))
