"""A commission given or taken by hand, with a reason (SPEC A15). It is posted like any other, so the books know it."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from affiliates.models import Partner, PartnerStatus
from commissions.models import Commission, CommissionStatus
from ledger.accounts import COMMISSION_EXPENSE, partner_earned
from ledger.posting import post
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.errors import Conflict, DomainError
from merchants.money import MAX_AMOUNT, display
from stats.marks import mark


def record_manual(
    *,
    partner: Partner,
    amount: int,
    currency: str,
    reason: str,
    adjusts: Commission | None = None,
    about: Mapping[str, Any] | None = None,
    actor: Actor,
) -> Commission:
    """A commission of `amount` minor units without an order, approved at once: somebody has just looked at it.

    Below zero it is a correction, which the partner's next payout in that currency takes along. One that `adjusts`
    another, whose lock the caller holds, has that one's hold instead (`commissions.adjustment`). `about` goes into its
    explanation. Conflict `partner_not_approved`: only an approved partner earns, but any can be corrected.
    """
    inputs.whole(amount, "amount", least=-MAX_AMOUNT)
    inputs.currency(currency)
    reason = inputs.line(reason, "reason", longest=500, required=True)
    if amount == 0:
        raise DomainError("A commission of nothing is none: give an amount.", code="amount_zero", field="amount")
    if amount > 0 and partner.status != PartnerStatus.APPROVED:
        raise Conflict(f"{partner.name} is {partner.status}: approve the partner first.", code="partner_not_approved")
    return correct(
        partner=partner, amount=amount, currency=currency, reason=reason, adjusts=adjusts, about=about, actor=actor
    )


def correct(
    *,
    partner: Partner,
    amount: int,
    currency: str,
    reason: str,
    adjusts: Commission | None = None,
    about: Mapping[str, Any] | None = None,
    actor: Actor,
) -> Commission:
    """The same for what follows from another decision: checked by its caller, and whatever the partner's status."""
    now = timezone.now()
    held = adjusts is not None and adjusts.status == CommissionStatus.PENDING
    with transaction.atomic():
        commission = Commission.objects.create(
            merchant_id=tenancy.current(),
            partner=partner,
            currency=currency,
            base=0,
            amount=amount,
            adjusts=adjusts,
            status=CommissionStatus.PENDING if held else CommissionStatus.APPROVED,
            held_until=adjusts.held_until if adjusts is not None and held else now,
            occurred_at=now,
            explanation={
                "manual": True,
                "reason": reason,
                "working": f"{display(amount, currency)} by hand: {reason}",
                **(about or {}),
            },
        )
        post(
            reference=f"commission:{commission.id}:accrual",
            kind="manual_commission",
            occurred_at=now,
            entries=[(COMMISSION_EXPENSE, currency, -amount), (partner_earned(partner.id), currency, amount)],
        )
        mark(partner.id, now, None)
        after = {"partner_id": str(partner.id), "amount": amount, "currency": currency, "reason": reason}
        record(actor, "commission.record_manual", "commission", commission.id, after=after)
    return commission
