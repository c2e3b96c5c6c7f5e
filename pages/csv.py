"""CSV files for people: `csv_answer` for a few rows, `csv_stream` for a list of any length in constant memory.

A stream reads its rows in pieces (`pages.exports.pieces`), each in a tenant transaction of its own: one transaction for
as long as the caller takes to read would leave the tenant's setting on the connection between two writes to the socket.
A slow reader would hold back vacuum, a lost one the connection.

A spreadsheet takes a cell that begins with =, +, - or @ for a formula, so text that does gets an apostrophe.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpResponse, StreamingHttpResponse

from merchants.tenancy import current, tenant

_TYPE = "text/csv; charset=utf-8"
_FORMULA = tuple("=+-@＝＋－＠")


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


def csv_stream(name: str, header: Sequence[str], pieces: Iterator[Iterable[Sequence[object]]]) -> StreamingHttpResponse:
    """A file of the running tenant's, piece by piece. Nothing is read until the file is sent."""
    return StreamingHttpResponse(_sent(current(), header, pieces), content_type=_TYPE, headers=_saved_as(name))


def cell(value: Any) -> str | int:
    """A value as a cell: as `plain` writes it, and text that a spreadsheet would compute is defused."""
    text = plain(value)
    return _defused(text) if isinstance(value, str | list) and isinstance(text, str) else text


def plain(value: Any) -> str | int:
    """A value in characters: times are UTC, a list is its items, the rest is JSON."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | str():
            return value
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case list():
            return ", ".join(map(str, value))
        case dict():
            return msgspec.json.encode(value).decode() if value else ""
    return str(value)


def _sent(merchant_id: UUID, header: Sequence[str], pieces: Iterator[Iterable[Sequence[object]]]) -> Iterator[bytes]:
    file = _File()
    _write(file, [header])
    while True:
        with tenant(merchant_id):
            lines = next(pieces, None)
        if lines is None:
            break
        _write(file, lines)
        yield file.taken()


def _write(file: _File, lines: Iterable[Sequence[object]]) -> None:
    csv.writer(file).writerows([cell(value) for value in line] for line in lines)


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _defused(text: str) -> str:
    risky = text[:1] in ("\t", "\r", "\n") or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if risky else text
