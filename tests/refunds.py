"""Orders, rules and refunds of any kind, in any currency, for properties. Amounts are small so that rounding shows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from rewards.basket import OrderFacts, OrderLine
from rewards.details import Tier
from rewards.rules import Terms
from tests.rewards.rules import NOON, numbered, rule

KEYS = ("book", "pen", "")
#: Minor units: of a yen order as of one in dinars.
AMOUNTS = st.integers(0, 3_000)
PERCENTS = st.decimals(min_value=0, max_value=100, places=4, allow_nan=False).map(str)


@dataclass(frozen=True, slots=True)
class Back:
    """One refund: of the whole order, or by line."""

    amount: int
    lines: dict[int, int] = field(default_factory=dict)


@st.composite
def rules_for(draw: Callable[[Any], Any], currency: str) -> Terms:
    """A percentage, a fixed amount, for the order or each line, with tiers, a floor, a ceiling and caps, or without."""
    rate = draw(PERCENTS | AMOUNTS)
    is_percentage = isinstance(rate, str)
    low, high = sorted(draw(st.tuples(AMOUNTS, AMOUNTS)))
    maybe = lambda value: draw(st.sampled_from([None, value]))  # noqa: E731 - of what was drawn or nothing
    steps = sorted(draw(st.sets(st.integers(1, 5), max_size=2)))
    said: dict[str, Any] = {
        "per_line": draw(st.booleans()),
        "product_keys": draw(st.sampled_from([(), ("book",), ("book", "pen")])),
        "cap_order": maybe(high),
        "cap_month": maybe(high),
        "cap_customer": maybe(high),
        "tiers": tuple(draw(_tiers(step)) for step in steps),
    }
    if is_percentage:
        said |= {"minimum": maybe(low), "maximum": maybe(high), "excludes": draw(_EXCLUDES)}
    return rule(
        rate, currency=currency, id=numbered(draw(st.integers(1, 10**9))), level=draw(_LEVELS),
        effective_from=NOON - timedelta(days=draw(st.integers(0, 2))), **said,
    )  # fmt: skip


def _tiers(step: int) -> st.SearchStrategy[Tier]:
    """Another percentage or another amount from the order `step` on."""
    by_percent = PERCENTS.map(lambda percent: Tier(step, percent=Decimal(percent)))
    return by_percent | AMOUNTS.map(lambda amount: Tier(step, amount=amount))


_EXCLUDES = st.sets(st.sampled_from(["tax", "shipping", "discount"])).map(tuple)
_LEVELS = st.sampled_from(["partner", "group", "program"])


@st.composite
def baskets(draw: Callable[[Any], Any], currency: str) -> OrderFacts:
    """An order with lines or without, a discount on all of it, and shipping that is in no line."""
    lines = draw(st.lists(st.tuples(st.sampled_from(KEYS), AMOUNTS), max_size=4))
    total = sum(amount for _, amount in lines)
    discount = draw(st.integers(0, total // 2))
    amount = max(total - discount + draw(st.integers(0, 500)), 1)
    # Tax and shipping have room beside the discount: no sale says more of itself than its amount.
    most = max(amount - discount, 0) // 2
    tax, shipping = draw(st.integers(0, most)), draw(st.integers(0, most))
    return OrderFacts(
        amount=amount, currency=currency, placed_at=NOON, tax=tax, shipping=shipping, discount=discount, is_new=True,
        lines=tuple(OrderLine(of, key) for key, of in lines),
    )  # fmt: skip


@st.composite
def refunds_of(draw: Callable[[Any], Any], facts: OrderFacts) -> list[Back]:
    """Refunds that the order has room for, by amount, by line and by several lines at once; often all of it."""
    left, lines = facts.amount, [line.amount for line in facts.lines]
    backs: list[Back] = []
    for _ in range(draw(st.integers(0, 6))):
        if left == 0:
            break
        named: dict[int, int] = {}
        for line in draw(st.sets(st.integers(0, max(len(lines) - 1, 0)), max_size=2)) if lines else ():
            most = min(lines[line], left - sum(named.values()))
            if most:
                named[line] = draw(st.integers(1, most))
        for line, amount in named.items():
            lines[line] -= amount
        amount = sum(named.values()) or draw(st.integers(1, left))
        left -= amount
        backs.append(Back(amount, named))
    if left and draw(st.booleans()):
        backs.append(Back(left))
    return backs
