"""What came of trying a rule on history: sums by partner, month, group and currency, held against the books. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID


@dataclass(slots=True)
class Sum:
    """Orders and what they earn, in minor units of one currency, after refunds."""

    orders: int = 0
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


class Cell(NamedTuple):
    """What is summed apart."""

    partner_id: UUID
    month: str
    currency: str
    group_id: UUID | None
    """The group that the partner was in when the orders were recorded."""


#: Why an order is booked otherwise than the rules as they stand say, in the order in which the reasons are looked for.
REASONS = {
    "moved": "went to another partner after they were recorded",
    "by_hand": "were rejected or adjusted by hand",
    "rules": "were decided by rules that were not the same then: a version was set for a time that had passed",
    "counted": "were counted otherwise for tiers or caps, after changes by hand or of groups",
}


@dataclass(slots=True)
class Comparison:
    """What came of it."""

    cells: dict[Cell, Sum] = field(default_factory=dict)
    partners: dict[UUID, "Whose"] = field(default_factory=dict)
    booked: Counter[str] = field(default_factory=Counter)
    """By currency: what was booked for the same orders, as it is now."""
    same: int = 0
    """Orders booked to the cent as the rules that stand say."""
    differ: Counter[str] = field(default_factory=Counter)
    """The others, by REASONS."""

    def by(self, what: str) -> dict[tuple[Any, str], Sum]:
        """Sums by `partner_id`, `month` or `group_id` and currency."""
        sums: dict[tuple[Any, str], Sum] = {}
        for cell, each in self.cells.items():
            sums.setdefault((getattr(cell, what), cell.currency), Sum()).add(each.orders, each.stands, each.proposed)
        return sums

    def totals(self) -> dict[str, Sum]:
        """Sums by currency."""
        sums: dict[str, Sum] = {}
        for cell, each in sorted(self.cells.items(), key=lambda pair: pair[0].currency):
            sums.setdefault(cell.currency, Sum()).add(each.orders, each.stands, each.proposed)
        return sums


class Whose(NamedTuple):
    """A partner, as far as rules and tables need them; the group is the one of today."""

    name: str
    group_id: UUID | None
    program_id: UUID
