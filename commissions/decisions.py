"""Taking a commission back, or giving it again, because somebody decided so. The row says who and why; the books move.

What is decided about is locked by the caller: a commission by itself, or its order first and then the order's
commissions by id, as refunds lock them. Nothing here locks the partner: who takes back after payment leaves a balance
below zero, which later payouts net, as after a refund.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from commissions.models import Commission, CommissionStatus, Decision, DecisionKind
from ledger.accounts import COMMISSION_EXPENSE, partner_earned
from ledger.posting import Posting, post_many
from merchants.audit import Actor
from merchants.edits import lock
from merchants.models import Merchant
from orders.models import Order
from stats.marks import mark_many

#: What was paid, or is being paid, stays so: what is taken back of it is owed.
PAID = (CommissionStatus.PAID, CommissionStatus.IN_PAYOUT)
#: Rows of one statement.
_BATCH = 1_000


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
    take_back_many([(commission, reason)], kind=kind, at=at, actor=actor, follows=follows)
    return taken


def take_back_many(
    commissions: Sequence[tuple[Commission, str]],
    *,
    kind: DecisionKind,
    at: datetime,
    actor: Actor,
    follows: UUID | None = None,
) -> None:
    """The same with each of these, for its reason, in a few statements however many they are."""
    decided = []
    for commission, reason in commissions:
        decided.append((commission, commission.amount - commission.reversed, reason))
        commission.reversed = commission.amount
        if commission.status not in PAID:
            rejected = kind == DecisionKind.REJECTION
            commission.status = CommissionStatus.REJECTED if rejected else CommissionStatus.REVERSED
    _decide(decided, kind, at, actor, follows)


def give_again(commission: Commission, *, amount: int, reason: str, at: datetime, actor: Actor) -> None:
    """Give back `amount` of what was taken; the caller has set the status that it has from now on."""
    give_again_many([(commission, amount, reason)], at=at, actor=actor)


def give_again_many(commissions: Sequence[tuple[Commission, int, str]], *, at: datetime, actor: Actor) -> None:
    """The same with each of these: its amount and its reason."""
    for commission, amount, _ in commissions:
        commission.reversed -= amount
    decided = [(commission, -amount, reason) for commission, amount, reason in commissions]
    _decide(decided, DecisionKind.RESTORATION, at, actor)


def _decide(
    decided: Sequence[tuple[Commission, int, str]],
    kind: DecisionKind,
    at: datetime,
    actor: Actor,
    follows: UUID | None = None,
) -> None:
    """Each with how much was taken of it, and why."""
    Commission.objects.bulk_update(
        [commission for commission, _, _ in decided],
        ["status", "reversed", "moved", "is_hidden"],
        batch_size=_BATCH,
    )
    decisions = Decision.objects.bulk_create(
        (
            Decision(
                merchant_id=commission.merchant_id,
                commission=commission,
                kind=kind,
                amount=taken,
                follows=follows,
                reason=reason[:800],
                decided_by=actor.name[:200],
            )
            for commission, taken, reason in decided
        ),
        batch_size=_BATCH,
    )
    moving = [decision for decision in decisions if decision.amount]
    for start in range(0, len(moving), _BATCH):
        post_many([_posting(decision, at) for decision in moving[start : start + _BATCH]])
    mark_many((commission.partner_id, commission.occurred_at, commission.customer_id) for commission, _, _ in decided)


def _posting(decision: Decision, at: datetime) -> Posting:
    commission = decision.commission
    return Posting(
        reference=reference(commission, decision),
        kind=f"commission_{decision.kind}",
        occurred_at=at,
        entries=[
            (partner_earned(commission.partner_id), commission.currency, -decision.amount),
            (COMMISSION_EXPENSE, commission.currency, decision.amount),
        ],
    )


def reference(commission: Commission, decision: Decision) -> str:
    """What the books call it."""
    return f"commission:{commission.id}:{decision.kind}:{decision.id}"
