"""How a passkey is made: to sign in with, unless somebody wants it as a second factor only."""

from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms


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
