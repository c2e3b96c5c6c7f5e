"""The one door of the back-office: everything a request passes on its way to a page, and back.

`staff_page(permission)` finds the merchant by its slug, asks for a signed-in person who works there, enters the tenant
and runs the view inside one transaction, rendering included. Whoever does not work there learns nothing, not even that
the merchant exists: 404. A role without the permission gets 403, whatever buttons it was shown. A transaction that
lost a race is run again, as in the API.
"""

import zoneinfo
from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import NotFound
from merchants.models import Membership, Merchant, User
from merchants.roles import Permission, Role, allowed
from merchants.staff import membership_of
from pages.answers import PageRequest, done, form_status, led_to, once, page, posted, sent, view_errors

# Views find here all that they answer with.
__all__ = ["StaffRequest", "done", "form_status", "led_to", "once", "page", "posted", "sent", "staff_page"]


class StaffRequest(PageRequest):
    """What a view gets: Django's request with who asks and where. A type only, never instantiated."""

    user: User
    merchant: Merchant
    """Where reads start: `request.merchant.partners…`."""
    membership: Membership
    actor: Actor
    may: Callable[[Permission], bool]
    """Whether this person may do it."""


View = Callable[..., HttpResponseBase]


def staff_page(permission: Permission, *, post: Permission | None = None) -> Callable[[View], View]:
    """A view for staff with `permission`; `post` is what sending its form takes, when that is more."""

    def decorate(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponseBase:
            if "\0" in "".join(value for values in request.GET.lists() for value in values[1]):
                raise BadRequest("NUL in the address")
            if not request.user.is_authenticated:
                return _sign_in(request)
            try:
                merchant_id = tenancy.locate(tenancy.Finds.SLUG, slug)
            except NotFound as error:
                raise Http404 from error
            needed = post if post is not None and request.method == "POST" else permission
            answer = tenancy.run(merchant_id, lambda: _inside(cast(StaffRequest, request), view, needed, kwargs))
            patch_vary_headers(answer, ["HX-Request"])
            answer.headers.setdefault("Cache-Control", "private, no-store")
            return answer

        page.needs = (permission, post or permission)  # type: ignore[attr-defined] # read by the matrix test
        return page

    return decorate


def _sign_in(request: HttpRequest) -> HttpResponseBase:
    address = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}"
    return led_to(request, address)


def _inside(request: StaffRequest, view: View, needed: Permission, kwargs: dict[str, Any]) -> HttpResponseBase:
    """One attempt at the page, in the tenant's transaction."""
    membership = membership_of(request.user)
    if membership is None:
        raise Http404
    role = Role(membership.role)
    request.merchant, request.membership = membership.merchant, membership
    request.actor = Actor(kind="user", name=request.user.name or request.user.email, id=request.user.id)
    request.may = lambda permission: allowed(role, permission)
    if not allowed(role, needed):
        return page(request, "backoffice/refused.html", {"needed": needed}, status=403)
    with timezone.override(zoneinfo.ZoneInfo(membership.merchant.time_zone)), view_errors():
        return view(request, **kwargs)
