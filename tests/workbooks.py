"""Reading a workbook as a spreadsheet program does, from the parts that ECMA-376 names."""

import io
import zipfile
from typing import Any
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheets_of(content: bytes) -> list[list[list[Any]]]:
    """The rows of each sheet: text as str, numbers and moments as float, booleans as bool, nothing as None.

    A formula fails: there is none in a file of ours.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert book.testzip() is None
        names = sorted(name for name in book.namelist() if name.startswith("xl/worksheets/sheet"))
        return [_rows(ElementTree.fromstring(book.read(name))) for name in names]


def text_in(content: bytes) -> str:
    """What is to read in a file: text as it is, and the parts of a workbook, which are compressed each."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = b"".join(book.read(part) for part in book.namelist())
    return content.decode()


def _rows(sheet: ElementTree.Element) -> list[list[Any]]:
    assert sheet.find(f".//{_MAIN}f") is None, "a formula"
    return [_cells(row) for row in sheet.iter(f"{_MAIN}row")]


def _cells(row: ElementTree.Element) -> list[Any]:
    found: dict[int, Any] = {_column(cell.attrib["r"]): _value(cell) for cell in row}
    return [found.get(column) for column in range(max(found, default=-1) + 1)]


def _column(reference: str) -> int:
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - 64
    return number - 1


def _value(cell: ElementTree.Element) -> Any:
    if cell.get("t") == "inlineStr":
        return "".join(text.text or "" for text in cell.iter(f"{_MAIN}t"))
    value = cell.findtext(f"{_MAIN}v")
    if value is None:
        return None
    return value == "1" if cell.get("t") == "b" else float(value)
