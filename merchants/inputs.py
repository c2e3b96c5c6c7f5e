"""What every verb asks of a value before it reaches the database.

Doors check shapes (a string, an integer, no unknown fields); these functions hold what must be true whoever asks:
lengths, control characters, known currencies. All raise DomainError naming the field.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from merchants.errors import DomainError
from merchants.money import MAX_AMOUNT, is_currency

#: A metadata object is for keys and notes, not for documents.
MAX_METADATA_BYTES = 8_192
MAX_METADATA_KEYS = 50
MAX_METADATA_DEPTH = 5
MAX_TAGS = 50

_FIRST_YEAR, _LAST_YEAR = 1970, 9998
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
# C0 and C1 controls, the separators of lines and paragraphs, what turns the text beside it around in a list, and
# surrogates without their other half. Joiners and spaces of other scripts belong to names.
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NOT_IN_A_PARAGRAPH = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def line(value: object, field: str, *, longest: int = 200, required: bool = False) -> str:
    """One line of text: stripped, without control characters, at most `longest`; required means not empty."""
    text = _text(value, field, longest).strip()
    if not text and required:
        raise DomainError(f"Fill in {field}.", code="required", field=field)
    check_line(text, field)
    return text


def paragraph(value: object, field: str, *, longest: int = 10_000) -> str:
    """Text of several lines, at most `longest` characters, with no control characters but tabs and line breaks."""
    text = _text(value, field, longest)
    check_paragraph(text, field)
    return text


def check_line(text: str, field: str) -> None:
    """Refuse an identifier or a name that does not stay in its line when it is printed, logged or exported."""
    # A printable text has none of them, and is told at a tenth of the price.
    if not text.isprintable() and _NOT_IN_A_LINE.search(text):
        raise DomainError(f"Remove line breaks and control characters from {field}.", code="invalid_text", field=field)


def check_paragraph(text: str, field: str) -> None:
    """The same for notes, which may have tabs and line breaks."""
    if not text.isprintable() and _NOT_IN_A_PARAGRAPH.search(text):
        raise DomainError(f"Remove control characters from {field}.", code="invalid_text", field=field)


def _text(value: object, field: str, longest: int) -> str:
    if not isinstance(value, str):
        raise DomainError(f"{field} must be text.", code="invalid_text", field=field)
    if len(value) > longest:
        raise DomainError(f"Shorten {field} to {longest} characters.", code="too_long", field=field)
    return value


def currency(value: object, field: str = "currency") -> str:
    """An ISO 4217 code that Accrue knows, in upper case as it must be written."""
    if not isinstance(value, str) or not is_currency(value):
        raise DomainError(
            "Give the currency as an ISO 4217 code in capitals, such as USD.", code="unknown_currency", field=field
        )
    return value


def whole(value: object, field: str, *, least: int = 0, most: int = MAX_AMOUNT) -> int:
    """An integer within bounds; a float, a bool or a text is not one."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise DomainError(f"{field} must be a whole number.", code="invalid_number", field=field)
    if not least <= value <= most:
        raise DomainError(f"{field} must be between {least} and {most}.", code="out_of_range", field=field)
    return value


def moment(value: object, field: str) -> datetime:
    """A point in time; one without a time zone, or of a year in which nobody trades, is not.

    The first and the last year that Python knows would not survive the way into another time zone.
    """
    if not isinstance(value, datetime) or value.utcoffset() is None or not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise DomainError(
            f"Give {field} as a date and time with its zone, such as 2026-03-01T09:00:00Z, in the years {_FIRST_YEAR}"
            f" to {_LAST_YEAR}.",
            code="invalid_time",
            field=field,
        )
    return value


def tags(value: object, field: str = "tags") -> list[str]:
    """Short labels without repeats, in the order given."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise DomainError(f"{field} must be a list of texts.", code="invalid_list", field=field)
    labels = [line(tag, f"{field}[{i}]", longest=50, required=True) for i, tag in enumerate(value)]
    if len(labels) > MAX_TAGS:
        raise DomainError(f"Keep to {MAX_TAGS} {field}.", code="too_many", field=field)
    return list(dict.fromkeys(labels))


def metadata(value: object, field: str = "metadata") -> dict[str, Any]:
    """A JSON object within the three limits above that PostgreSQL can store."""
    if not isinstance(value, Mapping):
        raise DomainError(f"{field} must be an object.", code="invalid_metadata", field=field)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise DomainError(f"{field} must be plain JSON.", code="invalid_metadata", field=field) from error
    if _ESCAPED_NUL.search(text):
        raise DomainError(f"Remove NUL characters from {field}.", code="invalid_metadata", field=field)
    if size > MAX_METADATA_BYTES or len(value) > MAX_METADATA_KEYS or _depth(value) > MAX_METADATA_DEPTH:
        raise DomainError(
            f"{field} takes at most {MAX_METADATA_KEYS} keys, {MAX_METADATA_BYTES // 1024} kB and"
            f" {MAX_METADATA_DEPTH} levels.",
            code="metadata_too_large",
            field=field,
        )
    return dict(value)


def _depth(value: object) -> int:
    if isinstance(value, Mapping):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def known_fields(changes: Mapping[str, object], editable: Collection[str]) -> None:
    """Refuse a change of anything but the `editable` fields."""
    for field in changes:
        if field not in editable:
            raise DomainError(
                f"{field} cannot be changed here; what can: {', '.join(editable)}.", code="unknown_field", field=field
            )
