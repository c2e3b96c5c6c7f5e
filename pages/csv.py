"""CSV files: `csv_answer` for what fits into memory without a thought, `csv_stream` for lists without an end.

A stream reads its rows in pieces by keyset, each in a tenant transaction of its own: one transaction for as long as the
caller takes to read would hold back vacuum, and the tenant's setting would stay on the connection between two writes to
the socket. Rows that arrive meanwhile are newer than the first and not in the file.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar
from uuid import UUID

from django.db.models import F, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan
from django.http import HttpResponse, StreamingHttpResponse

from merchants.tenancy import current, tenant

M = TypeVar("M", bound=Model)

PIECE = 2_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A CSV file to save under `name`."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([harmless(value) for value in row] for row in rows)
    disposition = f'attachment; filename="{name}"'
    return HttpResponse(
        text.getvalue(), content_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition}
    )


def csv_stream(
    name: str, header: Sequence[str], rows: "QuerySet[M]", cells: Callable[[M], Sequence[object]], *, by: str
) -> StreamingHttpResponse:
    """The running tenant's `rows` as a file of any length, by the column `by` (never NULL) downward.

    `cells` gives one row's cells; what they look at beyond the row must come with it. Nothing is read until the file
    is sent.
    """
    return StreamingHttpResponse(
        _pieces(current(), header, rows.order_by(f"-{by}", "-id"), cells, by),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _pieces(
    merchant_id: UUID, header: Sequence[str], rows: "QuerySet[M]", cells: Callable[[M], Sequence[object]], by: str
) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    piece = rows
    while True:
        with tenant(merchant_id):
            found = list(piece[:PIECE])
            writer.writerows([harmless(value) for value in cells(row)] for row in found)
        yield text.getvalue().encode()
        if len(found) < PIECE:
            return
        text.seek(0)
        text.truncate()
        last = found[-1]
        piece = rows.filter(TupleLessThan(Tuple(F(by), F("id")), (getattr(last, by), last.pk)))


def harmless(value: object) -> object:
    """Text that a spreadsheet would take for a formula gets a quote before it; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
