"""Whom a bulk action is about: the rows that were ticked, or all that match. It is asked about, then done.

Once it was asked about, it is about those who stood there. A few are named one by one in the form that asks. Of many
the form holds a digest: when others match by the time it is sent, it is asked about again.
"""

from functools import cached_property
from hashlib import blake2b
from typing import Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from backoffice.door import StaffRequest
from pages.listing import chosen

M = TypeVar("M", bound=Model)

#: More than so many are seen to by a job.
AT_ONCE = 500


class Chosen(Generic[M]):
    """Those of `rows` that a POST is about; none without one."""

    def __init__(self, request: StaffRequest, rows: "QuerySet[M]") -> None:
        self.confirmed = request.POST.get("confirmed") == "1"
        seen = request.POST.get("seen", "")
        everything = request.POST.get("all") == "1" and bool(seen or not self.confirmed)
        found = rows if everything else chosen(rows, request.POST.getlist("id"))
        self.rows = found if request.method == "POST" else rows.none()
        self.are_others = self.confirmed and everything and seen != self.digest
        """Whether others match than those who were asked about."""

    @cached_property
    def ids(self) -> list[UUID]:
        """Of all of them, in the order of time."""
        return list(self.rows.order_by("id").values_list("id", flat=True))

    @property
    def is_many(self) -> bool:
        """Whether they are more than one request sees to."""
        return len(self.ids) > AT_ONCE

    @property
    def digest(self) -> str:
        """Of exactly these rows."""
        return blake2b(b"".join(id.bytes for id in self.ids), digest_size=16).hexdigest()
