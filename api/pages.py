"""Lists: newest first, cut by keyset, never counted.

A cursor names the last row of a page by what the list is sorted by: its moment and its id. The next page starts right
after it, found by row comparison in the index `(merchant, -moment, -id)`, so page 5,000 costs what page 1 costs, and
rows that arrive meanwhile shift nothing.
"""

import binascii
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar, cast
from uuid import UUID

import msgspec
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from msgspec import Meta

from api.bodies import in_utc, invalid, refuse_nul
from merchants.errors import DomainError
from pages.keyset import behind, first

M = TypeVar("M", bound=Model)
S = TypeVar("S")
Q = TypeVar("Q", bound="ListQuery")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = struct.Struct(">q16s")


class ListQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What every list takes in its query string. Lists add their filters as fields."""

    limit: Annotated[int, Meta(ge=1, le=100, description="Rows on a page.")] = 25
    cursor: Annotated[str, Meta(description="`next_cursor` of the page before.")] | None = None


class Page(msgspec.Struct, Generic[S], kw_only=True):
    """A page of a list, newest first."""

    data: list[S]
    has_more: Annotated[bool, Meta(description="Whether there is a next page.")]
    next_cursor: Annotated[str | None, Meta(description="Send it as `cursor` for the next page; null on the last.")]


def parse_query(request: HttpRequest, shape: type[S]) -> S:
    """The query string as a `shape`; 422 names the parameter that is unknown, repeated or does not fit."""
    return _read(_given(request), shape)


def parse_filters(request: HttpRequest, shape: type[Q]) -> Q:
    """The query string of a list's whole: its filters, but no page of it."""
    return read_filters(_given(request), shape)


def read_filters(given: Mapping[str, str], shape: type[Q]) -> Q:
    """The same of filters that came otherwise."""
    for name in ListQuery.__struct_fields__:
        if name in given:
            raise DomainError(f"`{name}` has no meaning here: a file holds all rows.", code="unknown_field", field=name)
    return _read(given, shape)


def _given(request: HttpRequest) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, values in request.GET.lists():
        if len(values) > 1:
            raise DomainError(f"`{name}` is given more than once.", code="invalid_value", field=name)
        given[name] = values[0]
    return given


def _read(given: Mapping[str, str], shape: type[S]) -> S:
    refuse_nul(given)
    try:
        return cast(S, in_utc(msgspec.convert(given, shape, strict=False)))
    except msgspec.ValidationError as error:
        raise invalid(error) from error


def page(rows: "QuerySet[M]", query: ListQuery, shown: Callable[[M], S], *, by: str = "created_at") -> Page[S]:
    """One page of `rows`, sorted by `by` and id, newest first. `shown` must not query."""
    found, next_cursor = cut(rows, query, by=by)
    return Page(data=[shown(row) for row in found], has_more=next_cursor is not None, next_cursor=next_cursor)


def cut(rows: "QuerySet[M]", query: ListQuery, *, by: str = "created_at") -> tuple[list[M], str | None]:
    """The rows of one page, and the cursor of the next; for lists that need more than a row to show one."""
    found = list(first(after(rows, query.cursor, by=by), query.limit + 1))
    if len(found) <= query.limit:
        return found, None
    found = found[: query.limit]
    return found, cursor_of(found[-1], by=by)


def after(rows: "QuerySet[M]", cursor: str | None, *, by: str) -> "QuerySet[M]":
    """`rows` newest first by `by` and id, beginning behind the row that `cursor` names."""
    return behind(rows, by, None if cursor is None else decode_cursor(cursor))


def cursor_of(row: Model, *, by: str) -> str:
    """The cursor that begins behind `row`. Ids are time-ordered; a list sorted by id alone needs no moment."""
    return encode_cursor(_EPOCH if by == "id" else getattr(row, by), row.pk)


def encode_cursor(moment: datetime, row_id: UUID) -> str:
    """A cursor; it holds nothing that the row did not show."""
    microseconds = (moment - _EPOCH) // timedelta(microseconds=1)
    return urlsafe_b64encode(_CURSOR.pack(microseconds, row_id.bytes)).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, UUID]:
    """What a cursor names; `invalid_cursor` when it is none of ours."""
    try:
        microseconds, row_id = _CURSOR.unpack(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return _EPOCH + timedelta(microseconds=microseconds), UUID(bytes=row_id)
    except (binascii.Error, ValueError, struct.error, OverflowError) as error:
        raise DomainError(
            "Send `next_cursor` of the page before as it was.", code="invalid_cursor", field="cursor"
        ) from error


def filtered(rows: "QuerySet[M]", conditions: dict[str, Any]) -> "QuerySet[M]":
    """`rows` narrowed by the conditions that were given (are not None)."""
    return rows.filter(**{lookup: value for lookup, value in conditions.items() if value is not None})
