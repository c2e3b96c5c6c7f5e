"""Clicks: record one that your own server saw, list them."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.utils import timezone
from msgspec import Meta

from affiliates.models import Click
from api import bodies
from api.base import TenantRequest, TenantView, answered
from api.choices import Moment
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from merchants.roles import Scope
from tracking import clicks
from tracking.events import check_moment, check_texts

_UtmText = Annotated[str, Meta(max_length=200)]


class ClickAnswer(msgspec.Struct, kw_only=True):
    """Someone, not a bot, followed a link. The id is the click id that your site sends back with the sale."""

    id: UUID
    link_id: UUID
    partner_id: UUID
    visitor: Annotated[
        UUID, Meta(description="From a first-party cookie where there is one, else of this click alone.")
    ]
    clicked_at: Moment
    is_unique: Annotated[bool, Meta(description="The visitor's first click on this link that day (UTC).")]
    landing_url: Annotated[str, Meta(examples=["https://nordictea.example/"])]
    referrer: Annotated[str, Meta(examples=["https://podcast.example/"])]
    country: str
    utm: Annotated[dict[str, Any], Meta(examples=[{"source": "podcast"}])]


class NewClick(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A click that your own site saw: someone arrived with `?via=<code>`."""

    code: Annotated[str, Meta(min_length=1, max_length=64, description="The link's code.", examples=["anna"])]
    visitor: Annotated[UUID, Meta(description="The same for the same browser, if you can tell.")] | None = None
    clicked_at: Annotated[Moment, Meta(description="Now, when left out. RFC 3339 with an offset.")] | None = None
    landing_url: Annotated[
        str,
        Meta(
            max_length=2000,
            pattern="^(?:https?://|$)",
            description="Where on your site. Kept as it is told, whatever the domain: nothing leads there.",
        ),
    ] = ""
    referrer: Annotated[str, Meta(max_length=2000)] = ""
    country: Annotated[str, Meta(pattern="^(?:[A-Z]{2})?$(?!\\n)", description="ISO 3166-1 alpha-2, upper case.")] = ""
    utm: Annotated[dict[_UtmText, _UtmText], Meta(max_length=10)] = {}


class ClickQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which clicks, and which page of them."""

    partner_id: UUID | None = None
    link_id: UUID | None = None
    visitor: UUID | None = None
    clicked_from: Moment | None = None
    clicked_before: Moment | None = None


class Clicks(TenantView):
    """The clicks of the account."""

    scope = {"GET": Scope.READ, "POST": Scope.TRACK}

    @documented("List clicks", query=ClickQuery, answer=Page[ClickAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of clicks, newest first. A click appears here a few seconds after it was made."""
        query = parse_query(request, ClickQuery)
        conditions = {
            "partner_id": query.partner_id,
            "link_id": query.link_id,
            "visitor": query.visitor,
            "clicked_at__gte": query.clicked_from,
            "clicked_at__lt": query.clicked_before,
        }
        return answered(page(filtered(request.merchant.clicks.all(), conditions), query, click_shown, by="clicked_at"))

    @documented(
        "Record a click",
        body=NewClick,
        answer=ClickAnswer,
        status=201,
        example={"code": "anna", "landing_url": "https://nordictea.example/?via=anna"},
        refusals=("link_unknown", "in_the_future", "too_long_ago"),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Record that someone followed a link, and get the click id to send back with the sale."""
        body = bodies.parse(request.content, NewClick)
        check_texts(body)
        check_moment(body.clicked_at, now=timezone.now(), field="clicked_at")
        click = clicks.record(
            code=body.code,
            visitor=body.visitor,
            clicked_at=body.clicked_at,
            landing_url=body.landing_url,
            referrer=body.referrer,
            country=body.country,
            utm=body.utm,
            actor=request.actor,
        )
        return answered(click_shown(click), 201)


def click_shown(click: Click) -> ClickAnswer:
    """A click. Does not query; the hashed address and the browser stay inside."""
    return ClickAnswer(
        id=click.id,
        link_id=click.link_id,
        partner_id=click.partner_id,
        visitor=click.visitor,
        clicked_at=click.clicked_at,
        is_unique=click.is_unique,
        landing_url=click.landing_url,
        referrer=click.referrer,
        country=click.country,
        utm=click.utm,
    )
