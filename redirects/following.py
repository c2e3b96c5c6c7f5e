"""What becomes of a visitor who follows a link, whichever way the request came (see views and shortcut)."""

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from merchants.ids import new_id
from pages.visitors import address_hash, client_network, country_of
from redirects import destinations, visits
from tracking.bots import is_bot
from tracking.clicks import Click
from tracking.targets import Target

#: Where the shortcut leaves what it began and could not end; no header has such a name.
BEGUN = "accrue.following"


class Following(NamedTuple):
    """Where to lead the visitor, and the click to keep first, if it is one."""

    location: str
    click: Click | None = None
    is_new_visitor: bool = False

    def response(self, request: HttpRequest) -> HttpResponse:
        """The redirect, with the visitor's cookie where they had none."""
        response = HttpResponse(status=302)
        response.headers["Location"] = self.location
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer-when-downgrade"
        if self.click and self.is_new_visitor:
            response.set_cookie(
                visits.COOKIE,
                str(self.click.visitor),
                max_age=visits.COOKIE_AGE,
                secure=request.is_secure(),
                httponly=True,
                samesite="Lax",
            )
        return response


def follow(request: HttpRequest, target: Target) -> Following:
    """Who is no person is led on like anybody and is no click."""
    query = request.META.get("QUERY_STRING", "")
    if is_bot(request.META):
        return Following(destinations.destination(target, query, None))
    visitor, is_known = visits.visitor_of(request.COOKIES.get(visits.COOKIE))
    referrer = request.META.get("HTTP_REFERER", "")
    click = click_of(request, target, visitor, utm=destinations.utm(query), referrer=referrer)
    return Following(destinations.destination(target, query, click.id), click, not is_known)


def click_of(
    request: HttpRequest, target: Target, visitor: UUID, *, utm: dict[str, str], referrer: str, landing_url: str = ""
) -> Click:
    """A new click on this link by whoever sent the request."""
    return Click(
        id=new_id(),
        merchant_id=target.merchant_id,
        link_id=target.link_id,
        partner_id=target.partner_id,
        visitor=visitor,
        clicked_at=datetime.now(UTC),
        landing_url=visits.storable(landing_url),
        referrer=visits.storable(referrer),
        country=country_of(request.META),
        utm=utm,
        ip_hash=address_hash(client_network(request.META)),
        user_agent=visits.storable(request.META.get("HTTP_USER_AGENT", "")),
    )
