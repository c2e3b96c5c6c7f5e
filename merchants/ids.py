"""Primary keys: UUIDv7, so that rows created together lie together in every index."""

import uuid

from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """A time-ordered UUID (RFC 9562, version 7)."""
    return uuid7()
