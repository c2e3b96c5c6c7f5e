"""CSV files for people: `csv_answer` for a few rows, `csv_stream` for a list of any length in constant memory.

A stream reads its rows in pieces by keyset, each in a tenant transaction of its own. A server-side cursor would need
one transaction for as long as the caller takes to read, with the tenant's setting left on the connection between two
writes to the socket: a slow reader would hold back vacuum, a lost one the connection.

What happens between two pieces is therefore seen. Each row is in the file at most once, and as it was in its piece:
what a file may be sorted by (`WRITTEN_ONCE`) never changes, and a test of the house forbids code that would change it.
Rows made meanwhile are newer than the first and not in the file, unless they tell of something older; a row that stops
or begins to match a filter meanwhile is in it or not as it stands when its piece is read.

A spreadsheet takes a cell that begins with =, +, - or @ for a formula, so text that does gets an apostrophe.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from django.db.models import Model, QuerySet
from django.http import HttpResponse, StreamingHttpResponse

from merchants.tenancy import current, tenant
from pages.keyset import behind

M = TypeVar("M", bound=Model)

PIECE = 2_000
#: Columns with the moment a row tells of, set when it is made and never again. A row cannot move past a reader.
WRITTEN_ONCE = frozenset({"id", "created_at", "placed_at", "occurred_at"})
_TYPE = "text/csv; charset=utf-8"
_FORMULA = tuple("=+-@＝＋－＠")

#: The cells of each row of a piece; what they look at beyond the rows is asked for once for the piece.
Lines = Callable[[list[M]], Iterable[Sequence[object]]]


class _File(io.StringIO):
    """What csv.writer writes into, emptied piece by piece."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text.encode()


def csv_answer(name: str, header: Sequence[str], lines: Iterable[Sequence[object]]) -> HttpResponse:
    """A file to save under `name`, of a few lines."""
    file = _File()
    _write(file, [header])
    _write(file, lines)
    return HttpResponse(file.taken(), content_type=_TYPE, headers=_saved_as(name))


def csv_stream(
    name: str, header: Sequence[str], rows: "QuerySet[M]", lines: "Lines[M]", *, by: str
) -> StreamingHttpResponse:
    """The running tenant's `rows`, by the column `by` (WRITTEN_ONCE) downward. Read when the file is sent."""
    if by not in WRITTEN_ONCE:
        raise ValueError(f"{by} may change while the file is read, and rows be in it twice or not at all")
    pieces = _pieces(current(), header, rows, lines, by)
    return StreamingHttpResponse(pieces, content_type=_TYPE, headers=_saved_as(name))


def each(cells: Callable[[M], Sequence[object]]) -> "Lines[M]":
    """Lines whose cells come from one row alone, with what was selected along with it."""
    return lambda rows: map(cells, rows)


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


def _pieces(
    merchant_id: UUID, header: Sequence[str], rows: "QuerySet[M]", lines: "Lines[M]", by: str
) -> Iterator[bytes]:
    file = _File()
    _write(file, [header])
    last: tuple[Any, UUID] | None = None
    while True:
        with tenant(merchant_id):
            piece = list(behind(rows, by, last)[:PIECE])
            _write(file, lines(piece))
        yield file.taken()
        if len(piece) < PIECE:
            return
        last = getattr(piece[-1], by), piece[-1].pk


def _write(file: _File, lines: Iterable[Sequence[object]]) -> None:
    csv.writer(file).writerows([cell(value) for value in line] for line in lines)


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _defused(text: str) -> str:
    risky = text[:1] in ("\t", "\r", "\n") or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if risky else text
