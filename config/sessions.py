"""When a session was last seen, for the list in which people end the sessions that are not theirs."""

from typing import cast

from allauth.usersessions.middleware import UserSessionsMiddleware
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

#: The list says minutes and hours; nobody needs a row written for each page.
EVERY_SECONDS = 300


class SeenNowAndThenMiddleware(UserSessionsMiddleware):  # type: ignore[misc] # allauth has no types
    """allauth's, which writes the session's row at each request, at most every five minutes."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Written anew when the cache has not heard of it, or is away."""
        session = request.session.session_key
        if session and not cache.add(f"seen:{salted_hmac(__name__, session).hexdigest()}", True, EVERY_SECONDS):
            return cast(HttpResponseBase, self.get_response(request))
        return cast(HttpResponseBase, super().__call__(request))
