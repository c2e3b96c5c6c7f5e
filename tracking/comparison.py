"""What came of trying a rule on history: sums by partner, month, group and currency, held against the books. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from rewards.rules import Terms


@dataclass(slots=True)
class Sum:
    """Orders and what is earned on them, in minor units of one currency, after refunds."""

    orders: int = 0
    """Of a trial of what recruiters earn: their recruits' commissions, on orders, leads and clicks."""
    stands: int = 0
    proposed: int = 0

    @property
    def difference(self) -> int:
        """What the proposal pays more, or less."""
        return self.proposed - self.stands

    def add(self, orders: int, stands: int, proposed: int) -> None:
        """Some more of them."""
        self.orders += orders
        self.stands += stands
        self.proposed += proposed


class Given(NamedTuple):
    """What one set of rules gives somebody for an order."""

    level: int
    """0 for the partner who sold, above it for recruiters."""
    partner_id: UUID
    group_id: UUID | None
    """In which they were when the order was recorded."""
    amount: int
    """What refunds leave of it, in minor units."""
    terms: Terms | None
    """None: no rule decided."""


class Cell(NamedTuple):
    """What is summed apart."""

    partner_id: UUID
    month: str
    currency: str
    group_id: UUID | None
    """The group that the partner was in when the orders were recorded."""
    is_share: bool
    """Earned as a recruiter."""


#: Who has it, by whether it was earned as a recruiter.
WHO = {False: "Partners who sold", True: "Recruiters"}

#: Why an order is booked otherwise than the rules as they stand say, in the order in which the reasons are looked for.
REASONS = {
    "moved": "went to another partner after they were recorded",
    "by_hand": "were rejected or adjusted by hand",
    "rules": "were decided by rules that were not the same then: a version was set for a time that had passed",
    "recruiters": "were shared otherwise: a recruiter's place, approval or e-mail address was not what is known now",
    "counted": "were counted otherwise for tiers or caps, after changes by hand or of groups",
}


@dataclass(slots=True)
class Comparison:
    """What came of it."""

    shares_only: bool = False
    """Whether it is about what recruiters earn alone: then it counts commissions of recruits, not orders."""
    cells: dict[Cell, Sum] = field(default_factory=dict)
    orders: Counter[tuple[str, Any, str]] = field(default_factory=Counter)
    """By what, its value and currency. One on which several earn is one, so these are not the sums of cells; but for
    partners they are, because nobody stands twice in a line."""
    partners: dict[UUID, "Whose"] = field(default_factory=dict)
    booked: Counter[str] = field(default_factory=Counter)
    """By currency: what was booked for the same orders, as it is now."""
    same: int = 0
    """Orders booked to the cent as the rules that stand say."""
    differ: Counter[str] = field(default_factory=Counter)
    """The others, by REASONS."""

    def add(self, month: str, currency: str, stands: Iterable[Given], proposed: Iterable[Given]) -> None:
        """An order, with what everybody earns on it by both sets of rules."""
        # Who stands at a level is the same on both sides.
        mine = {each.level: (each, Sum(1, stands=each.amount)) for each in stands}
        for each in proposed:
            mine.setdefault(each.level, (each, Sum(1)))[1].proposed += each.amount
        for given, gives in mine.values():
            cell = Cell(given.partner_id, month, currency, given.group_id, given.level > 0)
            self.cells.setdefault(cell, Sum()).add(1, gives.stands, gives.proposed)
        self.orders["currency", currency, currency] += 1
        self.orders["month", month, currency] += 1
        for is_share in {level > 0 for level in mine}:
            self.orders["is_share", is_share, currency] += 1
        for group_id in {given.group_id for given, _ in mine.values()}:
            self.orders["group_id", group_id, currency] += 1

    def called(self, number: int) -> str:
        """So many of what is counted, in words: `1,200 orders`, `1 commission of recruits`."""
        ending = "" if number == 1 else "s"
        return f"{number:,} commission{ending} of recruits" if self.shares_only else f"{number:,} order{ending}"

    def by(self, what: str) -> dict[tuple[Any, str], Sum]:
        """Sums by `partner_id`, `month`, `group_id` or `is_share` and currency."""
        sums: dict[tuple[Any, str], Sum] = {}
        for cell, each in self.cells.items():
            sums.setdefault((getattr(cell, what), cell.currency), Sum()).add(each.orders, each.stands, each.proposed)
        if what != "partner_id":
            for (value, currency), each in sums.items():
                each.orders = self.orders[what, value, currency]
        return sums

    def totals(self) -> dict[str, Sum]:
        """Sums by currency."""
        return {currency: each for (_, currency), each in sorted(self.by("currency").items())}


class Whose(NamedTuple):
    """A partner, as far as rules and tables need them; the group is the one of today."""

    name: str
    group_id: UUID | None
    program_id: UUID
