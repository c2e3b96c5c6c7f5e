"""How a commission was worked out, from its explanation, as the pages of staff and of partners show it (SPEC A14).

The engine writes a working as a sentence for every part that a rule decided. Here is what else is in an explanation and
has to be told: which rule each part is of, and which lines no rule decided.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from commissions.models import Commission
from merchants.money import EXPONENTS, display, display_number


class Part(NamedTuple):
    """What one rule made of its part of the order; `lines` as people count them, empty for all that was open."""

    level: str
    name: str
    version: int
    lines: tuple[int, ...]
    working: str
    gives: int
    counted: str
    """What of its money counts, where that is not all of it: a sentence, or empty."""


class LeftOut(NamedTuple):
    """A line that no rule decided; `number` as people count."""

    number: int
    product_key: str
    amount: int


def parts_of(commission: Commission) -> list[Part]:
    """The parts, where the terms and the base alone do not say it all; else none."""
    return [
        Part(
            level=part["level"],
            name=part.get("name", ""),
            version=part["version"],
            lines=tuple(line + 1 for line in part["lines"] or ()),
            working=part["working"],
            gives=part["gives"],
            counted=_counted(part, commission.currency),
        )
        for part in commission.explanation.get("parts", ())
    ]


def _counted(part: Mapping[str, Any], currency: str) -> str:
    if part["gross"] == part["base"]:
        return ""
    less = part.get("excludes", ())
    said = f"{display(part['base'], currency)} of {display(part['gross'], currency)} counts"
    return f"{said}: without {', '.join(less)}" if less else said


def lines_left_out(commission: Commission) -> list[LeftOut]:
    """The lines of the order that earned nothing, because no rule in force was for them."""
    if commission.order is None:
        return []
    lines = commission.order.lines
    return [
        LeftOut(at + 1, lines[at]["product_key"], lines[at]["amount"])
        for at in commission.explanation.get("left_out", ())
    ]


def exact_of(commission: Commission) -> str:
    """The amount before it was rounded, in units of the currency; empty when nothing was rounded."""
    exact = commission.explanation.get("rounding", {}).get("exact")
    if exact is None:
        return ""
    return display_number(Decimal(exact).scaleb(-EXPONENTS[commission.currency]).normalize(), commission.currency)
