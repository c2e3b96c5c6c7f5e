"""The cache as a cache: while Redis is away it is empty and forgets at once, and every page still works.

Django's own backend raises, and inside a tenant's transaction at that. What is limited in the cache (tries to sign in,
a TOTP code to one use) is not limited meanwhile: that nobody gets in is worse. Sessions are not here, for one that was
ended while Redis was away would be alive again when it is back.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: A Redis that was just away is not asked again for so long: a page asks several times, and each could wait.
_LEFT_ALONE_SECONDS = 2.0


class ForgivingRedisCache(RedisCache):
    """Django's, except that a Redis that is away answers as an empty one."""

    _away_until = 0.0

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """`default` while it is away."""
        return self._forgiven(lambda: super(ForgivingRedisCache, self).get(key, default, version), default)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Forgotten at once while it is away."""
        self._forgiven(lambda: super(ForgivingRedisCache, self).set(key, value, timeout, version), None)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """True while it is away: the key was not there."""
        return self._forgiven(lambda: super(ForgivingRedisCache, self).add(key, value, timeout, version), True)

    def delete(self, key: Any, version: int | None = None) -> bool:
        """False while it is away: the key was not there."""
        return self._forgiven(lambda: super(ForgivingRedisCache, self).delete(key, version), False)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """ValueError while it is away, as for every key that is not there."""
        number = self._forgiven(lambda: super(ForgivingRedisCache, self).incr(key, delta, version), None)
        if number is None:
            raise ValueError(f"Key {key!r} not found.")
        return number

    def _forgiven(self, ask: Callable[[], T], otherwise: T) -> T:
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            return ask()
        except redis.RedisError as error:
            logger.warning("the cache is away: %s", error)
            ForgivingRedisCache._away_until = time.monotonic() + _LEFT_ALONE_SECONDS
            return otherwise
