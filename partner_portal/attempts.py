"""How often anybody may try: by portal and address, and by portal alone, because addresses are cheap.

While the cache is away everybody may try (`pages.attempts`), for a partner who cannot reach their money because a cache
is down is worse than some more guesses at a password.
"""

from django.http import HttpRequest

from affiliates.models import Partner
from pages.attempts import address_of, counted

#: Log-ins in a window, from one address and from all.
FROM_ONE, FROM_ALL = 10, 100
#: Links by e-mail in a window: enough for somebody who looks into the wrong mailbox, no weapon against a mailbox.
LINKS = 3


def may_sign_in(request: HttpRequest, partner: Partner) -> bool:
    """Count one try to sign in; whether it is still one of those that are allowed."""
    from_one, from_all = (counted(what) for what in _sign_ins(request, partner))
    return from_one <= FROM_ONE and from_all <= FROM_ALL


def forgive(request: HttpRequest, partner: Partner) -> None:
    """The try was no guess: the partner signed in."""
    for what in _sign_ins(request, partner):
        counted(what, by=-1)


def _sign_ins(request: HttpRequest, partner: Partner) -> tuple[str, str]:
    return f"sign-in:{partner.id}:{address_of(request)}", f"sign-in:{partner.id}"


def may_send_link(partner: Partner) -> bool:
    """Count one link by e-mail; whether it may still be sent."""
    return counted(f"link:{partner.id}") <= LINKS
