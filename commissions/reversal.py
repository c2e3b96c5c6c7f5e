"""Taking back what a refund has undone (SPEC A16).

What a commission keeps is what its parts, as they were decided at the sale, come to for what is left of the order;
everything else goes back, less what went back before (`rewards.keeping` states the rule, `levels.kept` that of what
recruiters earned on it). So partial refunds in any number and order end where one of all of them would, a full refund
ends exactly at zero, and nothing overshoots. After payment the partner's balance goes below zero, and later payouts net
it.
"""

from collections.abc import Iterable

from commissions.models import Commission, CommissionStatus, Reversal
from ledger.accounts import COMMISSION_EXPENSE, partner_earned
from ledger.posting import post
from merchants.money import MINUS, display
from orders.models import Order, Refund
from rewards import levels
from rewards.keeping import parts_of, remaining


def reverse_for_refund(*, order: Order, refund: Refund) -> list[Reversal]:
    """Reverse the order's commissions down to what is left of it; `order.refunded` already includes `refund`.

    The order is locked, so its commissions are reversed by one transaction at a time; they are locked too, because
    a payout may be choosing them (it locks commissions in the same order, by id).
    """
    commissions = (
        # One that went to another partner with its customer has nothing left; the order's new one is among these.
        order.commissions.exclude(status=CommissionStatus.REJECTED)
        .filter(moved=0)
        .select_related("reward_version", "partner", "source__reward_version")
        .select_for_update(of=("self",), no_key=True)
        .order_by("id")
    )
    refunds = list(order.refunds.all())
    reversals = [_reverse(commission, order, refund, order.refunded, refunds) for commission in commissions]
    return [reversal for reversal in reversals if reversal is not None]


def reverse_for_earlier_refunds(*, order: Order, commission: Commission) -> None:
    """Take back of a commission that is newer than its order's refunds what these would have taken, one by one.

    The order is locked.
    """
    refunded = 0
    so_far: list[Refund] = []
    for refund in order.refunds.order_by("id"):
        refunded += refund.amount
        so_far.append(refund)
        _reverse(commission, order, refund, refunded, so_far)


def kept_of(commission: Commission, order: Order, *, refunded: int, refunds: Iterable[Refund]) -> int:
    """What the order leaves of a commission when `refunded` of it was given back, by these refunds. Minor units.

    What a recruiter earned keeps what the recruit's commission would keep, in proportion.
    """
    if commission.source is not None:
        source = commission.source
        source_keeps = kept_of(source, order, refunded=refunded, refunds=refunds)
        return levels.kept(commission.explanation, commission.amount, source=source.amount, source_keeps=source_keeps)
    assert commission.reward_version is not None, "a commission of an order has terms"
    parts = parts_of(
        commission.explanation,
        commission.reward_version.terms(),
        order_amount=order.amount,
        base=commission.base,
        amount=commission.amount,
    )
    by_line: dict[int, int] = {}
    for refund in refunds:
        for line in refund.lines:
            by_line[line["line"]] = by_line.get(line["line"], 0) + line["amount"]
    return remaining(parts, order_amount=order.amount, refunded=refunded, by_line=by_line)


def _reverse(
    commission: Commission, order: Order, refund: Refund, refunded: int, refunds: Iterable[Refund]
) -> Reversal | None:
    """Down to what is left of the order when `refunded` of it was given back, the last part of it by `refund`."""
    keeps = kept_of(commission, order, refunded=refunded, refunds=refunds)
    # Of a share that was paid, and went back when its source was rejected, nothing is left to take.
    taken = max(commission.amount - keeps - commission.reversed, 0)
    commission.reversed += taken
    if refunded == order.amount and commission.status in (CommissionStatus.PENDING, CommissionStatus.APPROVED):
        commission.status = CommissionStatus.REVERSED
    commission.save(update_fields=["reversed", "status"])
    if taken == 0:
        return None
    reversal = commission.reversals.create(
        merchant_id=commission.merchant_id,
        refund=refund,
        amount=taken,
        working=_working(commission, order.amount - refunded, keeps, taken),
    )
    post(
        reference=f"commission:{commission.id}:reversal:{refund.id}",
        kind="commission_reversal",
        occurred_at=refund.refunded_at,
        entries=[
            (partner_earned(commission.partner_id), commission.currency, -taken),
            (COMMISSION_EXPENSE, commission.currency, taken),
        ],
    )
    return reversal


def _working(commission: Commission, left_of_order: int, keeps: int, taken: int) -> str:
    left = display(left_of_order, commission.currency)
    earned = display(commission.amount, commission.currency)
    before = commission.reversed - taken
    already = f" {MINUS} {display(before, commission.currency)} taken back before" if before else ""
    return (
        f"{earned} {MINUS} {display(keeps, commission.currency)} for the {left} left of the order{already}"
        f" = {display(taken, commission.currency)}"
    )
