"""What the query string of a list asks for, read the same way by the list, its files and its bulk actions."""

from collections.abc import Callable
from functools import cached_property
from typing import Self
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import QueryDict

from backoffice.door import StaffRequest
from merchants.models import Merchant
from merchants.roles import Permission
from pages.forms import MoneyField
from pages.periods import Period, period_of


class Asked:
    """A list's filters. What names nothing of this merchant filters nothing."""

    def __init__(self, merchant: Merchant, query: QueryDict, may: Callable[[Permission], bool]) -> None:
        self.merchant = merchant
        self.query = query
        self.may = may

    @classmethod
    def of(cls, request: StaffRequest) -> Self:
        """What this request asks for."""
        return cls(request.merchant, request.GET, request.may)

    def text(self, name: str) -> str:
        """Without the space around it; empty when it is not asked for."""
        return self.query.get(name, "").strip()

    @cached_property
    def sort(self) -> str:
        """The column that the list is sorted by, whichever way."""
        return self.query.get("sort", "").removeprefix("-")

    @cached_property
    def partner(self) -> tuple[UUID, str] | None:
        """Id and name of the partner whose rows are wanted."""
        try:
            asked = UUID(self.query.get("partner", ""))
        except ValueError:
            return None
        return self.merchant.partners.filter(id=asked).values_list("id", "name").first()

    @cached_property
    def period(self) -> Period | None:
        """The days wanted; None for all time, which is what a list shows unless it is asked."""
        return period_of(self.query) if self.text("period") or self.text("from") else None

    def amount(self, name: str) -> int | None:
        """Minor units of the merchant's currency; None when it is not asked for, or no amount."""
        field = MoneyField(currency=self.merchant.currency, required=False)
        try:
            return field.clean(self.text(name))
        except ValidationError:
            return None
