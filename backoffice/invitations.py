"""The page behind the link of an invitation: a new person chooses name and password, a known one joins."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from merchants import invitations, tenancy
from merchants.errors import DomainError
from merchants.models import Invitation, User
from pages.answers import posted
from pages.forms import PageForm


class NewPersonForm(PageForm):
    """Who somebody is, and how they will sign in."""

    name = forms.CharField(label="Your name", max_length=200)
    password = forms.CharField(
        label="Password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters. A sentence is easy to remember and hard to guess.",
        strip=False,
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email

    def clean_password(self) -> str:
        """Refused when it is short, common, or made of the person's own name."""
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self._email, name=self.cleaned_data.get("name", "")))
        return password


def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Show the offer; take it up when its form comes back."""
    try:
        merchant_id = invitations.tenant_of(token)
        with tenancy.tenant(merchant_id):
            return _inside(request, token)
    except DomainError as error:
        return render(request, "backoffice/invitation_over.html", {"error": error}, status=error.status)


def _inside(request: HttpRequest, token: str) -> HttpResponse:
    invitation = invitations.find(token)
    known = User.objects.filter(email=invitation.email).exists()
    mine = request.user.is_authenticated and request.user.email == invitation.email
    form = None if known or mine else NewPersonForm(posted(request), email=invitation.email)
    if request.method == "POST" and mine:
        assert isinstance(request.user, User)
        invitations.accept(token, user=request.user)
        return _welcome(request, invitation)
    if request.method == "POST" and form is not None and form.is_valid():
        membership = invitations.accept(token, **form.cleaned_data)
        login(request, membership.user, backend="django.contrib.auth.backends.ModelBackend")
        return _welcome(request, invitation)
    context = {"invitation": invitation, "form": form, "mine": mine, "known": known}
    status = 422 if form is not None and form.is_bound and form.errors else 200
    return render(request, "backoffice/invitation.html", context, status=status)


def _welcome(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    messages.success(request, f"Welcome to {invitation.merchant.name}.")
    return HttpResponseRedirect(reverse("backoffice:overview", args=[invitation.merchant.slug]))
