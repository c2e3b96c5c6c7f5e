"""Clicks on their way: a Redis stream between the redirect, which must be fast, and the database, which must be right.

The stream holds what was not drained yet and nothing else: entries are deleted once their insert has committed. An
entry that a dead drainer took is taken over after a while. Nothing is ever trimmed.
"""

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

STREAM = "clicks"
DEAD = "clicks:dead"
GROUP = "drain"
#: All drainers under one name: who took an entry is of no use, only how long ago, and dead names would pile up.
CONSUMER = "worker"
#: An entry taken this long ago and not done belongs to a drainer that died.
ABANDONED_MS = 30_000
#: After Redis failed to answer, go straight to the database for this long instead of waiting for a timeout each time.
PAUSE = 1.0

_FIELD = b"c"
Entry = tuple[bytes, bytes]
"""The id in the stream, and the click as JSON."""

_away_until = 0.0
_thread = threading.local()


class StreamAway(Exception):
    """Redis does not answer: the caller goes another way."""


def add(click: bytes) -> None:
    """Put a click into the stream; StreamAway when it cannot be put there for certain."""
    with answering() as stream:
        stream.xadd(STREAM, {_FIELD: click})


@contextmanager
def answering() -> Iterator[redis.Redis]:
    """The client for somebody who has another way to go: StreamAway, and for a while at once, when it fails."""
    global _away_until
    if time.monotonic() < _away_until:
        raise StreamAway
    try:
        yield client()
    except redis.RedisError as error:
        _away_until = time.monotonic() + PAUSE
        logger.warning("clicks do without Redis while it is away: %s", error)
        raise StreamAway from error


def take(limit: int, *, abandoned_ms: int = ABANDONED_MS) -> list[Entry]:
    """Up to `limit` entries for this consumer: first those that a dead one left, then new ones."""
    _ensure_group()
    claimed: Any = client().xautoclaim(STREAM, GROUP, CONSUMER, min_idle_time=abandoned_ms, count=limit)
    left = limit - len(claimed[1])
    fresh: Any = client().xreadgroup(GROUP, CONSUMER, {STREAM: ">"}, count=left) if left else []
    new = fresh[0][1] if fresh else []
    return list(_entries([*claimed[1], *new]))


def between(earliest_ms: int, latest_ms: int, *, limit: int) -> list[Entry]:
    """Entries that came in that time and are not done, taken or not; [] when Redis is away."""
    try:
        with answering() as stream:
            found: Any = stream.xrange(STREAM, min=max(earliest_ms, 0), max=latest_ms, count=limit)
    except StreamAway:
        return []
    return list(_entries(found))


def done(ids: Sequence[bytes]) -> None:
    """These are in the database for good."""
    if ids:
        with client().pipeline(transaction=True) as pipe:
            pipe.xack(STREAM, GROUP, *ids)
            pipe.xdel(STREAM, *ids)
            pipe.execute()


def set_aside(entry: Entry, reason: str) -> None:
    """An entry that cannot be inserted: kept where a person can look at it, out of the way of the others."""
    client().xadd(DEAD, {_FIELD: entry[1], b"reason": reason[:500]})
    done([entry[0]])


def reset() -> None:
    """Believe in Redis again at once, after an outage that is known to be over."""
    global _away_until
    _away_until = 0.0


def waiting() -> int:
    """How many clicks are not in the database yet."""
    return int(client().xlen(STREAM))


def oldest() -> datetime | None:
    """When the click that waits longest came."""
    found: Any = client().xrange(STREAM, count=1)
    return datetime.fromtimestamp(int(found[0][0].partition(b"-")[0]) / 1000, UTC) if found else None


def set_aside_count() -> int:
    """How many entries could not be inserted."""
    return int(client().xlen(DEAD))


def _entries(found: Iterable[Any]) -> Iterator[Entry]:
    for entry_id, fields in found:
        if fields:
            yield entry_id, fields[_FIELD]


def _ensure_group() -> None:
    try:
        client().xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


def client() -> redis.Redis:
    """This thread's client, on a connection of its own: a pool would cost a redirect more than the command does.

    Short timeouts, since a redirect waits for nobody.
    """
    if getattr(_thread, "process", None) != os.getpid():  # after a fork the connection is the parent's
        _thread.client = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.25, single_connection_client=True
        )
        _thread.process = os.getpid()
    found: redis.Redis = _thread.client
    return found


def disconnect() -> None:
    """Let this thread connect anew, to whatever REDIS_URL says then."""
    _thread.__dict__.clear()
