"""What is special about signing in (SPEC P2): nobody signs up by themselves, and mail goes out as all mail does."""

from ipaddress import ip_address
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from pages.mail import send_text
from pages.visitors import client_address


class Adapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no types
    """allauth asks here for what a project decides."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Staff come by invitation of an owner."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Behind proxies of ours the visitor's: what counts attempts must not count all visitors as one."""
        address = client_address(request.META)
        try:
            return str(ip_address(address.strip("[]")))
        except ValueError:
            # A proxy may write a port, or a word, in that place. Its own address is certain.
            return str(super().get_client_ip(request))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """allauth's own words (templates/account/email has ours where they differ), sent by the worker."""
        message = self.render_mail(template_prefix, email, context)
        send_text(message.subject, message.body, to=email)
