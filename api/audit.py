"""The audit log, for reading."""

from typing import Annotated, Any, Protocol
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from msgspec import Meta

from api.base import TenantRequest, TenantView, answered
from api.choices import Moment
from api.examples import IDS
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from merchants.audit import written_between
from merchants.models import AuditEntry, Merchant
from merchants.roles import Scope, scopes_include


class AuditAnswer(msgspec.Struct, kw_only=True):
    """Who did what to which object when."""

    id: UUID
    at: Moment
    actor_kind: Annotated[str, Meta(description="user, key, partner, system or operator.", examples=["key"])]
    actor_id: UUID | None
    actor_name: Annotated[str, Meta(description="What the actor was called then.", examples=["shop backend"])]
    verb: Annotated[str, Meta(examples=["partner.update"])]
    object_type: Annotated[str, Meta(examples=["partner"])]
    object_id: Annotated[UUID, Meta(examples=[IDS["partner"]])]
    object_count: Annotated[int, Meta(description="More than one for a batch.", examples=[1])]
    before: Annotated[dict[str, Any] | None, Meta(description="The changed fields only.", examples=[{"tags": []}])]
    after: Annotated[dict[str, Any] | None, Meta(examples=[{"tags": ["podcast"]}])]
    request_id: Annotated[str, Meta(examples=["req_5f0c3f6e8d0b4c1e9a7d2b6c4e8f0a12"])]


class Reader(Protocol):
    """Who reads the log, and whose it is."""

    @property
    def merchant(self) -> Merchant:
        """Whose."""

    @property
    def scopes(self) -> list[str]:
        """What the key may read."""


class AuditQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which entries, and which page of them."""

    actor_kind: Annotated[str, Meta(max_length=8)] | None = None
    actor_id: UUID | None = None
    verb: Annotated[str, Meta(max_length=40, description="As in `partner.update`.")] | None = None
    object_type: Annotated[str, Meta(max_length=40)] | None = None
    object_id: UUID | None = None
    at_from: Moment | None = None
    at_before: Moment | None = None

    def of(self, asked: "Reader") -> "QuerySet[AuditEntry]":
        """The account's entries that are asked for; those on payouts only for who may see payouts."""
        rows = written_between(asked.merchant.audit_entries.all(), self.at_from, self.at_before)
        if not scopes_include(asked.scopes, Scope.PAYOUTS):
            rows = rows.exclude(object_type="payout")
        return filtered(
            rows,
            {
                "actor_kind": self.actor_kind,
                "actor_id": self.actor_id,
                "verb": self.verb,
                "object_type": self.object_type,
                "object_id": self.object_id,
            },
        )


class Audit(TenantView):
    """The account's audit log."""

    scope = {"GET": Scope.READ}

    @documented("List audit entries", query=AuditQuery, answer=Page[AuditAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of entries, newest first. Entries on payouts are left out for a key without the scope `payouts`."""
        query = parse_query(request, AuditQuery)
        return answered(page(query.of(request), query, audit_shown, by="id"))


def audit_shown(entry: AuditEntry) -> AuditAnswer:
    """An audit entry. Does not query."""
    return AuditAnswer(
        id=entry.id,
        at=entry.at,
        actor_kind=entry.actor_kind,
        actor_id=entry.actor_id,
        actor_name=entry.actor_name,
        verb=entry.verb,
        object_type=entry.object_type,
        object_id=entry.object_id,
        object_count=entry.object_count,
        before=entry.before,
        after=entry.after,
        request_id=entry.request_id,
    )
