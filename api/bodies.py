"""Reading what a caller sent: bytes, then JSON, then a typed value, with a refusal that names the field at each step.

msgspec is strict here: 100.0 and "100" are not 100, unknown fields are refused, nothing is coerced. Its messages are
for programmers, so they are put into words that say what to send instead.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Hashable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest

from api.problems import HttpProblem
from merchants.errors import DomainError
from merchants.money import MAX_AMOUNT

T = TypeVar("T")

#: Larger than a batch of a thousand ordinary sales; refused by its Content-Length, before it is read.
MAX_BODY = 4 * 1024 * 1024

_AMOUNTS = re.compile(r"(^|[._])(amount|tax|shipping|discount|minimum_payout)$")
_AT = re.compile(r" - at (?:`key` in )?`\$\.?(?P<path>.*)`$")
_NAMED = re.compile(r"field `(?P<name>[^`]*)`")
_TOO_MANY = re.compile(r"Expected `(?:array|object)` of length <= (?P<most>\d+)")
_WHAT_TO_SEND = f"Send a whole number of minor units, at most {MAX_AMOUNT:,}: 10000 means 100.00 USD."
#: What a body of another encoding, or one saved by an editor, begins with.
_MARKS = (BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE)


def read(request: HttpRequest) -> bytes:
    """The body of a write; 413 or 415 when it is too large or not JSON. No body is an empty one, of no type."""
    # A chunked body names no length: it is read up to the limit.
    chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    announced = _announced(request)
    if not chunked and announced == 0:
        return b""
    if announced > MAX_BODY:
        raise _too_large()
    declared = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if declared != "application/json":
        raise HttpProblem(415, "unsupported_media_type", "Send the body as JSON with `Content-Type: application/json`.")
    if request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in ("", "identity"):
        raise HttpProblem(415, "unsupported_encoding", "Send the body as it is, without `Content-Encoding`.")
    # Not `request.body`, which would keep it, and guard against what was refused above, for 10 µs.
    body: bytes = cast(WSGIRequest, request).environ["wsgi.input"].read(MAX_BODY + 1 if chunked else announced)
    if len(body) > MAX_BODY:
        raise _too_large()
    if len(body) < announced:
        raise HttpProblem(400, "bad_request", "The body ended before its Content-Length: send the request again.")
    return body


def _announced(request: HttpRequest) -> int:
    """Content-Length; what is not a number of bytes announces none."""
    length = request.META.get("CONTENT_LENGTH", "")
    return int(length) if length.isdecimal() else 0


def _too_large() -> HttpProblem:
    return HttpProblem(413, "body_too_large", f"The body is larger than {MAX_BODY // 1024**2} MB. Send it in parts.")


@lru_cache(maxsize=256)
def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)


def parse(body: bytes, shape: type[T]) -> T:
    """The body as a `shape`. 400 when it is not JSON, 422 with the field's path when it is not a `shape`."""
    if not body:
        raise HttpProblem(400, "invalid_json", "The body is empty. Send a JSON object.")
    if body.startswith(_MARKS):
        raise HttpProblem(400, "invalid_json", "The body is not plain UTF-8: send that, without a byte order mark.")
    try:
        value = _decoder(cast(Hashable, shape)).decode(body)
    except msgspec.ValidationError as error:
        raise invalid(error) from error
    except UnicodeDecodeError as error:
        raise HttpProblem(400, "invalid_json", "The body is not UTF-8.") from error
    except msgspec.DecodeError as error:
        raise HttpProblem(400, "invalid_json", f"The body is not valid JSON: {_plain(str(error))}.") from error
    except RecursionError as error:
        raise HttpProblem(400, "nested_too_deeply", "The body is nested too deeply.") from error
    # Cheap on the way of every request: JSON can only spell NUL as an escape. Which field it is, is looked up after.
    if b"\\u0000" in body:
        refuse_nul(value)
    return cast(T, in_utc(value))


def in_utc(value: Any) -> Any:
    """Put a struct's own moments into UTC: PostgreSQL refuses offsets of more than 16 hours, which RFC 3339 allows."""
    for name in getattr(value, "__struct_fields__", ()):
        moment = getattr(value, name)
        if type(moment) is datetime and moment.tzinfo is not UTC:
            try:
                setattr(value, name, moment.astimezone(UTC))
            except OverflowError as error:
                raise DomainError(
                    "This is outside of the years 1 to 9999 in UTC.", code="invalid_value", field=name
                ) from error
    return value


def refuse_nul(value: object, path: str = "") -> None:
    """PostgreSQL text cannot hold NUL; 422 with the path of the first."""
    if isinstance(value, str) and "\0" in value:
        raise DomainError("Remove the NUL character (\\u0000).", code="invalid_text", field=path)
    members = msgspec.structs.asdict(value) if isinstance(value, msgspec.Struct) else value
    if isinstance(members, dict):
        for name, inner in members.items():
            refuse_nul(name, path)
            refuse_nul(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            refuse_nul(inner, f"{path}[{position}]")


def invalid(error: msgspec.ValidationError) -> DomainError:
    """msgspec's refusal as a problem: the path in our form, and words that say what to send."""
    text = str(error)
    at = _AT.search(text)
    said = text[: at.start()] if at else text
    path = at["path"].replace("[...]", "") if at else ""
    if said.startswith("Object missing required field"):
        field = _joined(path, said)
        return DomainError(f"`{field}` is missing.", code="missing_field", field=field)
    if said.startswith("Object contains unknown field"):
        field = _joined(path, said)
        return DomainError(
            f"`{field}` is not a field of this request. Check its spelling.", code="unknown_field", field=field
        )
    if _AMOUNTS.search(path):
        return DomainError(f"{_WHAT_TO_SEND} {_reason(said)}", code="invalid_amount", field=path)
    if said.startswith("Expected") and ", got" in said:
        return DomainError(_reason(said), code="invalid_type", field=path)
    return DomainError(_reason(said), code="invalid_value", field=path)


def _joined(path: str, said: str) -> str:
    named = _NAMED.search(said)
    name = named["name"] if named else ""
    return f"{path}.{name}" if path else name


_WORDS = {
    "Expected `int`, got `float`": "This has a decimal point: whole numbers only.",
    "Expected `int`, got `str`": "This is text: send a number without quotes.",
    "Expected `str`, got `int`": "This is a number: send text in quotes.",
    "Expected `int` >= 0": "This is negative.",
    "Expected `int` >= 1": "This must be 1 or more.",
    f"Expected `int` <= {MAX_AMOUNT}": "This is too large.",
    "Integer value out of range": "This is too large.",
    "Invalid RFC3339 encoded datetime": "Send a time with its offset as RFC 3339 has it, such as 2026-03-01T09:30:00Z.",
    "Expected `datetime` with a timezone component": "Add the offset to the time, as in 2026-03-01T09:30:00Z.",
    "Invalid RFC3339 encoded date": "Send a date as 2026-03-01.",
    "Invalid UUID": "This is not one of our ids (they are UUIDs).",
}


def _reason(said: str) -> str:
    many = _TOO_MANY.fullmatch(said)
    if many:
        return f"Send at most {int(many['most']):,} at once."
    return _WORDS.get(said) or f"{said}."


def _plain(said: str) -> str:
    return said.removeprefix("JSON is malformed: ").lower() if said.startswith("JSON is malformed") else said.lower()
