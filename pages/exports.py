"""What a list exports, said once: its columns, its rows, who may have them. Every format of file is made of this.

Rows are read in pieces by keyset, each in a transaction of its own, so memory and transactions stay small however long
the list is.

What happens between two pieces is therefore seen. Each row is in the file at most once, and as it was in its piece:
what a file may be sorted by (`WRITTEN_ONCE`) never changes, and a test of the house forbids code that would change it.
Rows made meanwhile are newer than the first and not in the file, unless they tell of something older; a row that stops
or begins to match a filter meanwhile is in it or not as it stands when its piece is read.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse

from jobs.kinds import Piece, Ready, Work
from merchants.roles import Permission
from pages.csv import csv_stream
from pages.keyset import behind
from pages.xlsx import Workbook

M = TypeVar("M", bound=Model)
A = TypeVar("A")

PIECE = 2_000
#: Columns with the moment a row tells of, set when it is made and never again. A row cannot move past a reader.
WRITTEN_ONCE = frozenset({"id", "created_at", "placed_at", "occurred_at"})

#: The cells of each row of a piece; what they look at beyond the rows is asked for once for the piece.
Lines = Callable[[list[M]], Iterable[Sequence[object]]]


@dataclass(frozen=True, slots=True)
class Export(Generic[A, M]):
    """A list as a file. `A` is what a door makes of a query string: the filters, and whose rows they filter."""

    name: str
    """Of the file and of the kind of job, `<door>.<name>`."""
    title: str
    """Of the sheet, and of the job: `Export of <title>`."""
    header: Sequence[str]
    rows: Callable[[A], "QuerySet[M]"]
    """All that match, with what the lines need selected along."""
    lines: Callable[[A], "Lines[M]"]
    by: str
    """The column (WRITTEN_ONCE) that the file is in the order of, downward."""
    needs: frozenset[Permission] = frozenset({Permission.VIEW})
    """What staff need to have it made by a job, and to see that."""
    called: Callable[[A], str] | None = None
    """What the file is called, when that is more than the name."""

    def saved_as(self, asked: A, ending: str) -> str:
        """`partners.csv`."""
        return f"{self.called(asked) if self.called else self.name}.{ending}"

    def csv(self, asked: A) -> StreamingHttpResponse:
        """As a file that is sent while it is read."""
        found = pieces(self.rows(asked), self.lines(asked), by=self.by)
        return csv_stream(self.saved_as(asked, "csv"), self.header, found)

    def xlsx(self, asked: A) -> Work:
        """As the work of a job. It leaves nothing behind when it is interrupted, and begins anew."""
        rows, lines = self.rows(asked), self.lines(asked)
        total, done = rows.order_by().count(), 0
        yield Piece(done=0, total=total)
        with TemporaryDirectory(prefix="accrue-export-") as folder:
            book = Workbook(Path(folder), self.title, self.header)
            for piece in pieces(rows, lines, by=self.by):
                done += book.write(piece)
                yield Piece(done=done, total=max(done, total))
            result = {"summary": f"{done:,} row{'' if done == 1 else 's'}."}
            file = Ready(book.closed, self.saved_as(asked, "xlsx"))
            yield Piece(done=done, total=done, result=result, file=file)


def each(cells: Callable[[M], Sequence[object]]) -> "Lines[M]":
    """Lines whose cells come from one row alone, with what was selected along with it."""
    return lambda rows: map(cells, rows)


def pieces(rows: "QuerySet[M]", lines: "Lines[M]", *, by: str) -> Iterator[list[Sequence[object]]]:
    """The lines of `rows`, by the column `by` (WRITTEN_ONCE) downward. Each step asks the running tenant once."""
    if by not in WRITTEN_ONCE:
        raise ValueError(f"{by} may change while the file is read, and rows be in it twice or not at all")
    return _read(rows, lines, by)


def _read(rows: "QuerySet[M]", lines: "Lines[M]", by: str) -> Iterator[list[Sequence[object]]]:
    last: tuple[Any, UUID] | None = None
    while True:
        piece = list(behind(rows, by, last)[:PIECE])
        yield list(lines(piece))
        if len(piece) < PIECE:
            return
        last = getattr(piece[-1], by), piece[-1].pk
