"""Commissions: found, explained, given by hand, rejected."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from msgspec import Meta

from api import bodies
from api.base import TenantRequest, TenantView, answered, created
from api.choices import Amount, Currency, Moment, named, one_of
from api.examples import IDS
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from commissions import manual, rejection
from commissions.adjustment import adjust
from commissions.models import Commission, CommissionStatus, Decision, Reversal
from merchants.money import MAX_AMOUNT
from merchants.roles import Scope
from pages.books import commission_steps
from payouts.models import PayoutItem

_Reason = Annotated[str, Meta(min_length=1, max_length=500)]


class CommissionAnswer(msgspec.Struct, kw_only=True):
    """A commission. The partner has `amount - reversed`, in minor units of `currency`."""

    id: UUID
    partner_id: UUID
    sale_id: Annotated[UUID | None, Meta(description="null for what no order earned.", examples=[IDS["sale"]])]
    customer_id: UUID | None
    level: Annotated[
        int, Meta(description="0: the partner sold. n: they are the recruiter n steps above who sold.", examples=[0])
    ]
    source_id: Annotated[
        UUID | None, Meta(description="Of a recruiter: the commission that theirs was earned on.", examples=[None])
    ]
    currency: str
    amount: int
    reversed: Annotated[int, Meta(description="How much of it refunds and decisions by hand took back.")]
    base: Annotated[
        int, Meta(description="What it was computed on: the part of the order that counts, or what the recruit earned.")
    ]
    status: Annotated[str, one_of(CommissionStatus)]
    held_until: Moment
    occurred_at: Annotated[Moment, Meta(description="When the order was placed, or the target reached.")]
    paid_at: Moment | None
    explanation: Annotated[dict[str, Any], Meta(description="The working: base, rules tried, rate, rounding.")]
    created_at: Moment


class TakenBack(msgspec.Struct, kw_only=True):
    """What a refund took back of the commission."""

    id: UUID
    refund_id: Annotated[UUID, Meta(examples=[IDS["refund"]])]
    amount: int
    working: str
    created_at: Moment


class DecisionAnswer(msgspec.Struct, kw_only=True):
    """What somebody took back of the commission, or gave again."""

    id: UUID
    kind: Annotated[
        str,
        Meta(description="rejection, restoration, reattribution, deletion, below_target", examples=["rejection"]),
    ]
    amount: Annotated[int, Meta(description="Taken back; below zero for what was given again.")]
    reason: str
    decided_by: Annotated[str, Meta(examples=["Olga Owner"])]
    created_at: Moment


class EntryAnswer(msgspec.Struct, kw_only=True):
    """One ledger entry that the commission made: value arriving at (+) or leaving (-) an account."""

    reference: Annotated[str, Meta(examples=[f"commission:{IDS['commission']}:accrual"])]
    kind: Annotated[str, Meta(examples=["commission"])]
    account: Annotated[str, Meta(examples=[f"partner:{IDS['partner']}:earned"])]
    currency: str
    amount: int
    occurred_at: Moment
    posted_at: Moment


class CommissionDetailAnswer(msgspec.Struct, kw_only=True):
    """A commission with everything that happened to it."""

    commission: CommissionAnswer
    reversals: list[TakenBack]
    decisions: list[DecisionAnswer]
    entries: Annotated[list[EntryAnswer], Meta(description="What the books say, oldest first.")]
    payout_id: Annotated[UUID | None, Meta(description="The live payout it is in.", examples=[None])]


class NewCommission(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A commission given by hand, or, below zero, a correction."""

    partner_id: UUID
    amount: Annotated[
        int,
        Meta(
            ge=-MAX_AMOUNT,
            le=MAX_AMOUNT,
            description="Integer in minor units, not zero; below zero it is a correction.",
        ),
    ]
    currency: Currency
    reason: Annotated[_Reason, Meta(description="Shown to the partner and kept in the audit log.")]


