"""The API behind the middleware it needs and no other.

Sessions, log-ins, CSRF, messages and framing are for pages: a request with a key pays for each of them and has no use
for any. The views are the same in front of either handler; the tests reach them through the pages' one.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.core.handlers.wsgi import WSGIHandler
from django.test.utils import override_settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

_PREFIX = "/api/v1/"
#: The second says the length of an answer; without it the server would send it in chunks.
_MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]


def api_before(pages: "WSGIApplication") -> "WSGIApplication":
    """`pages`, with the API's own handler before it."""
    # A handler reads the list of middleware once, when it is made.
    with override_settings(MIDDLEWARE=_MIDDLEWARE):
        api = WSGIHandler()

    def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        handler = api if environ.get("PATH_INFO", "").startswith(_PREFIX) else pages
        return handler(environ, start_response)

    return application
