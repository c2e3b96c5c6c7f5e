"""Primary keys: UUIDv7, so that rows created together lie together in every index."""

import uuid
from datetime import datetime, timedelta

from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """A time-ordered UUID (RFC 9562, version 7)."""
    return uuid7()


def least_id(moment: datetime, *, later: timedelta = timedelta(0)) -> uuid.UUID:
    """The first id that can have been made `later` than `moment`: 48 bits of Unix milliseconds come first."""
    milliseconds = int((moment.timestamp() + later.total_seconds()) * 1000)
    return uuid.UUID(int=max(milliseconds, 0) << 80)
