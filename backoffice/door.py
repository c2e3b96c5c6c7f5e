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
from django.contrib import messages
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails
from psycopg import errors as postgres

from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import NotFound
from merchants.models import Membership, Merchant, User
from merchants.roles import Permission, Role, allowed
from merchants.staff import membership_of
from pages.forms import PageForm
from tracking import idempotency

_LOST_RACE = (postgres.UniqueViolation, postgres.SerializationFailure, postgres.DeadlockDetected)


class StaffRequest(HttpRequest):
    """What a view gets: Django's request with who asks and where. A type only, never instantiated."""

    user: User
    merchant: Merchant
    """Where reads start: `request.merchant.partners…`."""
    membership: Membership
    actor: Actor
    htmx: HtmxDetails

    def may(self, permission: Permission) -> bool:
        """Whether this person may do it; set by the door."""
        raise NotImplementedError


View = Callable[..., HttpResponseBase]


def staff_page(permission: Permission, *, post: Permission | None = None) -> Callable[[View], View]:
    """A view for staff with `permission`; `post` is what sending its form takes, when that is more."""

    def decorate(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponseBase:
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
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def _inside(request: StaffRequest, view: View, needed: Permission, kwargs: dict[str, Any]) -> HttpResponseBase:
    """One attempt at the page, in the tenant's transaction."""
    membership = membership_of(request.user)
    if membership is None:
        raise Http404
    role = Role(membership.role)
    request.merchant, request.membership = membership.merchant, membership
    request.actor = Actor(kind="user", name=request.user.name or request.user.email, id=request.user.id)
    request.may = lambda permission: allowed(role, permission)  # type: ignore[method-assign]
    if not allowed(role, needed):
        return page(request, "backoffice/refused.html", {"needed": needed}, status=403)
    with timezone.override(zoneinfo.ZoneInfo(membership.merchant.time_zone)):
        try:
            return view(request, **kwargs)
        except NotFound as error:
            raise Http404 from error
        except (IntegrityError, OperationalError) as error:
            if isinstance(error.__cause__, _LOST_RACE):
                raise tenancy.Contended from error
            raise


def page(request: StaffRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Render a page now, inside the tenant; for htmx only the partial that its target names (`x.html#list`)."""
    target = request.htmx.target if request.htmx and not request.htmx.history_restore_request else None
    if target and target in context.get("partials", ()):
        answer = render(request, f"{template}#{target}", context, status=status)
        if messages.get_messages(request):
            answer.content += render_to_string("components/toasts.html", {"oob": True}, request).encode()
        return answer
    return render(request, template, context, status=status)


def sent(request: StaffRequest, form: PageForm) -> bool:
    """Whether this is a filled-in form that can be acted upon."""
    return request.method == "POST" and form.is_valid()


def form_status(form: PageForm) -> int:
    """422 for a form that was sent and refused, so that htmx and the browser's history tell it from success."""
    return 422 if form.is_bound and form.errors else 200


def done(request: StaffRequest, message: str, address: str) -> HttpResponseBase:
    """Say what was done, on the page that comes next."""
    messages.success(request, message)
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def once(request: StaffRequest, form: PageForm, make: Callable[[], str]) -> str:
    """`make()` something and return the address of it; the same form sent again returns the same address.

    The address is kept in the transaction that makes the thing, under the form's own number (`OnceField`).
    """
    key = f"form:{form.cleaned_data['once']}"
    tried = idempotency.attempt(key, method="POST", path=request.path, body=b"")
    kept = idempotency.replay(tried)
    if kept is not None:
        return kept.body.decode()
    address = make()
    idempotency.keep(tried, idempotency.Answer(303, address.encode()))
    return address
