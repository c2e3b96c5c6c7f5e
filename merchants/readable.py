"""What the apps' `admin.py` declare with: a table that operators may read.

Declarations only: the door `operators` draws the pages, enters the tenant and writes each access down. Nothing here
can add, change or delete; what an operator does is a verb of the domain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import ForeignKey, Model, Q, QuerySet, UUIDField
from django.http import HttpRequest

from merchants import tenancy

#: Nobody turns more pages than that; who looks for something searches.
COUNTED = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg] # generic for the type checker alone
    """Counts no further than COUNTED, so that the last page of a long list costs no more than it may."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, at most COUNTED."""
        rows = self.object_list
        assert isinstance(rows, QuerySet)
        return rows.order_by()[:COUNTED].count()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that are shown on the page of what they belong to."""

    relation: str
    columns: Sequence[str]
    amounts: Mapping[str, str] = field(default_factory=dict)


class Readable(admin.ModelAdmin):  # type: ignore[type-arg] # generic for the type checker alone
    """A list and a page for each row. Newest first: ids are made in the order of time, and the key is their index."""

    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    list_per_page = 25
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    actions = None
    sortable_by = ()
    amounts: Mapping[str, str] = {}
    """Columns in minor units, each with the path to its currency."""
    labels: Mapping[str, str] = {}
    """Columns that are called otherwise than in the code."""
    hidden: Sequence[str] = ()
    """Columns that are shown to nobody: hashes of secrets."""
    ids: Sequence[str] = ()
    """Columns besides the key in which an id that was typed is looked for."""
    tables: Sequence[Table] = ()
    has_page = True
    """Whether a row has a page of its own."""
    called = ""
    """The list's name, when that is not the model's."""
    address = ""
    """The list's part of the address, when that is not the model's name."""

    @property
    def hint(self) -> str:
        """What can be typed to search; empty when there is nothing to search by."""
        if not isinstance(self.opts.pk, UUIDField):
            return "Search" if self.search_fields else ""
        return "Search, or an ID" if self.search_fields else "An ID"

    def page_of(self, row: Any) -> str:
        """Where a row leads, when that is not its own page."""
        return ""

    @property
    def heading(self) -> str:
        """What the list is called."""
        name = self.called or str(self.opts.verbose_name_plural)
        return name[:1].upper() + name[1:]

    def columns(self) -> list[str]:
        """What the page of a row shows; the id last."""
        names = [each.name for each in self.opts.fields if each.name not in (*self.hidden, "merchant", "id")]
        return [*names, "id"]

    def references(self) -> list[str]:
        """Which of those lead to other rows, and are fetched with the row."""
        return [name for name in self.columns() if isinstance(self._field(name), ForeignKey)]

    def facts(self, row: Any) -> list[tuple[str, str]]:
        """Label and text of what is known about a row besides its columns."""
        return []

    def get_list_select_related(self, request: HttpRequest) -> list[str]:
        """What the list names is fetched with it, and what amounts take their currency from."""
        wanted = {
            name for name in self.list_display if isinstance(name, str) and isinstance(self._field(name), ForeignKey)
        }
        wanted |= {path.rpartition("__")[0] for path in self.amounts.values() if "__" in path}
        return sorted(wanted)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By id when that is what was typed, else by the list's text columns."""
        try:
            wanted = UUID(search_term.strip())
        except ValueError:
            if search_term and not self.search_fields:
                return queryset.none(), False
            return super().get_search_results(request, queryset, search_term)
        if not isinstance(self.opts.pk, UUIDField):
            return queryset.none(), False
        return queryset.filter(reduce(or_, (Q(**{name: wanted}) for name in ("pk", *self.ids)))), False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """By the list's own filters alone. Django allows every column: a hash could be guessed letter by letter."""
        names = {each if isinstance(each, str) else getattr(each, "parameter_name", "") for each in self.list_filter}
        return lookup.partition("__")[0] in names

    def _field(self, name: str) -> Any:
        return next((each for each in self.opts.fields if each.name == name), None)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever came through the door of operators; there is no other way here."""
        return True


class Owned(Readable):
    """A table whose rows belong to a merchant: read inside that merchant's tenant, and nowhere else."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The running tenant's rows; TenancyError outside of one."""
        return super().get_queryset(request).filter(merchant_id=tenancy.current())
