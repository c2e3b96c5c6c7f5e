"""Tracking links."""

from typing import Annotated
from uuid import UUID

import msgspec
from django.conf import settings
from django.http import HttpResponse
from msgspec import UNSET, Meta, UnsetType

from affiliates import links
from affiliates.models import Link
from api import bodies
from api.base import TenantRequest, TenantView, answered, created
from api.choices import Moment, changes_of, named
from api.examples import IDS
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from merchants.roles import Scope

_Destination = Annotated[
    str, Meta(min_length=1, max_length=2000, description="A web address on one of your own domains.")
]


class LinkAnswer(msgspec.Struct, kw_only=True):
    """A tracking link."""

    id: UUID
    partner_id: UUID
    code: Annotated[str, Meta(examples=["anna"])]
    url: Annotated[str, Meta(description="What the partner shares.")]
    destination: str
    is_active: bool
    created_at: Moment


class NewLink(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A link to be."""

    partner_id: UUID
    code: Annotated[
        str,
        Meta(
            min_length=2, max_length=64, description="Letters, digits, - and _; kept in lower case, unique everywhere."
        ),
    ]
    destination: _Destination


class LinkChanges(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change; fields left out stay as they are. The code stays: it is out in the world."""

    destination: _Destination | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class LinkQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which links, and which page of them."""

    partner_id: UUID | None = None
    code: Annotated[str, Meta(max_length=64)] | None = None
    is_active: bool | None = None


class Links(TenantView):
    """The links of the account."""

    scope = {"GET": Scope.READ, "POST": Scope.WRITE}

    @documented("List links", query=LinkQuery, answer=Page[LinkAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of links, newest first."""
        query = parse_query(request, LinkQuery)
        conditions = {
            "partner_id": query.partner_id,
            "code": query.code and query.code.lower(),
            "is_active": query.is_active,
        }
        return answered(page(filtered(request.merchant.links.all(), conditions), query, link_shown))

    @documented(
        "Create a link",
        body=NewLink,
        answer=LinkAnswer,
        status=201,
        example={
            "partner_id": IDS["partner"],
            "code": "anna-spring",
            "destination": "https://nordictea.example/spring",
        },
        refusals=("link_code_taken", "link_code_invalid", "link_code_reserved", "destination_not_allowed", "not_found"),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Give a partner a link to a page of yours."""
        body = bodies.parse(request.content, NewLink)
        link = links.create_link(
            partner=named(request.merchant.partners.all(), body.partner_id, "partner_id"),
            code=body.code,
            destination=body.destination,
            actor=request.actor,
        )
        return created(link_shown(link), f"/api/v1/links/{link.id}")


class LinkDetail(TenantView):
    """One link."""

    scope = {"GET": Scope.READ, "PATCH": Scope.WRITE}

    @documented("Get a link", answer=LinkAnswer)
    def get(self, request: TenantRequest, link_id: UUID) -> HttpResponse:
        """One link by id."""
        return answered(link_shown(request.merchant.links.get(id=link_id)))

    @documented(
        "Update a link",
        body=LinkChanges,
        answer=LinkAnswer,
        example={"is_active": False},
        refusals=("destination_not_allowed",),
    )
    def patch(self, request: TenantRequest, link_id: UUID) -> HttpResponse:
        """Lead a link elsewhere, or switch it off."""
        link = request.merchant.links.get(id=link_id)
        changes = changes_of(bodies.parse(request.content, LinkChanges))
        return answered(link_shown(links.update_link(link, changes=changes, actor=request.actor)))


def link_shown(link: Link) -> LinkAnswer:
    """A link. Does not query."""
    return LinkAnswer(
        id=link.id,
        partner_id=link.partner_id,
        code=link.code,
        url=f"{settings.BASE_URL}/r/{link.code}",
        destination=link.destination,
        is_active=link.is_active,
        created_at=link.created_at,
    )
