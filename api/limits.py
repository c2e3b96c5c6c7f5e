"""Rate limits: a fixed window per key, counted by one message to Redis.

Redis holds nothing that cannot be lost, so when it is away requests pass: ingestion must go on. The token, not the
key's prefix, names the window, so nobody can use up another's limit by guessing at secrets.
"""

import hashlib
import logging
import time
from dataclasses import dataclass
from functools import cache

import redis
from django.conf import settings

from api.problems import HttpProblem

logger = logging.getLogger(__name__)

WINDOW = 60
#: After Redis failed to answer, leave it alone for this long, so that an outage costs one request in a while a timeout.
PAUSE = 1.0

_away_until = 0.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of the running window."""

    quota: int
    remaining: int
    resets_in: int

    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers has them."""
        return {
            "RateLimit-Policy": f'"default";q={self.quota};w={WINDOW}',
            "RateLimit": f'"default";r={self.remaining};t={self.resets_in}',
        }


def count(token: str) -> Allowance | None:
    """Count one request with this token; 429 when its window is used up. None when Redis is away."""
    now = time.time()
    window = int(now) // WINDOW
    resets_in = WINDOW - int(now) % WINDOW
    used = _increment(f"rate:{window}:{hashlib.blake2b(token.encode(), digest_size=12).hexdigest()}")
    if used is None:
        return None
    quota: int = settings.API_RATE_LIMIT
    allowance = Allowance(quota, max(quota - used, 0), resets_in)
    if used > quota:
        raise HttpProblem(
            429,
            "rate_limited",
            f"A key may send {quota:,} requests a minute. Go on in {resets_in} seconds.",
            Retry_After=str(resets_in),
            **{name.replace("-", "_"): value for name, value in allowance.headers().items()},
        )
    return allowance


def _increment(key: str) -> int | None:
    global _away_until
    if time.monotonic() < _away_until:
        return None
    try:
        # Together: a key that was counted and then forgotten to expire would stay for good.
        with _client().pipeline(transaction=True) as pipe:
            pipe.incr(key)
            pipe.expire(key, WINDOW * 2)
            used = int(pipe.execute()[0])
    except redis.RedisError as error:
        _away_until = time.monotonic() + PAUSE
        logger.warning("rate limits are off while Redis is away: %s", error)
        return None
    return used


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.1, socket_connect_timeout=0.1)
