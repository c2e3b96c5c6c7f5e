"""Lists on pages: sorted by a link in the header, walked by keyset in both directions, counted only so far.

A cursor holds the values that the last row of a page is sorted by, the direction and where in the list the page
begins, so page 5,000 costs what page 1 costs. What it holds was on the page, so it is not signed; one that cannot be
read, or was made for another sort, leads to the first page.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import IntegerField, Model, QuerySet, Subquery
from django.http import HttpRequest, QueryDict

from pages.keyset import behind
from pages.keyset import first as first_of

M = TypeVar("M", bound=Model)

SIZE = 25
#: Nobody reads the difference between 10,000 rows and more; counting them would cost with every page.
COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Sort:
    """A way to sort: a column (or annotation) without NULLs, and which way it goes first."""

    column: str
    kind: type
    """What its values are: datetime, date, int, str."""
    descending: bool = True
    tie: str = "id"
    """See `pages.keyset.behind`."""


class _Cursor(msgspec.Struct, array_like=True):
    sort: str
    backward: bool
    first: int
    """The number of the page's first row, from 1."""
    value: str | int
    id: UUID


@dataclass(frozen=True, slots=True)
class Header:
    """A column header that sorts."""

    url: str
    aria: str
    """`ascending`, `descending`, or empty when the list is sorted by another column."""


@dataclass(frozen=True, slots=True)
class Sheet(Generic[M]):
    """One page of a list, as the templates take it."""

    rows: list[M]
    first: int
    total: int
    """At most COUNTED + 1."""
    previous: str = ""
    """Query string of the page before; empty on the first."""
    next: str = ""
    headers: Mapping[str, Header] = field(default_factory=dict)
    parameters: str = ""
    """The query string without the page: the filters and the sort, for exports and "all matching"."""

    @property
    def last(self) -> int:
        """The number of the page's last row."""
        return self.first + len(self.rows) - 1

    @property
    def total_shown(self) -> str:
        """`61`, or `10,000+`."""
        return counted_shown(self.total)


class CountedSoFar(Subquery):
    """How many rows there are, at most COUNTED + 1, beside other such numbers in one query."""

    template = "(SELECT count(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, rows: "QuerySet[Any]") -> None:
        super().__init__(_so_far(rows))


def counted_shown(number: int) -> str:
    """`61`, or `10,000+`."""
    return f"{number:,}" if number <= COUNTED else f"{COUNTED:,}+"


def sheet(
    request: HttpRequest,
    rows: "QuerySet[M]",
    *,
    sorts: Mapping[str, Sort],
    default: str,
    size: int = SIZE,
    counted: "QuerySet[M] | None" = None,
) -> Sheet[M]:
    """One page of `rows` by the query string's `sort` (`-revenue` is downward) and `page`.

    `counted` are the same rows without what they are joined to for their sort, when that is to be spared the count.
    """
    name, descending = _sort(request.GET, sorts, default)
    by = sorts[name]
    key = f"{'-' if descending else ''}{name}"
    cursor = _cursor(request.GET.get("page", ""), key, by)
    backward = cursor is not None and cursor.backward
    downward = descending != backward
    last = None if cursor is None else (_read(cursor.value, by.kind), cursor.id)
    cut = behind(rows, by.column, last, downward=downward, tie=by.tie)
    try:
        found = list(first_of(cut, size + 1))
    except (DataError, ValidationError):
        if cursor is None:
            raise
        # What the cursor holds is no value of the column: somebody made it up.
        return sheet(_without_page(request), rows, sorts=sorts, default=default, size=size, counted=counted)
    more = len(found) > size
    found = found[:size]
    if backward:
        found.reverse()
    first = max(cursor.first, 1) if cursor is not None else 1
    kept = request.GET.copy()
    kept.pop("page", None)
    return Sheet(
        rows=found,
        first=first if found else 0,
        total=_count(rows if counted is None else counted, first, len(found), more and not backward),
        previous=_link(kept, key, by, found[0], first - size, backward=True) if _has_previous(cursor, more) else "",
        next=_link(kept, key, by, found[-1], first + len(found)) if found and (more or backward) else "",
        headers={each: _header(kept, each, sorts[each], name, descending) for each in sorts},
        parameters=kept.urlencode(),
    )


def _has_previous(cursor: _Cursor | None, more: bool) -> bool:
    return cursor is not None and (more if cursor.backward else True)


def _sort(query: QueryDict, sorts: Mapping[str, Sort], default: str) -> tuple[str, bool]:
    given = query.get("sort", "") or default
    name = given.removeprefix("-")
    if name not in sorts:
        given, name = default, default.removeprefix("-")
    return name, given.startswith("-")


def _header(kept: QueryDict, name: str, by: Sort, current: str, descending: bool) -> Header:
    downward = not descending if name == current else by.descending
    query = kept.copy()
    query["sort"] = f"{'-' if downward else ''}{name}"
    aria = ("descending" if descending else "ascending") if name == current else ""
    return Header(url=f"?{query.urlencode()}", aria=aria)


def _link(kept: QueryDict, key: str, by: Sort, row: Model, first: int, *, backward: bool = False) -> str:
    value = getattr(row, by.column)
    shown = value.isoformat() if isinstance(value, date) else value if isinstance(value, str | int) else str(value)
    cursor = _Cursor(key, backward, max(first, 1), shown, getattr(row, by.tie))
    query = kept.copy()
    query["page"] = urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")
    return f"?{query.urlencode()}"


def _cursor(text: str, key: str, by: Sort) -> _Cursor | None:
    if not text:
        return None
    try:
        cursor = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Cursor)
        _read(cursor.value, by.kind)
    except (binascii.Error, ValueError, ArithmeticError, msgspec.DecodeError):
        return None
    return cursor if cursor.sort == key else None


def _read(value: str | int, kind: type) -> Any:
    if kind is datetime or kind is date:
        return kind.fromisoformat(str(value))
    if kind is Decimal:
        return Decimal(str(value))
    return kind(value)


def _without_page(request: HttpRequest) -> HttpRequest:
    query = request.GET.copy()
    query.pop("page", None)
    request.GET = query  # type: ignore[assignment] # Django makes it immutable only for us not to change it by accident
    return request


def _count(rows: "QuerySet[M]", first: int, found: int, more: bool) -> int:
    """How many rows there are, counted no further than anybody wants to know."""
    if first == 1 and not more:
        return found
    return _so_far(rows).count()


def _so_far(rows: "QuerySet[M]") -> "QuerySet[Any]":
    """Ids alone: what else a list selects would be worked out for each row that is counted."""
    return rows.order_by().values("pk")[: COUNTED + 1]


def chosen(rows: "QuerySet[M]", ids: Sequence[str]) -> "QuerySet[M]":
    """Those of `rows` that were ticked; what is no id was not on the page."""
    found = []
    for text in ids:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return rows.filter(id__in=found)
