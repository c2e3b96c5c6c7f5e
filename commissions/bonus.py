"""The commission that a target pays. It has no order; `bonuses.reaching` says when it is due, and its working why."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from affiliates.models import Partner
from commissions.models import Commission, CommissionStatus
from ledger.accounts import COMMISSION_EXPENSE, partner_earned
from ledger.posting import post
from merchants import tenancy
from stats.marks import mark


def accrue_bonus(
    *,
    partner: Partner,
    amount: int,
    currency: str,
    explanation: Mapping[str, Any],
    occurred_at: datetime,
    held_until: datetime,
    now: datetime,
) -> Commission:
    """A commission of `amount` minor units, on hold until `held_until`, with its way into the books.

    The caller is inside a transaction, and leaves the row of the audit log.
    """
    commission = Commission.objects.create(
        merchant_id=tenancy.current(),
        partner=partner,
        currency=currency,
        base=0,
        amount=amount,
        status=CommissionStatus.PENDING if held_until > now else CommissionStatus.APPROVED,
        held_until=held_until,
        occurred_at=occurred_at,
        explanation=dict(explanation),
    )
    post(
        reference=f"commission:{commission.id}:accrual",
        kind="commission_accrual",
        occurred_at=occurred_at,
        entries=[(COMMISSION_EXPENSE, currency, -amount), (partner_earned(partner.id), currency, amount)],
    )
    mark(partner.id, occurred_at, None)
    return commission
