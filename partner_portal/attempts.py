"""How often anybody may try: by portal and address, and by portal alone, because addresses are cheap.

Counted in Redis, which holds nothing that cannot be lost: while it is away nothing is counted and everybody may try,
for a partner who cannot reach their money because a cache is down is worse than some more guesses at a password.
"""

import logging
import time

import redis
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from affiliates.models import Partner
from pages.visitors import client_address

logger = logging.getLogger(__name__)

WINDOW = 15 * 60
#: Log-ins in a window, from one address and from all.
FROM_ONE, FROM_ALL = 10, 100
#: Links by e-mail in a window: enough for somebody who looks into the wrong mailbox, no weapon against a mailbox.
LINKS = 3


def may_sign_in(request: HttpRequest, partner: Partner) -> bool:
    """Count one try to sign in; whether it is still one of those that are allowed."""
    address = salted_hmac("partner_portal.attempts", client_address(request.META)).hexdigest()[:20]
    one = _count(f"sign-in:{partner.id}:{address}") <= FROM_ONE
    return _count(f"sign-in:{partner.id}") <= FROM_ALL and one


def may_send_link(partner: Partner) -> bool:
    """Count one link by e-mail; whether it may still be sent."""
    return _count(f"link:{partner.id}") <= LINKS


def _count(what: str) -> int:
    key = f"portal:{what}:{int(time.time()) // WINDOW}"
    try:
        cache.add(key, 0, timeout=2 * WINDOW)
        return cache.incr(key)
    except (redis.RedisError, ValueError) as error:  # ValueError: thrown out of the cache between the two
        logger.warning("attempts at the portal are not counted: %s", error)
        return 0
