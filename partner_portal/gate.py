"""Into the portal and out again (SPEC Q1): the first password, log-in, a forgotten password, log-out.

What is wrong is never told apart: not the e-mail from the password, not a partner who has never been here from one
who has. Every answer takes the work of one password hash.
"""

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from affiliates import activation
from affiliates.partners import check_password
from fraud.addresses import note
from merchants.contact import normal_email
from merchants.errors import DomainError
from pages.forms import PageForm
from pages.visitors import address_hash, client_network
from partner_portal import sessions
from partner_portal.attempts import forgive, may_sign_in
from partner_portal.door import PartnerRequest, done, form_status, gate_page, led_to, page, posted, sent
from partner_portal.tasks import send_link


class SignInForm(PageForm):
    """E-mail and password."""

    email = forms.CharField(
        label="E-mail",
        max_length=320,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label="Password",
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class LinkForm(PageForm):
    """Where a link should go."""

    email = forms.CharField(
        label="Your e-mail",
        max_length=320,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )


class PasswordForm(PageForm):
    """A new password."""

    password = forms.CharField(
        label="Password",
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
        help_text="At least 10 characters. A sentence is easy to remember and hard to guess.",
    )


@gate_page
def sign_in(request: PartnerRequest) -> HttpResponseBase:
    """The log-in; a partner who is signed in goes on."""
    onward = _onward(request)
    if request.is_signed_in:
        return led_to(request, onward)
    form = SignInForm(posted(request))
    status = form_status(form)
    if sent(request, form):
        if not may_sign_in(request, request.partner):
            form.add_error(None, "Too many attempts. Wait a quarter of an hour, or set a new password by e-mail.")
            status = 429
        elif _is_partner(request, **form.cleaned_data):
            forgive(request, request.partner)
            sessions.sign_in(request, request.partner)
            note(request.partner, address_hash(client_network(request.META)))
            return led_to(request, onward)
        else:
            form.add_error(None, "E-mail and password do not go together. Check both, or set a new password by e-mail.")
            status = 422
    return page(request, "partner_portal/sign_in.html", {"form": form, "next": onward}, status=status)


@gate_page
def sign_out(request: PartnerRequest) -> HttpResponseBase:
    """Leave this browser."""
    if request.method == "POST":
        sessions.sign_out(request, request.partner)
        return done(request, "You are signed out.", reverse("portal:sign_in", args=[request.partner.portal_code]))
    return led_to(request, _home(request))


@gate_page
def link(request: PartnerRequest) -> HttpResponseBase:
    """Ask for a link by e-mail: the first one again, or one for a new password."""
    form = LinkForm(posted(request))
    asked = sent(request, form)
    if asked:
        arguments = {
            "merchant_id": str(request.partner.merchant_id),
            "portal_code": request.partner.portal_code,
            "email": _normal(form.cleaned_data["email"]),
        }
        transaction.on_commit(lambda: send_link.delay(**arguments))
    return page(request, "partner_portal/link.html", {"form": form, "asked": asked}, status=form_status(form))


@gate_page
def activate(request: PartnerRequest, token: str) -> HttpResponseBase:
    """The page behind the link: choose a password, and be signed in. Looking at it uses nothing up."""
    partner = request.partner
    try:
        activation.check_token(partner, token, now=timezone.now())
    except DomainError as error:
        return page(request, "partner_portal/link_over.html", {"error": error}, status=error.status)
    form = PasswordForm(posted(request))
    if sent(request, form):
        with form.refused():
            first = not partner.password
            activation.redeem(partner, token=token, password=form.cleaned_data["password"], actor=request.actor)
            sessions.sign_in(request, partner)
            note(partner, address_hash(client_network(request.META)))
            word = f"Welcome to {partner.merchant.name}." if first else "Your password is changed."
            return done(request, word, _home(request))
    return page(request, "partner_portal/activate.html", {"form": form}, status=form_status(form))


def _is_partner(request: PartnerRequest, email: str, password: str) -> bool:
    known = constant_time_compare(_normal(email), request.partner.email)
    return check_password(request.partner, password) and known


def _normal(email: str) -> str:
    try:
        return normal_email(email)
    except DomainError:
        return ""


def _home(request: PartnerRequest) -> str:
    return reverse("portal:home", args=[request.partner.portal_code])


def _onward(request: PartnerRequest) -> str:
    """Where they wanted to go, if that is in this portal."""
    wanted: Any = request.POST.get("next") or request.GET.get("next") or ""
    home = _home(request)
    return wanted if wanted.startswith(home) and wanted.isprintable() and "\\" not in wanted else home
