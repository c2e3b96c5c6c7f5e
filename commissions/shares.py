"""What recruiters earned on a commission follows it: what takes the one back takes the others back with it (SPEC A16).

A refund, a deletion and a re-attribution go through all commissions of an order, those of recruiters among them. A
rejection and a restoration are about one commission, and what was earned on it goes along here. An adjustment is a
commission by hand, which is shared with nobody. A share that was paid meanwhile stays paid and is owed, as after a
refund; one that had been rejected by itself stays rejected, whatever becomes of its source.
"""

from datetime import datetime

from commissions.decisions import give_again, take_back
from commissions.hold import status_on_hold
from commissions.models import Commission, CommissionQuerySet, CommissionStatus, Decision, DecisionKind
from commissions.reversal import kept_of
from merchants.audit import Actor
from merchants.edits import lock
from orders.models import Order


def lock_with_shares(commission: Commission) -> list[Commission]:
    """Lock a commission, read it again, and return what recruiters earned on it; all by id, as refunds lock them."""
    both = type(commission).objects.filter(id=commission.id) | shares_of(commission)
    rows = both.select_for_update(of=("self",), no_key=True).select_related("partner", "reward_version").order_by("id")
    shares = [row for row in rows if row.id != commission.id]
    lock(commission)
    return shares


def shares_of(commission: Commission) -> CommissionQuerySet:
    """What recruiters earned on it, the nearest first."""
    return Commission.objects.filter(merchant_id=commission.merchant_id, source=commission.id).order_by("level", "id")


def take_back_with(source: Commission, shares: list[Commission], *, reason: str, at: datetime, actor: Actor) -> None:
    """Take back the locked `shares` of a source that was rejected just now."""
    followed = _rejection_of(source)
    assert followed is not None, "shares go with a rejection"
    why = f"What the recruit earned was rejected: {reason}"
    for share in shares:
        if share.status != CommissionStatus.REJECTED and share.reversed < share.amount:
            take_back(share, kind=DecisionKind.REJECTION, reason=why, at=at, actor=actor, follows=followed.id)


def give_again_with(
    source: Commission, shares: list[Commission], order: Order | None, *, reason: str, at: datetime, actor: Actor
) -> None:
    """Give the locked `shares` again that went with the rejection of `source`, which was restored just now."""
    followed = _rejection_of(source)
    refunds = list(order.refunds.all()) if order is not None else []
    why = f"What the recruit earned was restored: {reason}"
    for share in shares:
        mine = _rejection_of(share)
        if followed is None or mine is None or mine.follows != followed.id:
            continue
        if share.status == CommissionStatus.REJECTED:
            share.status = status_on_hold(share, at)
        left = share.amount
        if order is not None:
            share.source = source
            left = kept_of(share, order, refunded=order.refunded, refunds=refunds)
        give_again(share, amount=left - (share.amount - share.reversed), reason=why, at=at, actor=actor)


def _rejection_of(commission: Commission) -> Decision | None:
    """The last rejection of a commission."""
    return commission.decisions.filter(kind=DecisionKind.REJECTION).order_by("-id").first()
