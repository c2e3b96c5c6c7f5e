"""How often anybody may try: by portal and address, and by portal alone, because addresses are cheap.

Counted in the cache, which holds nothing that cannot be lost: while it is away nothing is counted and everybody may
try, for a partner who cannot reach their money because a cache is down is worse than some more guesses at a password.
"""

import time

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from affiliates.models import Partner
from pages.visitors import client_address

WINDOW = 15 * 60
#: Log-ins in a window, from one address and from all.
FROM_ONE, FROM_ALL = 10, 100
#: Links by e-mail in a window: enough for somebody who looks into the wrong mailbox, no weapon against a mailbox.
LINKS = 3


def may_sign_in(request: HttpRequest, partner: Partner) -> bool:
    """Count one try to sign in; whether it is still one of those that are allowed."""
    from_one, from_all = (_count(what) for what in _sign_ins(request, partner))
    return from_one <= FROM_ONE and from_all <= FROM_ALL


def forgive(request: HttpRequest, partner: Partner) -> None:
    """The try was no guess: the partner signed in."""
    for what in _sign_ins(request, partner):
        _count(what, by=-1)


def _sign_ins(request: HttpRequest, partner: Partner) -> tuple[str, str]:
    address = salted_hmac("partner_portal.attempts", client_address(request.META)).hexdigest()[:20]
    return f"sign-in:{partner.id}:{address}", f"sign-in:{partner.id}"


def may_send_link(partner: Partner) -> bool:
    """Count one link by e-mail; whether it may still be sent."""
    return _count(f"link:{partner.id}") <= LINKS


def _count(what: str, *, by: int = 1) -> int:
    key = f"portal:{what}:{int(time.time()) // WINDOW}"
    cache.add(key, 0, timeout=2 * WINDOW)
    try:
        return cache.incr(key, by)
    except ValueError:  # the cache is away, or threw it out between the two
        return 0
