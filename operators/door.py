"""What an operator's request passes on its way to a page, and back.

Whoever does not run the installation learns nothing, not even that there is something: 404. A page names what it
showed (`request.shows`), and the door writes that down in the transaction that read it: in the merchant's own audit
log, or in the operators' log when it was about no merchant. A page that names nothing is a bug and is not sent.

The site about a merchant is mounted at `/admin/m/<slug>/` as a server mounts an application: with addresses of its own
behind a prefix. Django's admin reverses its addresses without arguments, and could not carry the slug otherwise.
"""

import uuid
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import get_script_prefix, resolve, reverse, set_script_prefix, set_urlconf
from django.utils import timezone

from merchants import tenancy
from merchants.audit import Actor, record, record_outside
from merchants.errors import NotFound
from merchants.models import Merchant, User
from pages.answers import PageRequest, led_to, view_errors

View = Callable[..., HttpResponseBase]
MERCHANT_URLS = "operators.merchant_urls"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows, as the log will have it."""

    verb: str
    """`operator.list`, `operator.view`, `operator.open`."""
    object_type: str
    object_id: str = ""
    """Empty for a list."""
    detail: Mapping[str, Any] | None = None


class OperatorRequest(PageRequest):
    """What a view gets. A type only, never instantiated."""

    user: User
    actor: Actor
    merchant: Merchant | None
    """None on pages about the installation."""
    shows: Shown | None
    """Set by the view."""
    outside: Mapping[str, str]
    """Addresses that the pages about a merchant could not reverse."""


def of_installation(view: View) -> View:
    """Around a view of `/admin/…`: an operator's, about no merchant."""

    @wraps(view)
    def page(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        stopped = _stopped(request)
        if stopped is not None:
            return stopped
        asked = cast(OperatorRequest, request)
        asked.merchant, asked.outside = None, _addresses()
        with transaction.atomic(), view_errors():
            answer = view(asked, **kwargs)
            if _is_page(answer):
                shown = _shown(asked)
                record_outside(asked.actor, shown.verb, shown.object_type, shown.object_id, detail=shown.detail)
        return _private(answer)

    return page


def of_merchant(request: HttpRequest, slug: str, rest: str = "") -> HttpResponseBase:
    """Everything below `/admin/m/<slug>/`: the address is resolved and answered inside the merchant's tenant."""
    stopped = _stopped(request)
    if stopped is not None:
        return stopped
    try:
        merchant_id = tenancy.locate(tenancy.Finds.SLUG, slug)
    except NotFound as error:
        raise Http404 from error
    asked = cast(OperatorRequest, request)
    asked.outside = _addresses()
    with _mounted(reverse("operators_merchant", args=[slug])):
        return _private(tenancy.run(merchant_id, lambda: _inside(asked, merchant_id, rest)))


def _stopped(request: HttpRequest) -> HttpResponseBase | None:
    """The answer to whoever is no operator; what views need is put on the request of one."""
    if "\0" in "".join(value for values in request.GET.lists() for value in values[1]):
        raise BadRequest("NUL in the address")
    user = request.user
    if not user.is_authenticated:
        return led_to(request, f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}")
    if not user.is_staff:
        raise Http404
    asked = cast(OperatorRequest, request)
    asked.actor = Actor(kind="operator", name=asked.user.name or asked.user.email, id=asked.user.id)
    asked.shows = None
    return None


def _inside(request: OperatorRequest, merchant_id: uuid.UUID, rest: str) -> HttpResponseBase:
    """One attempt at the page, in the tenant's transaction."""
    request.merchant = Merchant.objects.get(id=merchant_id)
    request.resolver_match = match = resolve(f"/{rest}")
    with timezone.override(zoneinfo.ZoneInfo(request.merchant.time_zone)), view_errors():
        answer = match.func(request, *match.args, **match.kwargs)
        if _is_page(answer):
            shown = _shown(request)
            object_id = uuid.UUID(shown.object_id) if shown.object_id else merchant_id
            record(request.actor, shown.verb, shown.object_type, object_id, after=shown.detail)
    return cast(HttpResponseBase, answer)


def _addresses() -> dict[str, str]:
    return {"installation": reverse("admin:index"), "account": reverse("account_email")}


@contextmanager
def _mounted(prefix: str) -> Iterator[None]:
    """Inside, addresses are those of MERCHANT_URLS behind `prefix`."""
    before = get_script_prefix()
    set_script_prefix(prefix)
    set_urlconf(MERCHANT_URLS)
    try:
        yield
    finally:
        set_urlconf(None)
        set_script_prefix(before)


def _is_page(answer: HttpResponseBase) -> bool:
    """Whether something was shown: what redirects or refuses shows nothing, and a verb leaves a row of its own."""
    return answer.status_code in (200, 422)


def _shown(request: OperatorRequest) -> Shown:
    if request.shows is None:
        raise RuntimeError(f"{request.path} does not say what it shows")
    return request.shows


def _private(answer: HttpResponseBase) -> HttpResponseBase:
    answer.headers.setdefault("Cache-Control", "private, no-store")
    return answer
