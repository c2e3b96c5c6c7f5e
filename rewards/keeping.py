"""What refunds leave of a commission, from what was written down when it was made. Pure.

A refund takes back in proportion. What minimum, maximum, tier and caps made of a part at the sale stays as it was
decided; the part shrinks with what is left of the money it was computed on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from merchants.money import round_half_up
from rewards.engine import Rate
from rewards.rules import Terms


@dataclass(frozen=True, slots=True)
class KeptPart:
    """A part of a commission as it was decided, for what refunds leave of it. Minor units."""

    lines: tuple[int, ...] | None
    gross: int
    exact: Fraction
    amount: int


def parts_of(
    explanation: Mapping[str, Any], terms: Terms, *, order_amount: int, base: int, amount: int
) -> list[KeptPart]:
    """The parts of a commission from its working; a plain one is a single part that terms and base describe."""
    kept = explanation.get("parts")
    if kept is None:
        exact = Rate(terms.percent, terms.amount).of_base(base)
        return [KeptPart(None, order_amount, exact, amount)]
    return [
        KeptPart(
            None if part["lines"] is None else tuple(part["lines"]),
            part["gross"],
            Fraction(Decimal(part["exact"])),
            part["gives"],
        )
        for part in kept
    ]


def remaining(
    parts: Sequence[KeptPart], *, order_amount: int, refunded: int, by_line: Mapping[int, int] | None = None
) -> int:
    """What of a commission remains when `refunded` of the order's amount was given back. Minor units.

    `by_line` says how much of that was given back on which line. With a of the order's amount, r of it given back by
    line and u without naming one, a part of gross g of whose lines p was given back keeps
    (g - p) / g * (a - r - u) / (a - r) of what it was: first the named lines go, then the rest shrinks in proportion.
    It does not matter in which order refunds came; each can only lower it, and a full refund ends at zero. What earned
    nothing takes nothing back when it is returned.
    """
    if refunded >= order_amount:
        return 0
    named = sum((by_line or {}).values())
    shrunk = Fraction(order_amount - refunded, order_amount - named)
    kept = 0
    for part in parts:
        lines = by_line or {}
        gone = named if part.lines is None else sum(lines.get(line, 0) for line in part.lines)
        share = Fraction(max(part.gross - gone, 0), part.gross) * shrunk if part.gross else Fraction(0)
        kept += min(round_half_up(part.exact * share), part.amount)
    return kept
