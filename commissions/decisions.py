"""Taking a commission back, or giving it again, because somebody decided so. The row says who and why; the books move.

What is decided about is locked by the caller: a commission by itself, or its order first and then the order's
commissions by id, as refunds lock them. Nothing here locks the partner: who takes back after payment leaves a balance
below zero, which later payouts net, as after a refund.
"""

from datetime import datetime
from uuid import UUID

from commissions.models import Commission, CommissionStatus, Decision, DecisionKind
from ledger.accounts import COMMISSION_EXPENSE, partner_earned
from ledger.posting import post
from merchants.audit import Actor
from merchants.edits import lock
from merchants.models import Merchant
from orders.models import Order
from stats.marks import mark

#: What was paid, or is being paid, stays so: what is taken back of it is owed.
PAID = (CommissionStatus.PAID, CommissionStatus.IN_PAYOUT)


def locked_order(commission: Commission) -> Order | None:
    """A commission's order, locked before it, as refunds lock them: what is left of it shall not change meanwhile."""
    if commission.order_id is None:
        return None
    orders = Merchant(id=commission.merchant_id).orders(manager="with_deleted")
    found: Order = orders.select_for_update(no_key=True).get(id=commission.order_id)
    return found


def lock_with_order(commission: Commission) -> Order | None:
    """Lock a commission, before it its order, which is returned."""
    order = locked_order(commission)
    lock(commission)
    return order


def take_back(
    commission: Commission,
    *,
    kind: DecisionKind,
    reason: str,
    at: datetime,
    actor: Actor,
    follows: UUID | None = None,
) -> int:
    """Take back all that the partner still has of it; how much that was, in minor units.

    It becomes rejected or reversed, by `kind`, unless it was paid. Other columns that the caller changed are saved too.
    `follows` names the decision about the commission of a recruit that this one goes with.
    """
    taken = commission.amount - commission.reversed
    commission.reversed = commission.amount
    if commission.status not in PAID:
        rejected = kind == DecisionKind.REJECTION
        commission.status = CommissionStatus.REJECTED if rejected else CommissionStatus.REVERSED
    _decide(commission, kind, taken, reason, at, actor, follows)
    return taken


def give_again(commission: Commission, *, amount: int, reason: str, at: datetime, actor: Actor) -> None:
    """Give back `amount` of what was taken; the caller has set the status that it has from now on."""
    commission.reversed -= amount
    _decide(commission, DecisionKind.RESTORATION, -amount, reason, at, actor)


def _decide(
    commission: Commission,
    kind: DecisionKind,
    taken: int,
    reason: str,
    at: datetime,
    actor: Actor,
    follows: UUID | None = None,
) -> None:
    commission.save(update_fields=["status", "reversed", "moved", "is_hidden"])
    decision = commission.decisions.create(
        merchant_id=commission.merchant_id,
        kind=kind,
        amount=taken,
        follows=follows,
        reason=reason[:800],
        decided_by=actor.name[:200],
    )
    if taken:
        post(
            reference=reference(commission, decision),
            kind=f"commission_{kind}",
            occurred_at=at,
            entries=[
                (partner_earned(commission.partner_id), commission.currency, -taken),
                (COMMISSION_EXPENSE, commission.currency, taken),
            ],
        )
    mark(commission.partner_id, commission.occurred_at, commission.customer_id)


def reference(commission: Commission, decision: Decision) -> str:
    """What the books call it."""
    return f"commission:{commission.id}:{decision.kind}:{decision.id}"
