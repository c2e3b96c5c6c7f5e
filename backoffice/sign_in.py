"""What is special about signing in here: nobody signs up by themselves (SPEC P2)."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class Adapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no types
    """allauth asks here for what a project decides."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Staff come by invitation of an owner."""
        return False