class Reason(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Why."""

    reason: _Reason


class CommissionQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which commissions, and which page of them."""

    status: Annotated[str, one_of(CommissionStatus)] | None = None
    partner_id: UUID | None = None
    customer_id: UUID | None = None
    sale_id: UUID | None = None
    source_id: Annotated[UUID, Meta(description="Only what recruiters earned on this commission.")] | None = None
    level: Annotated[int, Meta(ge=0, description="Only of this level; 0: of partners who sold.")] | None = None
    currency: Annotated[str, Meta(max_length=3)] | None = None
    occurred_from: Moment | None = None
    occurred_before: Moment | None = None

    def of(self, rows: "QuerySet[Commission]") -> "QuerySet[Commission]":
        """`rows` narrowed to what is asked for, without those of deleted orders."""
        return filtered(
            rows.filter(is_hidden=False),
            {
                "status": self.status,
                "partner_id": self.partner_id,
                # Through the order, whose index finds a customer's.
                "order__customer_id": self.customer_id,
                "order_id": self.sale_id,
                "source_id": self.source_id,
                "level": self.level,
                "currency": self.currency,
                "occurred_at__gte": self.occurred_from,
                "occurred_at__lt": self.occurred_before,
            },
        )


class Commissions(TenantView):
    """The commissions of the account."""

    scope = {"GET": Scope.READ, "POST": Scope.WRITE}

    @documented("List commissions", query=CommissionQuery, answer=Page[CommissionAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of commissions, by the time of their orders, newest first."""
        query = parse_query(request, CommissionQuery)
        return answered(page(query.of(request.merchant.commissions.all()), query, commission_shown, by="occurred_at"))

    @documented(
        "Create a manual commission",
        body=NewCommission,
        answer=CommissionAnswer,
        status=201,
        example={"partner_id": IDS["partner"], "amount": 2500, "currency": "USD", "reason": "Spoke at our fair"},
        refusals=(
            "amount_zero",
            "invalid_amount",
            "unknown_currency",
            "partner_not_approved",
            "required",
            "not_found",
        ),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Give a partner a commission without an order. It is approved at once: somebody has just looked at it."""
        body = bodies.parse(request.content, NewCommission)
        commission = manual.record_manual(
            partner=named(request.merchant.partners.all(), body.partner_id, "partner_id"),
            amount=body.amount,
            currency=body.currency,
            reason=body.reason,
            actor=request.actor,
        )
        return created(commission_shown(commission), f"/api/v1/commissions/{commission.id}")


class CommissionDetail(TenantView):
    """One commission."""

    scope = {"GET": Scope.READ}

    @documented("Get a commission", answer=CommissionDetailAnswer)
    def get(self, request: TenantRequest, commission_id: UUID) -> HttpResponse:
        """One commission with its working, what refunds took back, its ledger entries and its payout."""
        commission = request.merchant.commissions.get(id=commission_id)
        reversals = list(commission.reversals.order_by("id"))
        decisions = list(commission.decisions.order_by("id"))
        return answered(
            CommissionDetailAnswer(
                commission=commission_shown(commission),
                reversals=[_taken_back(reversal) for reversal in reversals],
                decisions=[_decision(decision) for decision in decisions],
                entries=_entries(request, commission, reversals, decisions),
                payout_id=_live_payout(commission),
            )
        )


class CommissionRejection(TenantView):
    """The rejection of a commission."""

    scope = {"POST": Scope.WRITE}

    @documented(
        "Reject a commission",
        body=Reason,
        answer=CommissionAnswer,
        example={"reason": "Order was placed with a stolen card"},
        refusals=("commission_not_rejectable", "required"),
    )
    def post(self, request: TenantRequest, commission_id: UUID) -> HttpResponse:
        """Take back all of a commission that has not been paid. One that is rejected already stays as it is."""
        commission = request.merchant.commissions.get(id=commission_id)
        body = bodies.parse(request.content, Reason)
        rejection.reject(commission, reason=body.reason, actor=request.actor)
        return answered(commission_shown(commission))


class CommissionRestoration(TenantView):
    """The restoration of a rejected commission."""

    scope = {"POST": Scope.WRITE}

    @documented(
        "Restore a commission",
        body=Reason,
        answer=CommissionAnswer,
        example={"reason": "The card was not stolen"},
        refusals=("commission_not_restorable", "required"),
    )
    def post(self, request: TenantRequest, commission_id: UUID) -> HttpResponse:
        """Give a rejected commission again, less what refunds took meanwhile. Once restored it stays as it is."""
        commission = request.merchant.commissions.get(id=commission_id)
        body = bodies.parse(request.content, Reason)
        rejection.restore(commission, reason=body.reason, actor=request.actor)
        return answered(commission_shown(commission))


class NewAdjustment(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the partner shall get of a commission in all, and why."""

    amount: Amount
    reason: Annotated[_Reason, Meta(description="Shown to the partner and kept in the audit log.")]


class CommissionAdjustments(TenantView):
    """The adjustments of a commission."""

    scope = {"POST": Scope.WRITE}

    @documented(
        "Adjust a commission",
        body=NewAdjustment,
        answer=CommissionAnswer,
        status=201,
        example={"amount": 1500, "reason": "The campaign promised 15%"},
        refusals=("nothing_to_adjust", "commission_final", "partner_not_approved", "invalid_amount", "required"),
    )
    def post(self, request: TenantRequest, commission_id: UUID) -> HttpResponse:
        """Make a commission worth another amount. The answer is the difference: a commission of its own.

        The commission itself stays as it was computed, paid or not; the next payout carries the difference. A later
        refund takes its part of the difference too. Commissions by hand are not adjusted: record another one.
        """
        commission = request.merchant.commissions.get(id=commission_id)
        body = bodies.parse(request.content, NewAdjustment)
        made = adjust(commission, amount=body.amount, reason=body.reason, actor=request.actor)
        return created(commission_shown(made), f"/api/v1/commissions/{made.id}")


def commission_shown(commission: Commission) -> CommissionAnswer:
    """A commission. Does not query."""
    return CommissionAnswer(
        id=commission.id,
        partner_id=commission.partner_id,
        sale_id=commission.order_id,
        customer_id=commission.customer_id,
        level=commission.level,
        source_id=commission.source_id,
        currency=commission.currency,
        amount=commission.amount,
        reversed=commission.reversed,
        base=commission.base,
        status=commission.status,
        held_until=commission.held_until,
        occurred_at=commission.occurred_at,
        paid_at=commission.paid_at,
        explanation=commission.explanation,
        created_at=commission.created_at,
    )


def _taken_back(reversal: Reversal) -> TakenBack:
    return TakenBack(
        id=reversal.id,
        refund_id=reversal.refund_id,
        amount=reversal.amount,
        working=reversal.working,
        created_at=reversal.created_at,
    )


def _decision(decision: Decision) -> DecisionAnswer:
    return DecisionAnswer(
        id=decision.id,
        kind=decision.kind,
        amount=decision.amount,
        reason=decision.reason,
        decided_by=decision.decided_by,
        created_at=decision.created_at,
    )


def _entries(
    request: TenantRequest, commission: Commission, reversals: list[Reversal], decisions: list[Decision]
) -> list[EntryAnswer]:
    """Both sides of every transaction that is named after the commission. By full reference: that is the index."""
    references = commission_steps(commission.id, reversals, decisions)
    found = request.merchant.entries.filter(transaction__reference__in=references)
    return [
        EntryAnswer(
            reference=entry.transaction.reference,
            kind=entry.transaction.kind,
            account=entry.account,
            currency=entry.currency,
            amount=entry.amount,
            occurred_at=entry.transaction.occurred_at,
            posted_at=entry.transaction.posted_at,
        )
        for entry in found.select_related("transaction").order_by("transaction_id", "amount")
    ]


def _live_payout(commission: Commission) -> UUID | None:
    item: PayoutItem | None = commission.payout_items.filter(is_live=True).first()
    return item.payout_id if item else None
