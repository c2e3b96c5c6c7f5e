"""Which group a partner was in when a row was made.

A partner's row has the group of today; `GroupMembership` has the stretches of time before, written by a trigger. Rows
of sales are placed among them by their ids, which are made in the order of time.
"""

from bisect import bisect_right
from collections.abc import Iterator
from uuid import UUID

from merchants.ids import least_id
from merchants.models import Merchant


class Memberships:
    """The groups of a merchant's partners over time; read once, asked often. Keeps nothing of who never moved."""

    def __init__(self, merchant: Merchant) -> None:
        over = merchant.group_memberships.filter(until__isnull=False).order_by("partner", "until")
        self._left: dict[UUID, list[tuple[UUID, UUID | None]]] = {}
        """By partner: the first id that can have been made elsewhere, and the group until then."""
        for partner_id, group_id, until in over.values_list("partner", "group", "until").iterator():
            assert until is not None, "what lasts is left out"
            self._left.setdefault(partner_id, []).append((least_id(until), group_id))

    def at(self, partner_id: UUID, moment: UUID, today: UUID | None) -> UUID | None:
        """The group when the row with the id `moment` was made; `today` is the one of now."""
        left = self._left.get(partner_id)
        if left is None:
            return today
        later = bisect_right(left, moment, key=lambda change: change[0])
        return left[later][1] if later < len(left) else today

    def of(self, partner_id: UUID, today: UUID | None) -> frozenset[UUID | None]:
        """Every group that the partner was ever in, with the one of now."""
        return frozenset([today, *(group for _, group in self._left.get(partner_id, ()))])

    def former(self, group_id: UUID) -> Iterator[UUID]:
        """Partners who were in the group and moved."""
        return (partner for partner, left in self._left.items() if any(was == group_id for _, was in left))
