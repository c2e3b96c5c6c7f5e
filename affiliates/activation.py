"""The link by which a partner sets a password to the portal (SPEC Q1): works once, expires, and needs no table.

A token is the moment it ends and a signature over that, the partner, their e-mail and the hash of their password. Using
it changes the hash, and a new e-mail changes what was signed: either way every token given out before is over.
"""

from datetime import datetime, timedelta

from django.core.signing import Signer
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import base36_to_int, int_to_base36

from affiliates.models import Partner
from affiliates.partners import set_password
from merchants.audit import Actor, record
from merchants.edits import lock
from merchants.errors import DomainError

LIFETIME = timedelta(days=7)
RESET_LIFETIME = timedelta(hours=1)


def activation_token(partner: Partner, *, now: datetime) -> str:
    """For the first link, which waits in a mailbox: good for seven days."""
    return _token(partner, now + LIFETIME)


def reset_token(partner: Partner, *, now: datetime) -> str:
    """For somebody who forgot the password and sits before the screen: good for one hour."""
    return _token(partner, now + RESET_LIFETIME)


def hand_out(partner: Partner, *, actor: Actor) -> str:
    """An activation token that staff copy and send by themselves; the audit log keeps who asked for it."""
    with transaction.atomic():
        record(actor, "partner.activation_link", "partner", partner.id, after={"email": partner.email})
        return activation_token(partner, now=timezone.now())


def check_token(partner: Partner, token: str, *, now: datetime) -> None:
    """Pass when the token is this partner's, unused and in time. DomainError `link_used` or `link_expired`."""
    end, _, signature = token.partition("-")
    try:
        ends = base36_to_int(end)
    except ValueError:
        ends = 0
    if not constant_time_compare(signature, _signature(partner, ends)):
        raise DomainError("This link was used already, or a letter of it is missing.", code="link_used", status=410)
    if ends <= now.timestamp():
        raise DomainError("This link is too old.", code="link_expired", status=410)


def redeem(partner: Partner, *, token: str, password: str, actor: Actor) -> Partner:
    """Set the password that the token allows to set; the token has then been used.

    DomainError `link_used`, `link_expired`, or `password_too_weak` (the token stays good).
    """
    with transaction.atomic():
        lock(partner)
        check_token(partner, token, now=timezone.now())
        set_password(partner, password=password, actor=actor)
    return partner


def _token(partner: Partner, ends: datetime) -> str:
    seconds = int(ends.timestamp())
    return f"{int_to_base36(seconds)}-{_signature(partner, seconds)}"


def _signature(partner: Partner, ends: int) -> str:
    signed = f"{partner.id}:{ends}:{partner.email}:{partner.password}"
    return Signer(salt="affiliates.activation").signature(signed)
