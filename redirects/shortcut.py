"""The way most redirects take: in front of Django, whose handler and middleware cost twice what the redirect does.

It is taken when it needs no database: a link that this process knows and Redis to take the click. The answer is the
view's own (`redirects.following`), and everything else goes to Django, which knows what to do about it. What the
middleware would add (session, CSRF, framing, content policy) means nothing to a redirect without a body.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse

from redirects.following import BEGUN, follow
from tracking import clicks
from tracking.click_stream import StreamAway
from tracking.targets import remembered

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

_PREFIX = "/r/"


def in_front_of(django: "WSGIApplication") -> "WSGIApplication":
    """`django`, with the shortcut before it."""

    def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        response = _followed(environ) if environ.get("PATH_INFO", "").startswith(_PREFIX) else None
        if response is None:
            return django(environ, start_response)
        cookies = [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
        start_response("302 Found", [*response.items(), *cookies])
        return [response.content]

    return application


def _followed(environ: dict[str, Any]) -> HttpResponse | None:
    """The redirect; None when it is not as simple as that."""
    if environ["REQUEST_METHOD"] != "GET":
        return None
    target = remembered(environ["PATH_INFO"].removeprefix(_PREFIX).lower())
    if target is None or not target.is_active:
        return None
    request = WSGIRequest(environ)
    following = follow(request, target)
    try:
        if following.click:
            clicks.hand_on(following.click)
    except StreamAway:
        # The view must keep this very click and no new one: Redis may have taken it without being able to say so.
        environ[BEGUN] = following
        return None
    return following.response(request)
