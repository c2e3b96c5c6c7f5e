"""What a partner's row said at some moment: group, status, and who had recruited them.

A partner's row is of today; `PartnerStretch` has the stretches of time before, written by a trigger. Rows of sales are
placed among them by their ids, which are made in the order of time.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from merchants.ids import least_id
from merchants.models import Merchant


class Then(NamedTuple):
    """A partner at some moment, as a sale would have found them."""

    group_id: UUID | None
    status: str
    recruiter_id: UUID | None
    recruited_at: datetime | None


class Past:
    """What was otherwise before, of the partners that were asked about; read once each, asked often."""

    def __init__(self, merchant: Merchant) -> None:
        self._merchant = merchant
        self._over: dict[UUID, list[tuple[UUID, Then]]] = {}
        """By partner, in the order of time: the first id that can have been made later, and what was until then."""

    def learn(self, partner_ids: Collection[UUID]) -> None:
        """Read what these partners were before; their rows were read before: a change in between is in both."""
        over = self._merchant.partner_stretches.filter(partner__in=partner_ids, until__isnull=False)
        for partner_id, until, *was in over.order_by("until").values_list("partner", "until", *Then._fields):
            self._over.setdefault(partner_id, []).append((least_id(until), Then(*was)))

    def at(self, partner_id: UUID, moment: UUID, today: Then) -> Then:
        """The partner when the row with the id `moment` was made; `today` is what stands in theirs now."""
        over = self._over.get(partner_id, ())
        later = bisect_right(over, moment, key=lambda stretch: stretch[0])
        return over[later][1] if later < len(over) else today

    def groups(self, partner_id: UUID, today: UUID | None) -> set[UUID | None]:
        """Every group that the partner was ever in, with the one of now."""
        return {today, *(was.group_id for _, was in self._over.get(partner_id, ()))}


def formerly(merchant: Merchant, column: str) -> Iterator[tuple[UUID, UUID]]:
    """Partners with each `group_id` or `recruiter_id` that they had until something about them was changed."""
    over = merchant.partner_stretches.filter(**{"until__isnull": False, f"{column}__isnull": False})
    return iter(over.values_list("partner", column).distinct().iterator())


class Lines:
    """Who was ever above or below whom, of all partners of a merchant."""

    def __init__(self, merchant: Merchant) -> None:
        self._above: dict[UUID, set[UUID]] = {}
        self._below: dict[UUID, set[UUID]] = {}
        ever = merchant.partner_stretches.filter(recruiter__isnull=False)
        for partner_id, recruiter_id in ever.values_list("partner", "recruiter").distinct().iterator():
            assert recruiter_id is not None, "filtered"
            self._above.setdefault(partner_id, set()).add(recruiter_id)
            self._below.setdefault(recruiter_id, set()).add(partner_id)

    def above(self, partner_ids: Iterable[UUID], levels: int) -> set[UUID]:
        """These and everybody who was ever above one of them, so many steps up."""
        return _reached(partner_ids, self._above, levels)

    def below(self, partner_ids: Iterable[UUID], levels: int) -> set[UUID]:
        """These and everybody who was ever below one of them, so many steps down."""
        return _reached(partner_ids, self._below, levels)


def _reached(starts: Iterable[UUID], steps: dict[UUID, set[UUID]], levels: int) -> set[UUID]:
    found = set(starts)
    edge = found
    for _ in range(levels):
        edge = {there for here in edge for there in steps.get(here, ())} - found
        if not edge:
            break
        found = found | edge
    return found
