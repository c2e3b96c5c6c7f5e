"""API keys (SPEC P3): made and shown once, replaced with an overlap, revoked at once. Owners only."""

from datetime import timedelta
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from backoffice.door import StaffRequest, done, form_status, once, page, posted, sent, staff_page
from merchants import keys
from merchants.models import ApiKey
from merchants.roles import Permission, Scope
from pages.forms import OnceField, PageForm

#: What each scope allows, for people.
MEANS = {
    Scope.READ: "Read everything except payouts",
    Scope.TRACK: "Record sales, refunds, leads and clicks, and read",
    Scope.WRITE: "Change partners, customers, coupons and rewards; includes tracking",
    Scope.PAYOUTS: "See and record payouts, and read",
}
_OVERLAPS = ((0, "At once"), (1, "After 1 day"), (7, "After 7 days"), (30, "After 30 days"))


class KeyForm(PageForm):
    """What the key is called and what it may do."""

    once = OnceField()
    name = forms.CharField(label="Name", max_length=100, help_text="Where it is used, such as “Shop server”.")
    scopes = forms.MultipleChoiceField(
        label="May", choices=[(scope.value, MEANS[scope]) for scope in Scope], initial=[Scope.TRACK.value],
        widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choose at least one."},
    )  # fmt: skip


class RotateForm(PageForm):
    """When the old key ends."""

    overlap = forms.TypedChoiceField(label="The old key ends", choices=_OVERLAPS, coerce=int, initial=7)


@staff_page(Permission.MANAGE_KEYS)
def list_keys(request: StaffRequest) -> HttpResponseBase:
    """All keys, those that work first."""
    found = [(key, _status(key)) for key in request.merchant.api_keys.order_by("-created_at")]
    found.sort(key=lambda pair: pair[1] in ("revoked", "expired"))
    return page(request, "backoffice/keys.html", {"keys": found})


@staff_page(Permission.MANAGE_KEYS)
def new_key(request: StaffRequest) -> HttpResponseBase:
    """Make a key. The answer to the form is the only page that ever shows its token."""
    form = KeyForm(posted(request))
    if sent(request, form):
        with form.refused():
            made: list[tuple[ApiKey, str]] = []
            address = once(request, form, lambda: _issue(request, form, made))
            if not made:
                said = "This form made its key already. If you did not see the token, replace the key."
                return done(request, said, address)
            return _shown_once(request, *made[0])
    context = {"form": form, "chosen": form["scopes"].value() or []}
    return page(request, "backoffice/keys_new.html", context, status=form_status(form))


@staff_page(Permission.MANAGE_KEYS)
def rotate_key(request: StaffRequest, key: UUID) -> HttpResponseBase:
    """Make a successor and let the old key end."""
    found = _key(request, key)
    form = RotateForm(posted(request))
    if sent(request, form):
        with form.refused():
            overlap = timedelta(days=form.cleaned_data["overlap"])
            successor, token = keys.rotate(found, overlap=overlap, actor=request.actor)
            return _shown_once(request, successor, token)
    return page(request, "backoffice/keys_rotate.html", {"form": form, "key": found}, status=form_status(form))


@staff_page(Permission.MANAGE_KEYS)
def revoke_key(request: StaffRequest, key: UUID) -> HttpResponseBase:
    """Ask, then end a key at once."""
    found = _key(request, key)
    if request.method == "POST":
        keys.revoke(found, actor=request.actor)
        address = reverse("backoffice:keys", args=[request.merchant.slug])
        return done(request, f"{found.name} no longer works.", address)
    return page(request, "backoffice/keys_revoke.html", {"key": found, "partials": {"ask"}})


def _issue(request: StaffRequest, form: KeyForm, made: list[tuple[ApiKey, str]]) -> str:
    """Put the key and its token into `made`; the address of what was made may be kept, a token may not."""
    values = {name: form.cleaned_data[name] for name in ("name", "scopes")}
    made.append(keys.issue(**values, actor=request.actor))
    return reverse("backoffice:keys", args=[request.merchant.slug])


def _shown_once(request: StaffRequest, key: ApiKey, token: str) -> HttpResponseBase:
    context = {"key": key, "token": token, "base_url": settings.BASE_URL}
    return page(request, "backoffice/keys_shown.html", context)


def _key(request: StaffRequest, key: UUID) -> ApiKey:
    return get_object_or_404(request.merchant.api_keys, id=key)


def _status(key: ApiKey) -> str:
    if key.revoked_at:
        return "revoked"
    if key.expires_at:
        return "expired" if key.expires_at <= timezone.now() else "replaced"
    return "active"
