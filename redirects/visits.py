"""What a request says of the person behind it, as much as a click keeps."""

from collections.abc import Mapping
from uuid import UUID

from django.conf import settings

from merchants.ids import new_id

COOKIE = "accrue_visitor"
#: Browsers keep a cookie no longer.
COOKIE_AGE = 400 * 24 * 3600


def visitor_of(cookie: str | None) -> tuple[UUID, bool]:
    """The visitor that the cookie names and True, or a new one and False."""
    if cookie:
        try:
            return UUID(cookie), True
        except ValueError:
            pass  # not one of ours: a new visitor
    return new_id(), False


def country_of(environ: Mapping[str, str]) -> str:
    """The country that a trusted proxy names, if one is configured to."""
    header: str = settings.COUNTRY_HEADER
    named = environ.get("HTTP_" + header.upper().replace("-", "_"), "") if header else ""
    return named if len(named) == 2 and named.isascii() and named.isupper() else ""


def storable(text: str) -> str:
    """Headers and addresses are anybody's bytes; PostgreSQL takes neither NUL nor broken characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
