"""The one door of the portal: everything a request passes on its way to a page, and back.

The code in the address finds the partner and is no secret. `partner_page` asks for the partner's log-in and runs the
view in the tenant's transaction, rendering included; `gate_page` is for the pages before it. A view reads from
`request.partner` alone, so what is another partner's is simply not found: 404.
"""

import zoneinfo
from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from affiliates.models import Partner
from affiliates.program_terms import Due, due, knowing_terms
from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import NotFound
from merchants.models import Merchant
from outreach.models import has_unread
from pages import answers
from pages.answers import PageRequest, done, form_status, led_to, once, posted, sent, view_errors
from pages.brand import digest
from partner_portal.sessions import is_signed_in
from rewards.terms import pays_recruiters

# Views find here all that they answer with.
# fmt: off
__all__ = [
    "PartnerRequest", "done", "form_status", "gate_page", "led_to", "once", "page", "partner_page", "posted", "sent",
    "terms_page",
]
# fmt: on

NAVIGATION = (
    ("home", "Home", "house"),
    ("earnings", "Earnings", "receipt"),
    ("customers", "Customers", "contact-round"),
    ("links", "Links", "link"),
    ("recruits", "Recruits", "users"),
    ("assets", "Assets", "images"),
    ("payouts", "Payouts", "banknote"),
)


class PartnerRequest(PageRequest):
    """What a view gets: Django's request with whose portal it is. A type only, never instantiated."""

    partner: Partner
    """Where reads start: `request.partner.commissions…`."""
    actor: Actor
    is_signed_in: bool
    terms_due: Due | None


View = Callable[..., HttpResponseBase]


def partner_page(view: View) -> View:
    """A view for the partner, signed in."""
    return _page(view, for_partner=True)


def terms_page(view: View) -> View:
    """A view for the partner, signed in, also while the terms are all there is to see: their day has passed."""
    return _page(view, for_partner=True, before_terms=True)


def gate_page(view: View) -> View:
    """A view before the log-in: anybody who knows the address, which is no secret."""
    return _page(view, for_partner=False)


def _page(view: View, *, for_partner: bool, before_terms: bool = False) -> View:
    @wraps(view)
    def page(request: HttpRequest, code: str, **kwargs: Any) -> HttpResponseBase:
        try:
            merchant_id = tenancy.locate(tenancy.Finds.PORTAL, code)
        except NotFound as error:
            raise Http404 from error

        def inside() -> HttpResponseBase:
            with_partner = cast(PartnerRequest, request)
            return _inside(
                with_partner, view, merchant_id, code, kwargs, for_partner=for_partner, before_terms=before_terms
            )

        answer = tenancy.run(merchant_id, inside)
        patch_vary_headers(answer, ["HX-Request"])
        answer.headers.setdefault("Cache-Control", "private, no-store")
        return answer

    page.for_partner = for_partner  # type: ignore[attr-defined] # read by the matrix test
    return page


def _inside(
    request: PartnerRequest,
    view: View,
    merchant_id: Any,
    code: str,
    kwargs: dict[str, Any],
    *,
    for_partner: bool,
    before_terms: bool,
) -> HttpResponseBase:
    """One attempt at the page, in the tenant's transaction."""
    partners = Merchant(id=merchant_id).partners.select_related("merchant", "group", "program")
    partners = knowing_terms(partners).annotate(has_news=has_unread(), recruits_pay=pays_recruiters())
    partner = partners.filter(portal_code=code).first()
    if partner is None:
        raise Http404
    request.partner = partner
    request.is_signed_in = is_signed_in(request, partner)
    request.actor = Actor(kind="partner", name=partner.name, id=partner.id)
    if for_partner and not request.is_signed_in:
        return _to_sign_in(request)
    request.terms_due = due(partner) if request.is_signed_in else None
    if for_partner and not before_terms and request.terms_due is not None and request.terms_due.is_over:
        return led_to(request, resolve_url("portal:terms", code))
    with timezone.override(zoneinfo.ZoneInfo(partner.merchant.time_zone)), view_errors():
        return view(request, **kwargs)


def _to_sign_in(request: PartnerRequest) -> HttpResponseBase:
    address = resolve_url("portal:sign_in", request.partner.portal_code)
    query = urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
    return led_to(request, f"{address}?{query}" if query else address)


def page(request: PartnerRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Render a page in the merchant's brand, or the part of it that htmx asks for."""
    partner = request.partner
    match = request.resolver_match
    shell = {
        "partner": partner,
        "merchant": partner.merchant,
        "code": partner.portal_code,
        "brand": digest(partner.merchant.brand_color) if partner.merchant.brand_color else "",
        "navigation": NAVIGATION,
        "terms_due": request.terms_due,
        "active": (match.url_name or "").partition("_")[0] if match else "",
    }
    return answers.page(request, template, shell | context, status=status)
