"""How often anybody may try something, counted in windows of a quarter of an hour.

Counted in the cache, which holds nothing that cannot be lost: while it is away, everybody may try.
"""

import time

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from pages.visitors import client_network

WINDOW = 15 * 60


def counted(what: str, *, by: int = 1) -> int:
    """Count one more of `what` and say how many there were in the running window; 0 when nobody counts."""
    key = f"attempts:{what}:{int(time.time()) // WINDOW}"
    cache.add(key, 0, timeout=2 * WINDOW)
    try:
        return cache.incr(key, by)
    except ValueError:  # the cache is away, or threw it out between the two
        return 0


def address_of(request: HttpRequest) -> str:
    """The client's address as it is counted: shows that two came from one, and not from which.

    Of IPv6 the network, or whoever has one could try from 2^64 addresses.
    """
    return salted_hmac("pages.attempts", client_network(request.META)).hexdigest()[:20]
