"""What a partner's row said at some moment, as the audit log knows it: group, status, and who had recruited them.

A partner's row is of today. Every change of these columns left an entry with what was before and after, so the way
back is known without a table of its own. Moments are told by ids: those of entries, orders and commissions are made in
the same order as time, and the log is never cut; erasing a partner leaves these columns in it.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from merchants.models import AuditEntry, Merchant


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
        self._changes: dict[UUID, list[tuple[UUID, dict[str, Any]]]] = {}
        """By partner, in the order of time: the entry, and the columns that it changed as they were until then."""

    def learn(self, partner_ids: Collection[UUID]) -> None:
        """Read what the log says of these partners, whose rows were read before: a change in between is in both."""
        entries = _changes(self._merchant, *Then._fields).filter(object_id__in=partner_ids).order_by("id")
        for id, partner_id, before in entries.values_list("id", "object_id", "before"):
            assert before is not None, "it has one of the keys"
            was = {name: _READ[name](before[name]) for name in Then._fields if name in before}
            self._changes.setdefault(partner_id, []).append((id, was))

    def at(self, partner_id: UUID, moment: UUID, today: Then) -> Then:
        """The partner when the row with the id `moment` was made; `today` is what stands in theirs now."""
        then = today
        for id, was in reversed(self._changes.get(partner_id, ())):
            if id <= moment:
                break
            then = then._replace(**was)
        return then

    def groups(self, partner_id: UUID, today: UUID | None) -> set[UUID | None]:
        """Every group that the partner was ever in, with the one of now."""
        changes = self._changes.get(partner_id, ())
        return {today, *(was["group_id"] for _, was in changes if "group_id" in was)}


def formerly(merchant: Merchant, column: str) -> Iterator[tuple[UUID, UUID]]:
    """Partners with a `group_id` or a `recruiter_id` that they had before it was changed."""
    before = _changes(merchant, column).values_list("object_id", f"before__{column}")
    for partner_id, was in before.iterator():
        if was is not None:
            yield partner_id, UUID(was)


def _changes(merchant: Merchant, *columns: str) -> "QuerySet[AuditEntry]":
    return merchant.audit_entries.filter(object_type="partner", before__has_any_keys=columns)


class Lines:
    """Who was ever above or below whom, of all partners of a merchant."""

    def __init__(self, merchant: Merchant) -> None:
        self._above: dict[UUID, list[UUID]] = {}
        self._below: dict[UUID, list[UUID]] = {}
        today = merchant.partners.filter(recruiter__isnull=False).values_list("id", "recruiter_id")
        for recruits in (today.iterator(), formerly(merchant, "recruiter_id")):
            for partner_id, recruiter_id in recruits:
                self._above.setdefault(partner_id, []).append(recruiter_id)
                self._below.setdefault(recruiter_id, []).append(partner_id)

    def above(self, partner_ids: Iterable[UUID], levels: int) -> set[UUID]:
        """These and everybody who was ever above one of them, so many steps up."""
        return _reached(partner_ids, self._above, levels)

    def below(self, partner_ids: Iterable[UUID], levels: int) -> set[UUID]:
        """These and everybody who was ever below one of them, so many steps down."""
        return _reached(partner_ids, self._below, levels)


def _reached(starts: Iterable[UUID], steps: dict[UUID, list[UUID]], levels: int) -> set[UUID]:
    found = set(starts)
    edge = found
    for _ in range(levels):
        edge = {there for here in edge for there in steps.get(here, ())} - found
        if not edge:
            break
        found = found | edge
    return found


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


_READ: dict[str, Any] = {
    "group_id": _id,
    "status": str,
    "recruiter_id": _id,
    "recruited_at": lambda text: datetime.fromisoformat(text) if text else None,
}
