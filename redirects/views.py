"""The public door of tracking: following a link, and telling of a click on the merchant's own site."""

from typing import Annotated
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from msgspec import Meta

from affiliates.links import destination_allowed
from merchants.errors import DomainError, NotFound
from merchants.ids import new_id
from pages.visitors import address_hash, client_network
from redirects import destinations
from redirects.crowding import is_too_much
from redirects.following import BEGUN, Following, click_of
from redirects.following import follow as follow_link
from tracking import clicks
from tracking.bots import is_bot
from tracking.targets import Target, target_of

#: Every name a code may travel under; a merchant's own choice of them only limits what its pages send.
_CODE_PARAMETERS = ("via", "ref", "fp_ref", "fpr")


@require_safe
def follow(request: HttpRequest, code: str) -> HttpResponse:
    """Lead a visitor to where the link points, and keep the click if it is one."""
    try:
        target = target_of(code)
    except NotFound:
        return render(request, "redirects/unknown.html", status=404)
    if not target.is_active:
        return render(request, "redirects/unknown.html", status=404)
    following: Following = request.META.get(BEGUN) or follow_link(request, target)
    if following.click:
        clicks.keep(following.click)
    return following.response(request)


class Arrival(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A page of the merchant's site was opened with a partner's code."""

    landing_url: Annotated[str, Meta(max_length=2000)]
    code: Annotated[str, Meta(max_length=64)] | None = None
    """Left out, it is taken from the landing URL."""
    referrer: Annotated[str, Meta(max_length=2000)] = ""
    visitor: UUID | None = None


@csrf_exempt
@require_http_methods(["POST", "OPTIONS"])
def arrive(request: HttpRequest) -> HttpResponse:
    """Keep a click that a page of the merchant's site tells of, and answer with its id.

    Takes a form, or else JSON whatever its declared type: text/plain is how a page may send it across origins without
    asking first. Only pages on the merchant's own domains are answered.
    """
    origin = request.META.get("HTTP_ORIGIN", "")
    if request.method == "OPTIONS":
        return _with_cors(HttpResponse(status=204), origin)
    try:
        arrival = _arrival(request)
        target = _target(arrival)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _refused(400, "invalid_arrival", f"Send landing_url, and code, referrer, visitor if known: {error}")
    except DomainError as error:
        return _refused(error.status, error.code, error.message)
    if is_too_much(address_hash(client_network(request.META))):
        return _refused(429, "rate_limited", "Too many arrivals from this address. Try again in a minute.")
    if origin and not destination_allowed(origin, target.domains):
        return _refused(403, "origin_not_allowed", "This page is not on one of the merchant's domains.")
    return _with_cors(_kept(request, arrival, target), origin)


def _kept(request: HttpRequest, arrival: Arrival, target: Target) -> HttpResponse:
    if is_bot(request.META):
        return HttpResponse(status=204)
    utm = destinations.utm(urlsplit(arrival.landing_url).query)
    visitor = arrival.visitor or new_id()
    click = click_of(request, target, visitor, utm=utm, referrer=arrival.referrer, landing_url=arrival.landing_url)
    clicks.keep(click)
    answer = {"click_id": click.id, "visitor": visitor}
    return HttpResponse(msgspec.json.encode(answer), status=201, content_type="application/json")


def _arrival(request: HttpRequest) -> Arrival:
    if request.content_type == "application/x-www-form-urlencoded":
        return msgspec.convert(request.POST.dict(), Arrival)
    return msgspec.json.decode(request.body[:16_384], type=Arrival)


def _target(arrival: Arrival) -> Target:
    code = arrival.code or _code_in(arrival.landing_url)
    target = target_of(code) if code else None
    if target is None or not target.is_active:
        raise NotFound("No active link has this code.", code="link_unknown", field="code")
    if not destination_allowed(arrival.landing_url, target.domains):
        raise DomainError("landing_url is not on one of the merchant's domains.", code="landing_url_not_allowed")
    return target


def _code_in(landing_url: str) -> str:
    try:
        given = parse_qs(urlsplit(landing_url).query, max_num_fields=50)
    except ValueError:
        return ""
    return next((given[name][0] for name in _CODE_PARAMETERS if name in given), "")


def _with_cors(response: HttpResponse, origin: str) -> HttpResponse:
    if origin:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Allow-Methods"] = "POST"
        response.headers["Access-Control-Max-Age"] = "86400"
        response.headers["Vary"] = "Origin"
    return response


def _refused(status: int, code: str, message: str) -> HttpResponse:
    body = msgspec.json.encode({"status": status, "code": code, "detail": message})
    return HttpResponse(body, status=status, content_type="application/problem+json")
