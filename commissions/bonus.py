"""The commissions that targets pay. They have no order; `bonuses.reaching` says when one is due, its working why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from affiliates.models import Partner
from commissions.models import Commission, CommissionStatus
from ledger.accounts import COMMISSION_EXPENSE, partner_earned
from ledger.posting import Posting, post_many
from merchants import tenancy
from stats.marks import mark_many

#: Rows of one statement.
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Reached:
    """A target that a partner reached, and what it pays."""

    partner: Partner
    amount: int
    """Minor units of `currency`."""
    currency: str
    explanation: Mapping[str, Any]
    occurred_at: datetime
    held_until: datetime


def accrue_bonuses(reached: Sequence[Reached], *, now: datetime) -> list[Commission]:
    """A commission for each, in the same order, on hold as long as it says, with its way into the books.

    A few statements for each thousand. The caller is inside a transaction, and leaves the rows of the audit log.
    """
    commissions = Commission.objects.bulk_create(
        (
            Commission(
                merchant_id=tenancy.current(),
                partner=each.partner,
                currency=each.currency,
                base=0,
                amount=each.amount,
                status=CommissionStatus.PENDING if each.held_until > now else CommissionStatus.APPROVED,
                held_until=each.held_until,
                occurred_at=each.occurred_at,
                explanation=dict(each.explanation),
            )
            for each in reached
        ),
        batch_size=_BATCH,
    )
    for start in range(0, len(commissions), _BATCH):
        post_many([_posting(commission) for commission in commissions[start : start + _BATCH]])
    mark_many((commission.partner_id, commission.occurred_at, None) for commission in commissions)
    return commissions


def _posting(commission: Commission) -> Posting:
    return Posting(
        reference=f"commission:{commission.id}:accrual",
        kind="commission_accrual",
        occurred_at=commission.occurred_at,
        entries=[
            (COMMISSION_EXPENSE, commission.currency, -commission.amount),
            (partner_earned(commission.partner_id), commission.currency, commission.amount),
        ],
    )
