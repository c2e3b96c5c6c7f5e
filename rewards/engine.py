"""The reward engine: pure, exact, explained. No ORM, no clock, no I/O.

It is given an order's facts and the terms that may apply, nearest to the partner first, and says what the partner
earns and how it came to that. The same function prices an order, what is left of it after a refund, and a
backtest, so they cannot disagree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from merchants.money import display, percentage_of, round_half_up

#: From the partner outwards; the first level with terms decides (SPEC A8: always in that order).
LEVELS = ("partner", "group", "program")


@dataclass(frozen=True, slots=True)
class Terms:
    """One reward version as the engine sees it."""

    id: UUID
    level: str
    number: int
    effective_from: datetime
    kind: str
    """percentage or fixed."""
    percent: Decimal | None = None
    amount: int | None = None
    currency: str = ""
    excludes: tuple[str, ...] = ()
    ended: bool = False


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What of an order matters to a reward. Minor units of `currency`; tax, shipping, discount are parts of amount."""

    amount: int
    currency: str
    placed_at: datetime
    tax: int = 0
    shipping: int = 0
    discount: int = 0


@dataclass(frozen=True, slots=True)
class Reward:
    """What the terms give for an order: `amount` minor units computed on `base`, and the working."""

    terms: Terms
    base: int
    amount: int
    explanation: dict[str, Any]


def in_force(versions: Sequence[Terms], at: datetime) -> Terms | None:
    """The latest version that had taken effect `at` that moment; None when there is none or it ended the terms."""
    if not versions:
        return None
    effective = [terms for terms in versions if terms.effective_from <= at]
    latest = max(effective, key=lambda terms: (terms.effective_from, terms.number), default=None)
    return None if latest is None or latest.ended else latest


def base_of(order: OrderFacts, excludes: Sequence[str]) -> int:
    """The order's amount without the parts the terms leave out; never below zero."""
    left_out: int = sum(getattr(order, part) for part in excludes)
    return max(order.amount - left_out, 0)


def exact_reward(terms: Terms, base: int) -> Fraction:
    """The unrounded reward on the base."""
    if terms.kind == "percentage":
        assert terms.percent is not None
        return percentage_of(base, terms.percent)
    assert terms.amount is not None
    return Fraction(terms.amount)


def decide(order: OrderFacts, by_level: Mapping[str, Sequence[Terms]]) -> Reward | dict[str, Any]:
    """The reward of an order, or, when no terms apply, the explanation alone.

    `by_level` holds all versions known for the partner, their group and the program. The nearest level with terms
    in force at the time of the order decides, even when what it decides is nothing.
    """
    tried: list[dict[str, Any]] = []
    for level in LEVELS:
        terms = in_force(by_level.get(level, ()), order.placed_at)
        if terms is None:
            tried.append({"level": level, "outcome": "no terms in force"})
            continue
        if terms.kind == "fixed" and terms.currency != order.currency:
            tried.append({"level": level, "outcome": f"fixed in {terms.currency}, the order is in {order.currency}"})
            return {"rules": tried, "working": "Nothing: currencies are never converted."}
        tried.append({"level": level, "version": terms.number, "outcome": "applies"})
        return _apply(terms, order, tried)
    return {"rules": tried, "working": "Nothing: no reward is set for the partner, the group or the program."}


def _apply(terms: Terms, order: OrderFacts, tried: list[dict[str, Any]]) -> Reward:
    base = base_of(order, terms.excludes)
    exact = exact_reward(terms, base)
    amount = round_half_up(exact)
    explanation: dict[str, Any] = {
        "rules": tried,
        "reward": _terms_shown(terms),
        "base": {"order": order.amount, "less": {part: getattr(order, part) for part in terms.excludes}, "is": base},
        "working": _working(terms, base, order.currency, exact, amount),
    }
    if exact != amount:
        explanation["rounding"] = {"exact": f"{float(exact):.4f}", "rule": "half up"}
    return Reward(terms=terms, base=base, amount=amount, explanation=explanation)


def _terms_shown(terms: Terms) -> dict[str, Any]:
    shown: dict[str, Any] = {"version": terms.number, "level": terms.level, "kind": terms.kind}
    if terms.kind == "percentage":
        return shown | {"percent": plain(terms.percent or Decimal(0))}
    return shown | {"amount": terms.amount, "currency": terms.currency}


def _working(terms: Terms, base: int, currency: str, exact: Fraction, amount: int) -> str:
    result = display(amount, currency)
    if terms.kind == "fixed":
        return f"{result} per order"
    rounded = "" if exact == amount else ", rounded half up"
    return f"{plain(terms.percent or Decimal(0))} % of {display(base, currency)} = {result}{rounded}"


def plain(percent: Decimal) -> str:
    """A rate without trailing zeros: 10, 12.5."""
    return format(percent.normalize(), "f")


def remaining(terms: Terms, *, amount: int, base: int, order_amount: int, refunded: int) -> int:
    """What of a commission of `amount` remains when `refunded` of the order's amount was given back.

    Minor units. The base shrinks in proportion, the same terms are applied to what is left, and the result is
    rounded once; so any sequence of refunds ends where one refund of their sum would, exactly at zero on a full one.
    """
    if refunded >= order_amount:
        return 0
    share = Fraction(order_amount - refunded, order_amount)
    return min(round_half_up(exact_reward(terms, base) * share), amount)
