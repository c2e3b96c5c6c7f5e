"""Who is signed in to which portal in this browser.

Django's session holds, for each portal, the partner and a digest of their password's hash: a new password, or "sign out
everywhere", changes the hash and so ends every session that was made before. Staff and several partners can be signed
in side by side, for each has a key of their own in the session.
"""

from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils.crypto import constant_time_compare, salted_hmac

from affiliates.models import Partner


def sign_in(request: HttpRequest, partner: Partner) -> None:
    """From now on this browser is the partner's, under a session key that nobody knew before."""
    request.session.cycle_key()
    rotate_token(request)
    refresh(request, partner)


def refresh(request: HttpRequest, partner: Partner) -> None:
    """Stay signed in here although the password has a new hash."""
    request.session[_key(partner)] = [str(partner.id), _seal(partner)]


def sign_out(request: HttpRequest, partner: Partner) -> None:
    """This browser is nobody's at this portal any more; other log-ins in it stay."""
    request.session.pop(_key(partner), None)
    request.session.cycle_key()


def is_signed_in(request: HttpRequest, partner: Partner) -> bool:
    """Whether this browser signed in as the partner, with the password that still holds."""
    kept = request.session.get(_key(partner))
    return (
        bool(partner.password)
        and isinstance(kept, list)
        and len(kept) == 2
        and kept[0] == str(partner.id)
        and constant_time_compare(kept[1], _seal(partner))
    )


def _key(partner: Partner) -> str:
    return f"portal:{partner.portal_code}"


def _seal(partner: Partner) -> str:
    return salted_hmac("partner_portal.sessions", partner.password, algorithm="sha256").hexdigest()
