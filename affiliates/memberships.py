"""Which group a partner was in at some moment, as the audit log knows it.

A partner's row has the group of today. Every change of it left an entry with the group before and after, so the way
back is known without a table of its own. Moments are told by ids: those of entries and of orders are made in the
same order as time, and the log is never cut.
"""

from bisect import bisect_right
from collections.abc import Iterator
from uuid import UUID

from merchants.models import Merchant


class Memberships:
    """The groups of a merchant's partners over time; read once, asked often."""

    def __init__(self, merchant: Merchant) -> None:
        entries = merchant.audit_entries.filter(verb="partner.update", after__has_key="group_id").order_by("id")
        self._changes: dict[UUID, list[tuple[UUID, UUID | None]]] = {}
        """By partner: the entry, and the group until then."""
        for id, partner_id, was in entries.values_list("id", "object_id", "before__group_id").iterator():
            self._changes.setdefault(partner_id, []).append((id, _id(was)))

    def at(self, partner_id: UUID, moment: UUID, today: UUID | None) -> UUID | None:
        """The group when the row with the id `moment` was made; `today` is the one of now."""
        changes = self._changes.get(partner_id)
        if changes is None:
            return today
        later = bisect_right(changes, moment, key=lambda change: change[0])
        return changes[later][1] if later < len(changes) else today

    def of(self, partner_id: UUID, today: UUID | None) -> frozenset[UUID | None]:
        """Every group that the partner was ever in, with the one of now."""
        return frozenset([today, *(group for _, group in self._changes.get(partner_id, ()))])

    def former(self, group_id: UUID) -> Iterator[UUID]:
        """Partners who were in the group and moved."""
        return (partner for partner, changes in self._changes.items() if any(was == group_id for _, was in changes))


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
