"""How far partners are, as pages and the API show it: from what the worker wrote down, so it is seconds behind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from django.db.models import OuterRef

from affiliates.models import Partner
from bonuses.counting import counting, said, target_said
from bonuses.models import Bonus, Rung
from bonuses.periods import Span
from commissions.models import CommissionStatus

#: Periods of a bonus that a page offers to look at.
_SPANS = 24


@dataclass(frozen=True, slots=True)
class Standing:
    """A partner in one period of a bonus."""

    bonus: Bonus
    span: Span
    reached: int
    today: date
    given: dict[int, UUID] = field(default_factory=dict)
    """The commission of each target that was given and is still theirs."""

    @property
    def days_left(self) -> int:
        """Today included."""
        return self.span.days_left(self.today)

    @property
    def steps(self) -> list[tuple[Rung, bool]]:
        """Each target, and whether it is reached."""
        return [(rung, self.reached >= rung.target) for rung in self.bonus.rungs]

    @property
    def next(self) -> Rung | None:
        """The target that is ahead; None when all are reached."""
        return next((rung for rung, is_reached in self.steps if not is_reached), None)

    @property
    def goal(self) -> int:
        """What the bar is measured by: the next target, or the last one."""
        return (self.next or self.bonus.rungs[-1]).target

    @property
    def left(self) -> int:
        """How much is missing to the next target."""
        return max(self.goal - self.reached, 0)

    @property
    def left_said(self) -> str:
        """`3 more orders`, `$120.00 of revenue more`."""
        if self.bonus.measure == "revenue":
            return f"{said(self.bonus, self.left)} more"
        number, _, what = said(self.bonus, self.left).partition(" ")
        return f"{number} more {what}"

    @property
    def said(self) -> str:
        """`22 orders`."""
        return said(self.bonus, self.reached)

    @property
    def goal_said(self) -> str:
        """`25`, `$1,000.00`."""
        return target_said(self.bonus, self.goal)


def standings_of(partner: Partner, today: date) -> list[Standing]:
    """The partner in the periods that run today, of the bonuses that count for them. One query."""
    newest = partner.bonus_progress.filter(bonus=OuterRef("pk"), first_day__lte=today).order_by("-first_day")
    running = partner.merchant.bonuses.for_partner(partner).running(today)
    found = running.annotate(since=newest.values("first_day")[:1], reached=newest.values("reached")[:1])
    standings = []
    for bonus in sorted(counting(found, today), key=lambda bonus: (bonus.starts_on, bonus.id)):
        (span,) = bonus.spans(today, today)
        since, reached = bonus.since, bonus.reached  # type: ignore[attr-defined] # annotated
        standings.append(Standing(bonus, span, reached if since == span.first else 0, today))
    return standings


def with_given(partner: Partner, standings: Sequence[Standing]) -> list[Standing]:
    """The same with the commissions that were given for their targets. One query."""
    awards = partner.bonus_awards.filter(bonus__in=[standing.bonus for standing in standings])
    given: dict[tuple[UUID, date], dict[int, UUID]] = {}
    kept = awards.exclude(commission__status__in=(CommissionStatus.REVERSED, CommissionStatus.REJECTED))
    for award in kept:
        given.setdefault((award.bonus_id, award.first_day), {})[award.target] = award.commission_id
    return [
        Standing(each.bonus, each.span, each.reached, each.today, given.get((each.bonus.id, each.span.first), {}))
        for each in standings
    ]


def spans_of(bonus: Bonus, today: date) -> list[Span]:
    """The periods of a bonus that have begun, the newest first; of one that is planned the first that is to come."""
    if bonus.starts_on > today:
        return bonus.spans(bonus.starts_on, bonus.starts_on)
    since = max(bonus.starts_on, today - timedelta(days=366 * 8))
    return bonus.spans(since, today)[::-1][:_SPANS]
