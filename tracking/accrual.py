"""What was earned, as the rows that say so: a commission with its working, and its way into the books."""

from datetime import datetime, timedelta
from uuid import UUID

from ledger.accounts import COMMISSION_EXPENSE, partner_earned
from merchants.ids import new_id
from rewards.engine import Reward
from rewards.rules import Rules
from tracking.answers import CommissionShown, PartnerShown
from tracking.configuration import Configuration
from tracking.load import Known, PartnerRow, TermsRow
from tracking.plan import Plan


def own_rules(known: Known) -> dict[UUID, Rules]:
    """The partners' own rules, as far as LOAD found partners."""
    own: dict[UUID, list[TermsRow]] = {}
    for row in known.terms:
        own.setdefault(row.partner_id, []).append(row)
    return {partner_id: Rules([row.terms() for row in rows]) for partner_id, rows in own.items()}


def rules_by_level(partner: PartnerRow, own: Rules | None, configured: Configuration) -> dict[str, Rules]:
    """All rules that may decide for the partner."""
    found = {
        "partner": own,
        "group": configured.rewards.get(partner.group_id) if partner.group_id else None,
        "program": configured.rewards.get(partner.program_id),
    }
    return {level: rules for level, rules in found.items() if rules is not None}


def accrue(
    plan: Plan,
    reward: Reward,
    *,
    merchant_id: UUID,
    id: UUID,
    partner: PartnerRow,
    currency: str,
    order_id: UUID | None,
    customer_id: UUID | None,
    occurred_at: datetime,
    hold_days: int,
    now: datetime,
    level: int = 0,
    source_id: UUID | None = None,
) -> CommissionShown:
    """Plan the commission and its posting; one of nothing has no entry in the books."""
    held_until = occurred_at + timedelta(days=hold_days)
    status = "pending" if held_until > now else "approved"
    commission = CommissionShown(
        id=id,
        amount=reward.amount,
        currency=currency,
        status=status,
        reversed=0,
        base=reward.base,
        partner=PartnerShown(partner.id, partner.name),
        held_until=held_until,
        explanation=reward.explanation,
        level=level,
    )
    plan.commissions.append(
        {
            "merchant_id": str(merchant_id),
            "id": id,
            "partner_id": partner.id,
            "order_id": order_id,
            "customer_id": customer_id,
            "reward_version_id": reward.terms.id,
            "level": level,
            "source_id": source_id,
            "currency": currency,
            "base": reward.base,
            "amount": reward.amount,
            "reversed": 0,
            "status": status,
            "held_until": held_until,
            "explanation": reward.explanation,
            "occurred_at": occurred_at,
            "created_at": now,
        }
    )
    if reward.amount:
        _post(plan, str(merchant_id), commission, occurred_at)
    return commission


def _post(plan: Plan, merchant_id: str, commission: CommissionShown, occurred_at: datetime) -> None:
    transaction_id = new_id()
    plan.transactions.append(
        {
            "merchant_id": merchant_id,
            "id": transaction_id,
            "reference": f"commission:{commission.id}:accrual",
            "kind": "commission_accrual",
            "occurred_at": occurred_at,
        }
    )
    for account, amount in (
        (COMMISSION_EXPENSE, -commission.amount),
        (partner_earned(commission.partner.id), commission.amount),
    ):
        plan.entries.append(
            {
                "merchant_id": merchant_id,
                "transaction_id": transaction_id,
                "account": account,
                "currency": commission.currency,
                "amount": amount,
            }
        )
