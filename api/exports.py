"""CSV of a whole list, of any length, in constant memory.

Rows are read in pieces by keyset, each in a tenant transaction of its own. A server-side cursor would need one
transaction for as long as the caller takes to read, with the tenant's setting left on the connection between two
writes to the socket: a slow reader would hold back vacuum, a lost one the connection. Rows that arrive meanwhile are
newer than the first and not in the file.

A spreadsheet takes a cell that begins with =, +, - or @ for a formula, so text that does gets an apostrophe.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse

from api.pages import after, cursor_of
from merchants.money import to_decimal
from merchants.tenancy import current, tenant

M = TypeVar("M", bound=Model)

PIECE = 2_000
_FORMULA = tuple("=+-@＝＋－＠")

#: Column name to how it is read from a row.
Columns = Mapping[str, Callable[[M], Any]]


class _Lines(io.StringIO):
    """What csv.writer writes into, emptied piece by piece."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text.encode()


def stream(rows: "QuerySet[M]", columns: "Columns[M]", *, by: str, name: str) -> StreamingHttpResponse:
    """The running tenant's `rows` as a CSV download. Nothing is read until the response is sent."""
    response = StreamingHttpResponse(_pieces(current(), rows, columns, by), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _pieces(merchant_id: UUID, rows: "QuerySet[M]", columns: "Columns[M]", by: str) -> Iterator[bytes]:
    lines = _Lines()
    writer = csv.writer(lines)
    writer.writerow(columns)
    cursor: str | None = None
    while True:
        with tenant(merchant_id):
            piece = list(after(rows, cursor, by=by)[:PIECE])
            # Written inside, in case a column looks further than its own row.
            writer.writerows([cell(read(row)) for read in columns.values()] for row in piece)
        yield lines.taken()
        if len(piece) < PIECE:
            return
        cursor = cursor_of(piece[-1], by=by)


def cell(value: Any) -> str | int:
    """A value as a cell: text that a spreadsheet would compute is defused, times are UTC, the rest is JSON."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return value
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case str():
            return _defused(value)
        case list():
            return _defused(", ".join(map(str, value)))
        case dict():
            return msgspec.json.encode(value).decode() if value else ""
    return str(value)


def _defused(text: str) -> str:
    risky = text[:1] in ("\t", "\r", "\n") or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if risky else text


def money(amount: int, currency: str) -> Decimal:
    """An amount as people and spreadsheets write it: 10000 USD is 100.00. Ours, so never defused."""
    return to_decimal(amount, currency)
