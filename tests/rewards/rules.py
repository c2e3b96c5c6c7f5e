"""Rules and orders as tests of the engine write them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from rewards import engine
from rewards.basket import OrderFacts, OrderLine
from rewards.conditions import NOTHING_YET, Standing
from rewards.details import Details, Tier
from rewards.engine import Reward
from rewards.keeping import parts_of, remaining
from rewards.rules import LEVELS, Rules, Terms

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_TERMS = {"level", "number", "effective_from", "excludes", "ended", "id", "currency"}


def rule(rate: str | int, *, currency: str = "", **said: Any) -> Terms:
    """A rule of its own: a text is a percentage, a whole number an amount; the rest as Terms or Details call it."""
    own = {name: said.pop(name) for name in _TERMS & said.keys()}
    details = Details(**said)
    is_fixed = isinstance(rate, int)
    needs = is_fixed or details.names_amounts
    facts: dict[str, Any] = {
        "id": uuid4(), "rule": uuid4(), "level": "program", "number": 1, "effective_from": NOON - timedelta(days=90),
        "kind": "fixed" if is_fixed else "percentage", "percent": None if is_fixed else Decimal(rate),
        "amount": rate if is_fixed else None, "currency": (currency or "USD") if needs else currency,
        "details": details,
    }  # fmt: skip
    return Terms(**facts | own)


def tier(start: int, percent: str) -> Tier:
    """Another percentage from `start` on."""
    return Tier(start, percent=Decimal(percent))


def order(amount: int = 0, *lines: tuple[str, int], **facts: Any) -> OrderFacts:
    """An order of a new customer at noon; lines as (product key, amount), by whose sum the amount goes when it is 0."""
    positions = tuple(OrderLine(of, key, facts.get("category", "")) for key, of in lines)
    facts.pop("category", None)
    total = amount or sum(of for _, of in lines)
    return OrderFacts(**{"currency": "USD", "placed_at": NOON, "is_new": True} | facts, amount=total, lines=positions)


def levels(*rules: Terms) -> dict[str, Rules]:
    """The rules by their level."""
    return {level: Rules([each for each in rules if each.level == level]) for level in LEVELS}


def earned(facts: OrderFacts, *rules: Terms, standing: Standing = NOTHING_YET, event: str = "sale") -> Reward:
    """What the rules give, which must be something."""
    found = engine.decide(facts, levels(*rules), standing=standing, event=event)
    assert isinstance(found, Reward), found
    return found


def refused(facts: OrderFacts, *rules: Terms, standing: Standing = NOTHING_YET) -> list[str]:
    """Why none of the rules gives anything, in the order in which they were asked."""
    found = engine.decide(facts, levels(*rules), standing=standing)
    assert not isinstance(found, Reward), found
    return [tried["outcome"] for tried in found["rules"] if "version" in tried]


def kept(reward: Reward, facts: OrderFacts, refunded: int, by_line: dict[int, int] | None = None) -> int:
    """What refunds leave of it."""
    parts = parts_of(
        reward.explanation, reward.terms, order_amount=facts.amount, base=reward.base, amount=reward.amount
    )
    return remaining(parts, order_amount=facts.amount, refunded=refunded, by_line=by_line)


def numbered(at: int) -> UUID:
    """Ids in a known order."""
    return UUID(int=at)
