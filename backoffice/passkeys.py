"""How a passkey is made: to sign in with, unless somebody wants it as a second factor only."""

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms

from pages.devices import device


class PasskeyAdapter(DefaultMFAAdapter):  # type: ignore[misc] # allauth has no types
    """allauth asks here for what a project decides."""

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        """Where it is made: "Chrome on Windows"."""
        return device(context.request.META.get("HTTP_USER_AGENT", ""))


class PasskeyForm(AddWebAuthnForm):  # type: ignore[misc] # allauth has no types
    """allauth's, in our words, and the other way round: it signs in unless the box is cleared."""

    name = forms.CharField(
        label="Name", required=False, max_length=100, help_text="So that you tell your passkeys apart: laptop, phone."
    )
    passwordless = forms.BooleanField(
        label="Sign in with it, without a password",
        required=False,
        initial=True,
        help_text="Your device asks for finger, face or PIN. Cleared, it is only the second step after the password.",
    )
