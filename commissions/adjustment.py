"""Adjusting what a partner gets of a commission, with a reason (SPEC A15).

The commission stays as it was computed: its working explains it. The difference becomes a commission by hand that names
the one it adjusts, paid or not, so the next payout carries it and the books show both.
"""

from django.db import transaction
from django.db.models import F, Sum
from django.db.models.fields.json import KT

from commissions.manual import correct, record_manual
from commissions.models import Commission, CommissionQuerySet, CommissionStatus
from merchants import inputs
from merchants.audit import Actor
from merchants.edits import lock
from merchants.errors import Conflict, DomainError

_FINAL = (CommissionStatus.REVERSED, CommissionStatus.REJECTED)


def worth(commission: Commission) -> int:
    """What the partner has of it now, earlier adjustments included. Minor units."""
    adjusted = adjustments_of(commission).aggregate(sum=Sum(F("amount") - F("reversed")))["sum"]
    return commission.amount - commission.reversed + int(adjusted or 0)


def adjustments_of(commission: Commission) -> "CommissionQuerySet":
    """The commissions by hand that adjust this one."""
    mine = commission.partner.commissions.filter(order=None, currency=commission.currency)
    return mine.annotate(adjusts=KT("explanation__adjusts")).filter(adjusts=str(commission.id)).order_by("id")


def adjust(commission: Commission, *, amount: int, reason: str, actor: Actor) -> Commission:
    """Make the commission worth `amount` to the partner; the difference as a commission of its own.

    So it is also with one that was paid: what was paid stays, and the next payout carries the difference. DomainError
    `nothing_to_adjust` when it is worth that already. Conflict `commission_final` for one that is reversed
    or rejected: record a commission by hand instead.
    """
    inputs.whole(amount, "amount")
    with transaction.atomic():
        lock(commission)
        if commission.status in _FINAL or commission.order_id is None:
            raise Conflict(
                f"This commission is {commission.get_status_display().lower()}: record one by hand instead."
                if commission.order_id
                else "A commission without an order is not adjusted: record another one by hand.",
                code="commission_final",
            )
        difference = amount - worth(commission)
        if difference == 0:
            raise DomainError("It is worth that already.", code="nothing_to_adjust", field="amount")
        return record_manual(
            partner=commission.partner,
            amount=difference,
            currency=commission.currency,
            reason=reason,
            adjusts=commission,
            actor=actor,
        )


def take_adjustments_back(commission: Commission, *, reason: str, actor: Actor) -> int:
    """Undo what adjustments made of a commission that is taken back; how much they had come to. Minor units.

    As a correction of its own, since some of them may be paid.
    """
    adjusted = adjustments_of(commission).aggregate(sum=Sum(F("amount") - F("reversed")))["sum"] or 0
    if adjusted:
        correct(
            partner=commission.partner,
            amount=-adjusted,
            currency=commission.currency,
            reason=reason,
            adjusts=commission,
            actor=actor,
        )
    return int(adjusted)
