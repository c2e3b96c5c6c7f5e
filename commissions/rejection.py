"""Rejecting a commission that has not been paid, and restoring one that was: all of it goes back, or comes again."""

from collections.abc import Callable, Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from commissions.adjustment import adjusted_by, follow_adjustment, give_adjustments_again, take_adjustments_back
from commissions.decisions import give_again, lock_with_order, locked_order, take_back
from commissions.flags import close
from commissions.hold import status_on_hold
from commissions.models import Commission, CommissionStatus, DecisionKind, FlagOutcome
from commissions.reversal import kept_of
from commissions.shares import give_again_with, lock_with_shares, take_back_with
from merchants import inputs
from merchants.audit import Actor, record
from merchants.edits import lock
from merchants.errors import Conflict
from merchants.models import Merchant
from orders.models import Order

_REJECTABLE = (CommissionStatus.PENDING, CommissionStatus.APPROVED)


def reject(commission: Commission, *, reason: str, actor: Actor) -> Commission:
    """Take back what the partner still has of a pending or approved commission; it counts as reversed in full.

    What recruiters earned on it goes back with it (`commissions.shares`).

    One that is rejected already stays as it is: the second click changes nothing. Conflict `commission_not_rejectable`
    in any other status (reverse the payout first), and for a correction below zero (record the opposite one instead).
    """
    reason = inputs.line(reason, "reason", longest=500, required=True)
    with transaction.atomic():
        adjusted = adjusted_by(commission)
        if adjusted is not None:
            lock(adjusted)
        shares = lock_with_shares(commission)
        if commission.status == CommissionStatus.REJECTED:
            return commission
        _check(commission)
        before = {"status": commission.status, "reversed": commission.reversed}
        now = timezone.now()
        take_back(commission, kind=DecisionKind.REJECTION, reason=reason, at=now, actor=actor)
        take_back_with(commission, shares, reason=reason, at=now, actor=actor)
        for each in (commission, *shares):
            take_adjustments_back(each, reason=f"What it adjusts was rejected: {reason}"[:500], actor=actor)
        follow_adjustment(commission, reason=f"An adjustment was rejected: {reason}"[:500], actor=actor)
        close(commission, FlagOutcome.REJECTED, note=reason, actor=actor)
        after = {"status": str(commission.status), "reversed": commission.reversed, "reason": reason}
        record(actor, "commission.reject", "commission", commission.id, before=before, after=after)
    return commission


def restore(commission: Commission, *, reason: str, actor: Actor) -> Commission:
    """Give a rejected commission again: all of it, less what refunds since then would have taken, its shares too.

    It is on hold again while its hold lasts. One that was restored already stays as it is. Conflict
    `commission_not_restorable` for one that was not rejected, and when nothing of the order is left.
    """
    reason = inputs.line(reason, "reason", longest=500, required=True)
    with transaction.atomic():
        adjusted = adjusted_by(commission)
        if adjusted is not None:
            lock_with_order(adjusted)
        order = locked_order(commission)
        if commission.source is not None:
            # A doubt about it holds its shares, too.
            lock(commission.source)
        shares = lock_with_shares(commission)
        if commission.status in _REJECTABLE and commission.decisions.exists():
            return commission
        _check_restorable(commission, order)
        before = {"status": commission.status, "reversed": commission.reversed}
        now = timezone.now()
        commission.status = status_on_hold(commission, now)
        amount = _left(commission, order) - (commission.amount - commission.reversed)
        give_again(commission, amount=amount, reason=reason, at=now, actor=actor)
        give_again_with(commission, shares, order, reason=reason, at=now, actor=actor)
        for each in (commission, *shares):
            if each.status != CommissionStatus.REJECTED:
                why = f"What it adjusts was restored: {reason}"[:500]
                give_adjustments_again(each, order, reason=why, actor=actor)
        follow_adjustment(commission, reason=f"An adjustment was restored: {reason}"[:500], actor=actor)
        after = {"status": str(commission.status), "reversed": commission.reversed, "reason": reason}
        record(actor, "commission.restore", "commission", commission.id, before=before, after=after)
    return commission


def reject_many(merchant: Merchant, commission_ids: Iterable[UUID], *, reason: str, actor: Actor) -> int:
    """Reject these, or, when one of them cannot be, none; how many. Those that are rejected already are left alone."""
    chosen = merchant.commissions.filter(id__in=list(commission_ids)).exclude(status=CommissionStatus.REJECTED)
    return _each(chosen, reject, reason, actor)


def restore_many(merchant: Merchant, commission_ids: Iterable[UUID], *, reason: str, actor: Actor) -> int:
    """Restore those of these that are rejected, or, when one of them cannot be, none; how many."""
    chosen = merchant.commissions.filter(id__in=list(commission_ids), status=CommissionStatus.REJECTED)
    with transaction.atomic():
        lock_orders(merchant, chosen)
        return _each(chosen, restore, reason, actor)


def lock_orders(merchant: Merchant, chosen: "QuerySet[Commission]") -> None:
    """Lock the orders of commissions that will be restored, by id and before any commission, as everybody does."""
    orders = merchant.orders(manager="with_deleted").filter(id__in=chosen.values("order")).order_by("id")
    list(orders.select_for_update(no_key=True).values_list("id", flat=True))


def _each(chosen: "QuerySet[Commission]", verb: Callable[..., Commission], reason: str, actor: Actor) -> int:
    with transaction.atomic():
        # By id, as everybody locks them.
        commissions = list(chosen.order_by("id"))
        for commission in commissions:
            verb(commission, reason=reason, actor=actor)
    return len(commissions)


def _check(commission: Commission) -> None:
    if commission.status not in _REJECTABLE:
        raise Conflict(
            f"{_named(commission)} is {commission.get_status_display().lower()}: only a pending or approved one can be"
            " rejected. One that was paid needs its payout reversed first.",
            code="commission_not_rejectable",
        )
    if commission.amount < 0:
        raise Conflict("Record the opposite correction instead of rejecting one.", code="commission_not_rejectable")


def _check_restorable(commission: Commission, order: Order | None) -> None:
    if commission.status != CommissionStatus.REJECTED:
        raise Conflict(
            f"{_named(commission)} is {commission.get_status_display().lower()}: only a rejected one can be restored.",
            code="commission_not_restorable",
        )
    if commission.source is not None and commission.source.status == CommissionStatus.REJECTED:
        raise Conflict(
            "It was earned on a commission that is rejected: restore that one, and this one comes with it.",
            code="commission_not_restorable",
        )
    if order is not None and order.deleted_at is not None:
        raise Conflict("Its order was deleted: record it as a new order instead.", code="commission_not_restorable")
    if order is not None and order.amount and order.refunded == order.amount:
        raise Conflict("Its order was refunded in full: nothing is left to restore.", code="commission_not_restorable")


def _named(commission: Commission) -> str:
    if commission.is_by_hand:
        return "The commission by hand"
    return f"The commission on {commission.called}" if commission.is_by_rule else commission.called


def _left(commission: Commission, order: Order | None) -> int:
    """What the partner would have, had it never been rejected."""
    if order is None:
        return commission.amount
    return kept_of(commission, order, refunded=order.refunded, refunds=order.refunds.all())
