"""Giving money back on an order: how much may still be given, and the row that says it was.

The order is locked first, so that refunds of one order come one after another and together never exceed it.
"""

from collections.abc import Sequence
from datetime import datetime

from merchants.errors import DomainError
from merchants.money import display
from orders.models import Order, Refund


def give_back(
    order: Order,
    *,
    external_id: str,
    fingerprint: str,
    amount: int | None,
    lines: Sequence[tuple[int, int | None]],
    reason: str,
    refunded_at: datetime,
) -> Refund:
    """Record a refund of a locked order: `amount`, or by `lines` (position, amount), or all that is left.

    Minor units of the order's currency. DomainError when more would be given back than there is.
    """
    left = order.amount - order.refunded
    shown = _by_line(order, lines)
    total = sum(line["amount"] for line in shown) if shown else left if amount is None else amount
    if amount is not None and shown and amount != total:
        raise DomainError(
            f"The lines come to {total}, amount says {amount}: send one of the two.",
            code="refund_contradicts_lines",
            field="amount",
        )
    if total > left or total == 0:
        raise DomainError(
            f"Only {display(left, order.currency)} of order {order.external_id} is left to refund.",
            code="refund_exceeds_order",
            field="lines" if shown else "amount",
            left=left,
        )
    refund = order.refunds.create(
        merchant_id=order.merchant_id,
        external_id=external_id,
        fingerprint=fingerprint,
        amount=total,
        lines=shown,
        reason=reason,
        refunded_at=refunded_at,
    )
    order.refunded += total
    order.save(update_fields=["refunded"])
    return refund


def _by_line(order: Order, lines: Sequence[tuple[int, int | None]]) -> list[dict[str, int]]:
    left = _left_of_lines(order) if lines else []
    shown: list[dict[str, int]] = []
    for i, (position, asked) in enumerate(lines):
        if position >= len(left):
            raise DomainError(
                f"The order has {len(left)} lines, counted from 0; there is no line {position}.",
                code="line_unknown",
                field=f"lines[{i}].line",
            )
        amount = left[position] if asked is None else asked
        if amount > left[position] or amount == 0:
            raise DomainError(
                f"Only {display(left[position], order.currency)} of line {position} is left to refund.",
                code="refund_exceeds_line",
                field=f"lines[{i}].amount",
                left=left[position],
            )
        left[position] -= amount
        shown.append({"line": position, "amount": amount})
    return shown


def _left_of_lines(order: Order) -> list[int]:
    left = [line["amount"] for line in order.lines]
    for refund in order.refunds.all():
        for line in refund.lines:
            left[line["line"]] -= line["amount"]
    return left
