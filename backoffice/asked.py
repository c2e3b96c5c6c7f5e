"""What the query string of a list asks for, read the same way by the list, its file and its bulk actions."""

from functools import cached_property
from uuid import UUID

from backoffice.door import StaffRequest
from pages.periods import Period, period_of


class Asked:
    """A list's filters. What names nothing of this merchant filters nothing."""

    def __init__(self, request: StaffRequest) -> None:
        self.merchant = request.merchant
        self._query = request.GET

    def text(self, name: str) -> str:
        """Without the space around it; empty when it is not asked for."""
        return self._query.get(name, "").strip()

    @cached_property
    def sort(self) -> str:
        """The column that the list is sorted by, whichever way."""
        return self._query.get("sort", "").removeprefix("-")

    @cached_property
    def partner(self) -> tuple[UUID, str] | None:
        """Id and name of the partner whose rows are wanted."""
        try:
            asked = UUID(self._query.get("partner", ""))
        except ValueError:
            return None
        return self.merchant.partners.filter(id=asked).values_list("id", "name").first()

    @cached_property
    def period(self) -> Period | None:
        """The days wanted; None for all time, which is what a list shows unless it is asked."""
        return period_of(self._query) if "period" in self._query or "from" in self._query else None
