"""Rate limits: a fixed window per key, counted in Redis and given out to the processes in leases.

Asking Redis for every request would take a seventh of a sale's CPU. So a process takes several numbers of the window at
once and gives them to the requests it sees: one at first, then as many as it has given in this window, but at most a
64th of what is left. A quota is therefore never exceeded, a short one is counted one by one, and what a process took
and did not use is lost until the window ends: less than a 64th of the quota for each.

Redis holds nothing that cannot be lost, so when it is away requests pass: ingestion must go on. The token, not the
key's prefix, names the window, so nobody can use up another's limit by guessing at secrets.
"""

import hashlib
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

import redis
from django.conf import settings

from api.problems import HttpProblem

logger = logging.getLogger(__name__)

T = TypeVar("T")

WINDOW = 60
#: After Redis failed to answer, leave it alone for this long, so that an outage costs one request in a while a timeout.
PAUSE = 1.0
#: The part of what is left of a quota that a process may take at once.
_PART = 64

_away_until = 0.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of the running window, as far as this process knows."""

    quota: int
    remaining: int
    resets_in: int

    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers has them."""
        return {
            "RateLimit-Policy": f'"default";q={self.quota};w={WINDOW}',
            "RateLimit": f'"default";r={self.remaining};t={self.resets_in}',
        }


@dataclass(slots=True)
class _Lease:
    """Numbers of the running window that this process may give to the requests with one token."""

    next: int = 1
    last: int = 0
    given: int = 0
    """How many this process has given in this window."""
    lock: threading.Lock = field(default_factory=threading.Lock)


_leases: defaultdict[tuple[int, str], _Lease] = defaultdict(_Lease)
"""By window and token; those of windows before are thrown away when one begins."""
_window = 0


def count(token: str) -> Allowance | None:
    """Count one request with this token; 429 when its window is used up. None when Redis is away."""
    now = int(time.time())
    quota: int = settings.API_RATE_LIMIT
    number = _number(token, now // WINDOW, quota)
    if number is None:
        return None
    resets_in = WINDOW - now % WINDOW
    allowance = Allowance(quota, max(quota - number, 0), resets_in)
    if number > quota:
        raise HttpProblem(
            429,
            "rate_limited",
            f"A key may send {quota:,} requests a minute. Go on in {resets_in} seconds.",
            Retry_After=str(resets_in),
            **{name.replace("-", "_"): value for name, value in allowance.headers().items()},
        )
    return allowance


def _number(token: str, window: int, quota: int) -> int | None:
    """The number of this request among those with the token in this window."""
    global _window
    if window != _window:
        _leases.clear()
        _window = window
    lease = _leases[window, token]
    with lease.lock:
        if lease.next > lease.last:
            size = max(min(lease.given, (quota - lease.last) // _PART), 1)
            used = _increment(f"rate:{window}:{hashlib.blake2b(token.encode(), digest_size=12).hexdigest()}", size)
            if used is None:
                return None
            lease.next, lease.last = used - size + 1, used
        number = lease.next
        lease.next += 1
        lease.given += 1
        return number


def _increment(key: str, by: int) -> int | None:
    def increment(server: redis.Redis) -> int:
        # Together: a key that was counted and then forgotten to expire would stay for good.
        with server.pipeline(transaction=True) as pipe:
            pipe.incrby(key, by)
            pipe.expire(key, WINDOW * 2)
            return int(pipe.execute()[0])

    return asked(increment)


def asked(ask: Callable[[redis.Redis], T]) -> T | None:
    """What Redis says to `ask`; None while it is away."""
    global _away_until
    if time.monotonic() < _away_until:
        return None
    try:
        return ask(_client())
    except redis.RedisError as error:
        _away_until = time.monotonic() + PAUSE
        logger.warning("rate limits are off while Redis is away: %s", error)
        return None


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.1, socket_connect_timeout=0.1)
