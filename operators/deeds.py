"""What operators may do: each asks first, then calls one verb of the domain, which leaves its row in a log."""

from collections.abc import Callable
from typing import cast
from uuid import UUID

from django.contrib import admin
from django.db.models import Model
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from merchants import accounts, keys
from merchants.audit import Actor
from merchants.models import ApiKey, User
from operators.door import OperatorRequest, Shown, of_installation
from operators.site import MerchantSite, installation
from pages.answers import done, form_status, page, posted, sent
from pages.forms import PageForm


def deeds_on(row: Model, actor: Actor) -> list[tuple[str, str, str]]:
    """Label, icon and address of what `actor` can do about this row."""
    if isinstance(row, ApiKey) and row.revoked_at is None:
        return [("Revoke", "ban", reverse("revoke_key", args=[row.id]))]
    if not isinstance(row, User) or row.id == actor.id:
        return []
    switch = (
        ("Deactivate", "user-x", reverse("operators_deactivate", args=[row.id]))
        if row.is_active
        else ("Reactivate", "user-check", reverse("operators_reactivate", args=[row.id]))
    )
    return [("Reset second factor", "shield-off", reverse("operators_second_factor", args=[row.id])), switch]


def revoke_key(request: OperatorRequest, row: UUID) -> HttpResponseBase:
    """End a key that leaked."""
    assert request.merchant is not None
    key = get_object_or_404(request.merchant.api_keys, id=row)
    return _asked(
        request,
        key,
        title=f"Revoke {key.name}?",
        text="Whatever uses it stops working at once. The merchant reads in the audit log that you did this.",
        go="Revoke key",
        back=reverse("admin:merchants_apikey_change", args=[row]),
        act=lambda: keys.revoke(key, actor=request.actor),
        said=f"{key.name} no longer works.",
    )


@of_installation
def deactivate(request: OperatorRequest, row: UUID) -> HttpResponseBase:
    """Lock somebody out."""
    user = get_object_or_404(User, id=row)
    return _asked(
        request,
        user,
        title=f"Deactivate {user.email}?",
        text="They cannot sign in any more and are signed out everywhere, at every merchant they work for.",
        go="Deactivate",
        back=reverse("admin:merchants_user_change", args=[row]),
        act=lambda: accounts.deactivate(user, actor=request.actor),
        said=f"{user.email} cannot sign in any more.",
    )


@of_installation
def reactivate(request: OperatorRequest, row: UUID) -> HttpResponseBase:
    """Let somebody in again."""
    user = get_object_or_404(User, id=row)
    return _asked(
        request,
        user,
        title=f"Reactivate {user.email}?",
        text="They can sign in again, with the password and second factor they had.",
        go="Reactivate",
        back=reverse("admin:merchants_user_change", args=[row]),
        act=lambda: accounts.reactivate(user, actor=request.actor),
        said=f"{user.email} can sign in again.",
    )


@of_installation
def second_factor(request: OperatorRequest, row: UUID) -> HttpResponseBase:
    """Help somebody who lost their telephone."""
    user = get_object_or_404(User, id=row)
    return _asked(
        request,
        user,
        title=f"Reset the second factor of {user.email}?",
        text="App, passkeys and recovery codes are forgotten, and the password alone signs in. Make sure first that the"
        " person who asks for this is the one.",
        go="Reset second factor",
        back=reverse("admin:merchants_user_change", args=[row]),
        act=lambda: accounts.reset_second_factor(user, actor=request.actor),
        said=f"{user.email} signs in with the password alone now.",
    )


def _asked(
    request: OperatorRequest,
    row: Model,
    *,
    title: str,
    text: str,
    go: str,
    back: str,
    act: Callable[[], object],
    said: str,
) -> HttpResponseBase:
    """Ask, then `act`. Looking at the address changes nothing."""
    site = cast(MerchantSite, admin.site) if request.merchant else installation
    form = PageForm(posted(request))
    if sent(request, form):
        with form.refused():
            act()
            return done(request, said, back)
    request.shows = Shown("operator.view", row._meta.model_name or "", str(row.pk), {"page": go})
    context = {"title": title, "text": text, "go": go, "keep": "Cancel", "back": back, "form": form}
    full = {**context, **site.frame(request), "partials": {"ask"}}
    return page(request, "operators/deed.html", full, status=form_status(form))
