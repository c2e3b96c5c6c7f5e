"""Rejecting a commission that has not been paid: all of it goes back, in the books too."""

from django.db import transaction
from django.utils import timezone

from commissions.flags import close
from commissions.models import Commission, CommissionStatus, FlagOutcome
from ledger.accounts import COMMISSION_EXPENSE, partner_earned
from ledger.posting import post
from merchants import inputs
from merchants.audit import Actor, record
from merchants.edits import lock
from merchants.errors import Conflict
from stats.marks import mark

_REJECTABLE = (CommissionStatus.PENDING, CommissionStatus.APPROVED)


def reject(commission: Commission, *, reason: str, actor: Actor) -> Commission:
    """Take back what the partner still has of a pending or approved commission; it counts as reversed in full.

    Conflict `commission_not_rejectable` in any other status (reverse the payout first), and for a correction
    below zero (record the opposite one instead).
    """
    reason = inputs.line(reason, "reason", longest=500, required=True)
    with transaction.atomic():
        lock(commission)
        _check(commission)
        before = {"status": commission.status, "reversed": commission.reversed}
        taken = commission.amount - commission.reversed
        commission.status = CommissionStatus.REJECTED
        commission.reversed = commission.amount
        commission.save(update_fields=["status", "reversed"])
        if taken:
            _post(commission, taken)
        close(commission, FlagOutcome.REJECTED, note=reason, actor=actor)
        mark(commission.partner_id, commission.occurred_at, commission.customer_id)
        after = {"status": str(commission.status), "reversed": commission.reversed, "reason": reason}
        record(actor, "commission.reject", "commission", commission.id, before=before, after=after)
    return commission


def _check(commission: Commission) -> None:
    if commission.status not in _REJECTABLE:
        raise Conflict(
            f"This commission is {commission.get_status_display().lower()}: only a pending or approved one can be"
            " rejected. One that was paid needs its payout reversed first.",
            code="commission_not_rejectable",
        )
    if commission.amount < 0:
        raise Conflict("Record the opposite correction instead of rejecting one.", code="commission_not_rejectable")


def _post(commission: Commission, taken: int) -> None:
    post(
        reference=f"commission:{commission.id}:rejection",
        kind="commission_rejection",
        occurred_at=timezone.now(),
        entries=[
            (partner_earned(commission.partner_id), commission.currency, -taken),
            (COMMISSION_EXPENSE, commission.currency, taken),
        ],
    )
