"""Workbooks, written row by row: a row that is written is in a file of its own and out of memory.

Numbers are numbers and days are days. Text is only ever written as text, so nothing in it is a formula or a link.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from pages.csv import plain

#: What one sheet holds, its header among them; a longer list goes on in the next.
ROWS = 1_048_576
#: A sheet's numbers are doubles: beyond so many digits they would be rounded, and stand as text.
_EXACT = 10**15
#: The calendar of a sheet begins here.
_FIRST_DAY = date(1900, 1, 1)
#: Characters wide.
_WIDTH = 18


class Workbook:
    """A file of one table, cut into as many sheets as it needs."""

    def __init__(self, folder: Path, title: str, header: Sequence[str]) -> None:
        self._path = folder / "book.xlsx"
        options = {"constant_memory": True, "tmpdir": str(folder)}
        self._book = xlsxwriter.Workbook(str(self._path), options)
        # As CSV writes them: times are UTC, and say so.
        self._moment = self._book.add_format({"num_format": 'yyyy-mm-dd"T"hh:mm:ss"Z"'})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._decimals = [self._book.add_format({"num_format": form}) for form in ("0", "0.0", "0.00", "0.000")]
        self._bold = self._book.add_format({"bold": True})
        self._title, self._header = title, header
        self._sheets = 0
        self._begin_sheet()

    def write(self, lines: Iterable[Sequence[object]]) -> int:
        """Write these rows; how many they were."""
        written = 0
        for line in lines:
            if self._row == ROWS:
                self._begin_sheet()
            for column, value in enumerate(line):
                self._cell(column, value)
            self._row += 1
            written += 1
        return written

    def closed(self) -> Path:
        """Finish the file and say where it is."""
        self._book.close()
        return self._path

    def _begin_sheet(self) -> None:
        self._sheets += 1
        self._sheet = self._book.add_worksheet(self._title if self._sheets == 1 else f"{self._title} {self._sheets}")
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, len(self._header) - 1, _WIDTH)
        for column, name in enumerate(self._header):
            self._sheet.write_string(0, column, name, self._bold)
        self._row = 1

    def _cell(self, column: int, value: Any) -> None:
        match value:
            case None | "":
                pass
            case bool():
                self._sheet.write_boolean(self._row, column, value)
            case int() | Decimal() if -_EXACT < value < _EXACT:
                self._sheet.write_number(self._row, column, value, self._decimals[_places(value)])
            case datetime() if value.date() > _FIRST_DAY:
                moment = value.astimezone(UTC).replace(tzinfo=None)
                self._sheet.write_datetime(self._row, column, moment, self._moment)
            case date() if value > _FIRST_DAY:
                self._sheet.write_datetime(self._row, column, value, self._day)
            case _:
                # Longer than a cell may be is cut by the library.
                self._sheet.write_string(self._row, column, str(plain(value)))


def _places(value: int | Decimal) -> int:
    """How many decimals it is written with, as its currency has them."""
    if isinstance(value, int):
        return 0
    exponent = value.as_tuple().exponent
    return min(3, max(0, -exponent)) if isinstance(exponent, int) else 0
