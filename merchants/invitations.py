"""Inviting people to work for a merchant (SPEC P2): an e-mail with a link that works once, for a week.

The link carries a random token of which only the hash is kept. Whoever opens it has read that mailbox, so a new person
may choose a password there; somebody who has an account signs in to it first.
"""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from merchants import tenancy
from merchants.audit import Actor, record
from merchants.constraints import refusals
from merchants.contact import normal_email
from merchants.errors import Conflict, DomainError, NotFound
from merchants.models import Invitation, Locator, Membership, User
from merchants.staff import add_staff, checked_role
from merchants.tenancy import Finds

LIFETIME = timedelta(days=7)


def invite(*, email: str, role: str, actor: Actor) -> tuple[Invitation, str]:
    """Offer a role to whoever reads `email`; an earlier offer to them is replaced. Returns it with its token.

    Conflict `staff_exists` when they work here already.
    """
    address, role = normal_email(email), checked_role(role)
    if Membership.objects.filter(merchant_id=tenancy.current(), user__email=address).exists():
        raise Conflict(f"{address} already works here: change the role instead.", code="staff_exists", field="email")
    token = secrets.token_urlsafe(32)
    raced = Conflict(f"{address} was invited a moment ago.", code="invited_already", field="email")
    with refusals({"invitation_once": raced}):
        for earlier in Invitation.objects.select_for_update().filter(merchant_id=tenancy.current(), email=address):
            _remove(earlier)
        invitation = Invitation.objects.create(
            merchant_id=tenancy.current(),
            email=address,
            role=role,
            token_hash=_hash(token),
            expires_at=timezone.now() + LIFETIME,
        )
        tenancy.register(Finds.INVITATION, invitation.token_hash)
        record(actor, "staff.invite", "invitation", invitation.id, after={"email": address, "role": role})
    return invitation, token


def withdraw(invitation: Invitation, *, actor: Actor) -> None:
    """Take an offer back: its link ends."""
    with transaction.atomic():
        before = {"email": invitation.email, "role": invitation.role}
        record(actor, "staff.withdraw_invitation", "invitation", invitation.id, before=before)
        _remove(invitation)


def tenant_of(token: str) -> UUID:
    """Whose invitation the token opens; NotFound when it opens none."""
    return tenancy.locate(Finds.INVITATION, _hash(token))


def find(token: str) -> Invitation:
    """The invitation of the running tenant; NotFound when it was used or withdrawn, DomainError when it is too old."""
    return _find(Invitation.objects.all(), token)


def _find(invitations: "QuerySet[Invitation]", token: str) -> Invitation:
    invitation = invitations.filter(merchant_id=tenancy.current(), token_hash=_hash(token)).first()
    if invitation is None:
        raise NotFound("This invitation was used already, or taken back. Ask for a new one.")
    if invitation.expires_at <= timezone.now():
        raise DomainError("This invitation is too old. Ask for a new one.", code="invitation_expired", status=410)
    return invitation


def accept(token: str, *, user: User | None = None, name: str = "", password: str = "") -> Membership:
    """Take the offer up, as `user` or as a new one with this name and password; the link has then been used.

    Conflict `wrong_account` when `user` is not who was invited, or when there is an account and it did not sign in.
    """
    with transaction.atomic():
        # Of two who use the link at once, the second waits and finds nothing.
        invitation = _find(Invitation.objects.select_for_update(), token)
        known = User.objects.filter(email=invitation.email).first()
        if known != user:
            raise Conflict(f"Sign in as {invitation.email} to accept this invitation.", code="wrong_account")
        actor = Actor(kind="user", name=name or (user.name if user else "") or invitation.email)
        membership = add_staff(
            email=invitation.email, role=invitation.role, name=name, password=password or None, actor=actor
        )
        _remove(invitation)
    return membership


def _remove(invitation: Invitation) -> None:
    Locator.objects.filter(kind=Finds.INVITATION, key=invitation.token_hash).delete()
    invitation.delete()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
