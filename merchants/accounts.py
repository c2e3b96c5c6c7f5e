"""What an operator does about somebody's log-in. It belongs to no merchant, so it is in the operators' own log."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from merchants.audit import Actor, record_outside
from merchants.errors import Conflict
from merchants.models import User


def deactivate(user: User, *, actor: Actor) -> None:
    """Stop a person from signing in; their sessions end with the next click.

    Conflict `own_account` for the operator's own, so that there is always one left who can undo it.
    """
    if user.id == actor.id:
        raise Conflict("This is your own log-in: another operator can deactivate it.", code="own_account")
    _switch(user, on=False, verb="user.deactivate", actor=actor)


def reactivate(user: User, *, actor: Actor) -> None:
    """Let a deactivated person sign in again, with the password and second factor they had."""
    _switch(user, on=True, verb="user.reactivate", actor=actor)


@transaction.atomic
def reset_second_factor(user: User, *, actor: Actor) -> None:
    """Forget app, passkeys and recovery codes of somebody who lost them; the password alone signs in again.

    Conflict `own_account` for the operator's own, `no_second_factor` when there is none.
    """
    if user.id == actor.id:
        raise Conflict("This is your own log-in: change it under your account.", code="own_account")
    found = list(Authenticator.objects.filter(user_id=user.id).order_by("id"))
    if not found:
        raise Conflict("There is no second factor to reset.", code="no_second_factor")
    Authenticator.objects.filter(id__in=[each.id for each in found]).delete()
    record_outside(
        actor, "user.reset_second_factor", "user", str(user.id), detail={"removed": [each.type for each in found]}
    )


@transaction.atomic
def _switch(user: User, *, on: bool, verb: str, actor: Actor) -> None:
    if not User.objects.filter(id=user.id, is_active=not on).update(is_active=on):
        word = "active" if on else "deactivated"
        raise Conflict(f"{user.email} is {word} already.", code="already")
    record_outside(actor, verb, "user", str(user.id), detail={"is_active": on})
