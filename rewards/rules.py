"""What rules there are, which version of each is in force, and in which order they are asked. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from rewards.details import PLAIN, Details

#: From the partner outwards (SPEC A8: always in that order).
LEVELS = ("partner", "group", "program")


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of a rule as the engine sees it."""

    id: UUID
    level: str
    number: int
    effective_from: datetime
    kind: str
    """percentage or fixed."""
    percent: Decimal | None = None
    amount: int | None = None
    currency: str = ""
    """Of every amount that the rule names; empty when it names none, and then it decides orders in any."""
    excludes: tuple[str, ...] = ()
    ended: bool = False
    rule: UUID | None = None
    """The chain it is a version of; None is the owner's basic rule."""
    details: Details = PLAIN


class Rules:
    """All versions of the rules of one owner, ready to be asked what is in force."""

    def __init__(self, versions: Sequence[Terms]) -> None:
        self.versions = tuple(versions)
        # Of any version ever: counting that has begun does not stop, or the counts would have holes.
        self.counts_month = any(terms.details.counts_month for terms in versions)
        self.counts_lifetime = any(terms.details.counts_lifetime for terms in versions)
        self.counts_customer = any(terms.details.counts_customer for terms in versions)
        self._settled_at = max((terms.effective_from for terms in versions), default=None)
        self._settled: dict[str, tuple[Terms, ...]] = {}

    def in_force(self, at: datetime, event: str = "sale") -> tuple[Terms, ...]:
        """The rules for such an event in force `at` that moment, in the order in which they are asked."""
        if self._settled_at is None:
            return ()
        if at < self._settled_at:
            return self._at(at, event)
        if event not in self._settled:
            self._settled[event] = self._at(at, event)
        return self._settled[event]

    def _at(self, at: datetime, event: str) -> tuple[Terms, ...]:
        chains: dict[UUID | None, list[Terms]] = {}
        for terms in self.versions:
            chains.setdefault(terms.rule, []).append(terms)
        running = (in_force(chain, at) for chain in chains.values())
        found = [terms for terms in running if terms is not None and terms.details.event == event]
        return tuple(found if len(found) < 2 else sorted(found, key=precedence))


def asked(by_level: Mapping[str, Rules], at: datetime, event: str = "sale") -> Iterator[Terms]:
    """The rules for such an event in force `at` that moment, of partner, group and program, as they are asked."""
    for level in LEVELS:
        if level in by_level:
            yield from by_level[level].in_force(at, event)


def in_force(versions: Sequence[Terms], at: datetime) -> Terms | None:
    """The latest version of one rule that had taken effect `at` that moment; None when there is none or it ended."""
    effective = [terms for terms in versions if terms.effective_from <= at]
    latest = max(effective, key=lambda terms: (terms.effective_from, terms.number), default=None)
    return None if latest is None or latest.ended else latest


def precedence(terms: Terms) -> tuple[Any, ...]:
    """What rules are sorted by: the first that matches decides."""
    since = terms.effective_from.timestamp()
    return LEVELS.index(terms.level), -terms.details.conditions, -since, -terms.number, -terms.id.int
