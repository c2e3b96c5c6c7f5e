"""Adjusting what a partner gets of a commission, with a reason (SPEC A15).

The commission stays as it was computed: its working explains it. The difference becomes a commission by hand that names
the one it adjusts, paid or not, so the next payout carries it and the books show both.

An adjustment goes the way of what it adjusts. Of one that was made when so much of the order was left (`order_left`),
the partner has in proportion what is left now, and nothing once the commission was rejected, its order deleted or given
to somebody else. What that changes is a correction of its own: some of it may have been paid.

It has the hold of what it adjusts, upwards and downwards: neither can be paid while that is on hold or under review,
and both can from the same moment on (`commissions.hold`). Where nothing is waited for any more, because what it adjusts
was paid or taken back, it can be paid at once, and belongs with its corrections to the next payout.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from uuid import UUID

from django.db import transaction
from django.db.models import F, Sum

from commissions.decisions import lock_with_order
from commissions.hold import follow_hold
from commissions.manual import correct, record_manual
from commissions.models import Commission, CommissionQuerySet, CommissionStatus
from merchants import inputs
from merchants.audit import Actor
from merchants.errors import Conflict, DomainError
from merchants.money import round_half_up
from orders.models import Order

_FINAL = (CommissionStatus.REVERSED, CommissionStatus.REJECTED)


def worth(commission: Commission) -> int:
    """What the partner has of it now, earlier adjustments included. Minor units."""
    return commission.amount - commission.reversed + _sum(adjustments_of(commission))


def adjustments_of(commission: Commission) -> CommissionQuerySet:
    """The commissions by hand that adjust this one, and what followed them, oldest first."""
    return Commission.objects.filter(adjusts=commission.id).order_by("id")


def adjust(commission: Commission, *, amount: int, reason: str, actor: Actor) -> Commission:
    """Make the commission worth `amount` to the partner; the difference as a commission of its own.

    While it is on hold the difference is, too. What was paid stays, and the next payout carries the difference.

    DomainError `nothing_to_adjust` when it is worth that already. Conflict `commission_final` for one that is reversed
    or rejected, whose order was deleted, for one by hand and for a bonus: record another one instead.
    """
    inputs.whole(amount, "amount")
    with transaction.atomic():
        order = lock_with_order(commission)
        is_deleted = order is not None and order.deleted_at is not None
        if is_deleted or commission.status in _FINAL:
            what = "The order of this commission is deleted"
            if not is_deleted:
                what = f"This commission is {commission.get_status_display().lower()}"
            raise Conflict(f"{what}: record one by hand instead.", code="commission_final")
        if not commission.is_by_rule:
            raise Conflict(
                "A commission by hand is not adjusted, nor a bonus: record another one, below zero if it was too much.",
                code="commission_final",
            )
        difference = amount - worth(commission)
        if difference == 0:
            raise DomainError("It is worth that already.", code="nothing_to_adjust", field="amount")
        left = {"order_left": order.amount - order.refunded} if order else {}
        return record_manual(
            partner=commission.partner,
            amount=difference,
            currency=commission.currency,
            reason=reason,
            adjusts=commission,
            about=left,
            actor=actor,
        )


def take_adjustments_back(commission: Commission, *, reason: str, actor: Actor) -> int:
    """Undo what adjustments made of a commission that was taken back whole; how much they had come to. Minor units.

    The caller holds the commission's lock.
    """
    return -_bring(commission, list(adjustments_of(commission)), to=0, reason=reason, actor=actor)


def give_adjustments_again(commission: Commission, order: Order | None, *, reason: str, actor: Actor) -> None:
    """The opposite, for one that was given again: what is due of them for what is left of its order."""
    rows = list(adjustments_of(commission))
    _bring(commission, rows, to=_due(rows, order), reason=reason, actor=actor)


def follow_refund(order: Order, *, reason: str, actor: Actor) -> None:
    """Bring what adjustments made of the order's commissions down to what is left of it.

    The order's lock is held, and that of its commissions.
    """
    standing = order.commissions.filter(moved=0).exclude(status=CommissionStatus.REJECTED).select_related("partner")
    commissions = {commission.id: commission for commission in standing}
    rows: dict[UUID, list[Commission]] = {}
    for row in Commission.objects.filter(adjusts__in=list(commissions)).order_by("id"):
        assert row.adjusts_id is not None
        rows.setdefault(row.adjusts_id, []).append(row)
    for id, mine in rows.items():
        _bring(commissions[id], mine, to=_due(mine, order), reason=reason, actor=actor)


def follow_adjustment(adjustment: Commission, *, reason: str, actor: Actor) -> None:
    """After an adjustment was itself rejected or restored: what followed it before follows it again."""
    adjusted = adjusted_by(adjustment)
    if adjusted is None:
        return
    rows = list(adjustments_of(adjusted))
    deleted = adjusted.order is not None and adjusted.order.deleted_at is not None
    gone = adjusted.moved or deleted or adjusted.status == CommissionStatus.REJECTED
    _bring(adjusted, rows, to=0 if gone else _due(rows, adjusted.order), reason=reason, actor=actor)


def adjusted_by(adjustment: Commission) -> Commission | None:
    """The commission that this one adjusts, if it adjusts any."""
    if adjustment.adjusts_id is None:
        return None
    return Commission.objects.select_related("order", "partner").get(id=adjustment.adjusts_id)


def _bring(commission: Commission, rows: Sequence[Commission], *, to: int, reason: str, actor: Actor) -> int:
    """Correct what these rows, all that adjust the commission, come to; by how much, in minor units.

    They have its hold from now on, whatever it is.
    """
    if not rows:
        return 0
    difference = to - sum(row.amount - row.reversed for row in rows)
    if difference:
        correct(
            partner=commission.partner,
            amount=difference,
            currency=commission.currency,
            reason=reason,
            adjusts=commission,
            about={"follows": True},
            actor=actor,
        )
    follow_hold([commission.id])
    return difference


def _due(rows: Iterable[Commission], order: Order | None) -> int:
    """What adjustments come to for what is left of the order now."""
    return sum(_kept(row, order) for row in rows if "follows" not in row.explanation)


def _kept(adjustment: Commission, order: Order | None) -> int:
    stands = adjustment.amount - adjustment.reversed
    before = adjustment.explanation.get("order_left", 0)
    if order is None or not before:
        # Made when nothing was left that could be refunded: a goodwill that no refund takes back.
        return stands
    share = Fraction(stands * (order.amount - order.refunded), before)
    return round_half_up(share) if share >= 0 else -round_half_up(-share)


def _sum(rows: CommissionQuerySet) -> int:
    return int(rows.aggregate(sum=Sum(F("amount") - F("reversed")))["sum"] or 0)
