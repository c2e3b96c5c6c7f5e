"""The partner's own settings (SPEC Q5, as far as it goes): name, password, log-ins."""

from typing import Any

from django import forms
from django.http import HttpResponseBase
from django.urls import reverse

from affiliates import partners
from pages import mail
from pages.forms import PageForm
from partner_portal import sessions
from partner_portal.door import PartnerRequest, done, form_status, page, partner_page, posted, sent
from partner_portal.tasks import address


class ProfileForm(PageForm):
    """Who the partner is."""

    name = forms.CharField(label="Name", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))


def _current() -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
    return forms.CharField(label="Your password now", max_length=1024, strip=False, widget=widget)


class PasswordForm(PageForm):
    """A new password for who knows the old one."""

    current = _current()
    password = forms.CharField(
        label="New password",
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters. All your other devices are signed out.",
    )


class SignOutForm(PageForm):
    """The end of all log-ins."""

    current = _current()


@partner_page
def settings(request: PartnerRequest) -> HttpResponseBase:
    """Name, password and log-ins, each a form of its own."""
    return _settings(request)


@partner_page
def settings_profile(request: PartnerRequest) -> HttpResponseBase:
    """Change the name that the merchant and the audit log know."""
    form = ProfileForm(posted(request))
    if sent(request, form):
        with form.refused():
            partners.update_partner(request.partner, changes=form.cleaned_data, actor=request.actor)
            return done(request, "Your name is saved.", _address(request))
    return _settings(request, profile=form)


@partner_page
def settings_password(request: PartnerRequest) -> HttpResponseBase:
    """Change the password. Whoever holds the mailbox is told, in case it was somebody else."""
    partner, form = request.partner, PasswordForm(posted(request), prefix="new")
    if sent(request, form):
        with form.refused():
            partners.change_password(partner, **form.cleaned_data, actor=request.actor)
            sessions.refresh(request, partner)
            context = {"partner": partner, "link": address(partner, "home")}
            mail.send("portal_password_changed", to=partner.email, context=context, merchant=partner.merchant)
            return done(request, "Your password is changed, and your other devices are signed out.", _address(request))
    return _settings(request, password=form)


@partner_page
def settings_sign_out(request: PartnerRequest) -> HttpResponseBase:
    """Sign every other device out."""
    partner, form = request.partner, SignOutForm(posted(request), prefix="all")
    if sent(request, form):
        with form.refused():
            partners.sign_out_everywhere(partner, **form.cleaned_data, actor=request.actor)
            sessions.refresh(request, partner)
            return done(request, "Your other devices are signed out.", _address(request))
    return _settings(request, sign_out=form)


def _settings(request: PartnerRequest, **sent_forms: PageForm) -> HttpResponseBase:
    """The page with all its forms; the one that was sent keeps what was typed and says what is wrong."""
    forms_shown: dict[str, Any] = {
        "profile": ProfileForm(initial={"name": request.partner.name}),
        "password": PasswordForm(prefix="new"),
        "sign_out": SignOutForm(prefix="all"),
        "wants_news": not request.partner.unsubscriptions.exists(),
    } | sent_forms
    status = max((form_status(form) for form in sent_forms.values()), default=200)
    return page(request, "partner_portal/settings.html", forms_shown, status=status)


def _address(request: PartnerRequest) -> str:
    return reverse("portal:settings", args=[request.partner.portal_code])
