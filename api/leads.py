"""Leads: record one, list them."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from django.http import HttpResponse

from affiliates.models import Lead as LeadRow
from api import bodies
from api.base import TenantRequest, TenantView, answered
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from merchants.roles import Scope
from tracking.events import Lead, Moment
from tracking.leads import record_lead


class LeadShown(msgspec.Struct):
    """A lead with the decision whose it is; `partner_id` null is nobody's."""

    id: UUID
    name: str
    customer_id: UUID
    partner_id: UUID | None
    attribution: dict[str, Any]
    metadata: dict[str, Any]
    occurred_at: datetime
    created_at: datetime


class LeadQuery(ListQuery, kw_only=True):
    """Filters of the list of leads."""

    name: str | None = None
    partner_id: UUID | None = None
    customer_id: UUID | None = None
    occurred_from: Moment | None = None
    occurred_before: Moment | None = None


class Leads(TenantView):
    """Record a lead, or list them."""

    scope = {"GET": Scope.READ, "POST": Scope.TRACK}
    replays_as: ClassVar[dict[int, int]] = {201: 200}

    @documented(
        "Record a lead",
        body=Lead,
        answer=LeadShown,
        status=201,
        also={200: "It was there already: the first answer again."},
        example={"name": "signup", "coupon": "ANNA10", "customer": {"external_id": "c_9", "email": "lars@example.com"}},
        refusals=(
            "lead_conflict",
            "customer_unidentified",
            "required",
            "email_invalid",
            "phone_invalid",
            "in_the_future",
            "too_long_ago",
            "metadata_too_large",
        ),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Record that a customer did something short of buying, and whose customer they are."""
        done = record_lead(bodies.parse(request.content, Lead), actor=request.actor)
        return answered(lead_shown(done.lead), 201 if done.created else 200)

    @documented("List leads", query=LeadQuery, answer=Page[LeadShown])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of leads, newest first."""
        query = parse_query(request, LeadQuery)
        conditions = {
            "name": query.name,
            "partner_id": query.partner_id,
            "customer_id": query.customer_id,
            "occurred_at__gte": query.occurred_from,
            "occurred_at__lt": query.occurred_before,
        }
        leads = filtered(request.merchant.leads.all(), conditions)
        return answered(page(leads, query, lead_shown, by="occurred_at"))


def lead_shown(lead: LeadRow) -> LeadShown:
    """A lead. Does not query."""
    return LeadShown(
        id=lead.id,
        name=lead.name,
        customer_id=lead.customer_id,
        partner_id=lead.partner_id,
        attribution=lead.attribution,
        metadata=lead.metadata,
        occurred_at=lead.occurred_at,
        created_at=lead.created_at,
    )
