"""Doubts about commissions: what fraud rules found, and the decision about it."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from msgspec import Meta

from api import bodies
from api.base import TenantRequest, TenantView, answered
from api.choices import Moment, one_of
from api.commissions import CommissionAnswer, commission_shown
from api.examples import IDS
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from commissions import review
from commissions.models import Flag, FlagOutcome
from merchants.roles import Scope


class FlagAnswer(msgspec.Struct, kw_only=True):
    """A doubt. While one is open, its commission stays on hold."""

    id: UUID
    commission_id: Annotated[UUID, Meta(examples=[IDS["commission"]])]
    rule: Annotated[str, Meta(examples=["self_referral"])]
    severity: Annotated[int, Meta(description="1 low, 2 medium, 3 high.", examples=[3])]
    reason: Annotated[str, Meta(examples=["Buyer and partner have the same e-mail."])]
    evidence: Annotated[dict[str, Any], Meta(description="The figures behind it.", examples=[{"email": True}])]
    outcome: Annotated[str, one_of(FlagOutcome)]
    decided_by: str
    note: str
    created_at: Moment
    closed_at: Moment | None


class FlagQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which doubts, and which page of them."""

    outcome: Annotated[str, one_of(FlagOutcome)] | None = None
    rule: Annotated[str, Meta(max_length=40)] | None = None
    severity: int | None = None
    commission_id: UUID | None = None
    partner_id: UUID | None = None

    def of(self, rows: "QuerySet[Flag]") -> "QuerySet[Flag]":
        """`rows` narrowed to what is asked for."""
        return filtered(
            rows,
            {
                "outcome": self.outcome,
                "rule": self.rule,
                "severity": self.severity,
                "commission_id": self.commission_id,
                "commission__partner_id": self.partner_id,
            },
        )


class Decision(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What becomes of a commission under review."""

    outcome: Annotated[
        Literal["released", "mistaken", "rejected"],
        Meta(description="`released` lets it pass, `mistaken` says besides that the rule was wrong."),
    ]
    reason: Annotated[str, Meta(min_length=1, max_length=500, description="Kept in the audit log.")]


class Flags(TenantView):
    """What fraud rules found."""

    scope = {"GET": Scope.READ}

    @documented("List flags", query=FlagQuery, answer=Page[FlagAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of flags, newest first. Those with the outcome `open` wait for a decision."""
        query = parse_query(request, FlagQuery)
        return answered(page(query.of(request.merchant.flags.all()), query, _shown, by="created_at"))


class CommissionReview(TenantView):
    """The decision about a commission that was flagged."""

    scope = {"POST": Scope.WRITE}

    @documented(
        "Decide about a flagged commission",
        body=Decision,
        answer=CommissionAnswer,
        example={"outcome": "released", "reason": "The customer is known to us"},
        refusals=("commission_not_flagged", "commission_not_rejectable", "required"),
    )
    def post(self, request: TenantRequest, commission_id: UUID) -> HttpResponse:
        """Close all that is open about it: release it to its hold, or take it back."""
        commission = request.merchant.commissions.get(id=commission_id)
        body = bodies.parse(request.content, Decision)
        review.decide(commission, outcome=body.outcome, reason=body.reason, actor=request.actor)
        return answered(commission_shown(commission))


def _shown(flag: Flag) -> FlagAnswer:
    return FlagAnswer(
        id=flag.id,
        commission_id=flag.commission_id,
        rule=flag.rule,
        severity=flag.severity,
        reason=flag.reason,
        evidence=flag.evidence,
        outcome=flag.outcome,
        decided_by=flag.decided_by,
        note=flag.note,
        created_at=flag.created_at,
        closed_at=flag.closed_at,
    )
