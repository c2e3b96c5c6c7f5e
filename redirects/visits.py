"""What a request says of the person behind it, as much as a click keeps."""

from uuid import UUID

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


def storable(text: str) -> str:
    """Headers and addresses are anybody's bytes; PostgreSQL takes neither NUL nor broken characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
