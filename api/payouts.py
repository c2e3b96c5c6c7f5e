"""Payouts: found, written down, reversed. Reading and writing need the scope `payouts` (SPEC P1: money is apart)."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from msgspec import Meta

from api import bodies
from api.base import TenantRequest, TenantView, answered, created
from api.choices import Moment, named, one_of
from api.commissions import Reason
from api.examples import IDS
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from merchants.roles import Scope
from payouts import manual
from payouts.models import Payout, PayoutMethod, PayoutStatus

_TransactionId = Annotated[str, Meta(min_length=1, max_length=200, description="The bank's or provider's reference.")]


class PayoutAnswer(msgspec.Struct, kw_only=True):
    """A payout. `amount` is minor units of `currency`."""

    id: UUID
    partner_id: UUID
    currency: str
    amount: int
    method: Annotated[str, one_of(PayoutMethod)]
    status: Annotated[str, one_of(PayoutStatus), Meta(examples=["paid"])]
    transaction_id: _TransactionId
    note: str
    paid_on: date
    reversed_at: Moment | None
    reversal_reason: Annotated[str | None, Meta(examples=[None])]
    created_at: Moment


class PayoutItemAnswer(msgspec.Struct, kw_only=True):
    """A commission in a payout, with what it counted for then."""

    commission_id: UUID
    amount: int


class PayoutDetailAnswer(msgspec.Struct, kw_only=True):
    """A payout with the commissions it was for."""

    payout: PayoutAnswer
    commissions: list[PayoutItemAnswer]


class NewPayout(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Money that was sent to a partner outside Accrue."""

    partner_id: UUID
    commission_ids: Annotated[
        list[UUID],
        Meta(min_length=1, max_length=10_000, description="Approved commissions of the partner, all in one currency."),
    ]
    transaction_id: _TransactionId
    paid_on: Annotated[date, Meta(description="The day of the payment, such as 2026-03-02.")]
    note: Annotated[str, Meta(max_length=500)] = ""


class PayoutQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which payouts, and which page of them."""

    status: Annotated[str, one_of(PayoutStatus)] | None = None
    partner_id: UUID | None = None
    currency: Annotated[str, Meta(max_length=3)] | None = None
    transaction_id: Annotated[str, Meta(max_length=200)] | None = None
    paid_from: date | None = None
    paid_before: date | None = None

    def of(self, rows: "QuerySet[Payout]") -> "QuerySet[Payout]":
        """`rows` narrowed to what is asked for."""
        return filtered(
            rows,
            {
                "status": self.status,
                "partner_id": self.partner_id,
                "currency": self.currency,
                "transaction_id": self.transaction_id,
                "paid_on__gte": self.paid_from,
                "paid_on__lt": self.paid_before,
            },
        )


class Payouts(TenantView):
    """The payouts of the account."""

    scope = {"GET": Scope.PAYOUTS, "POST": Scope.PAYOUTS}

    @documented("List payouts", query=PayoutQuery, answer=Page[PayoutAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of payouts, newest first."""
        query = parse_query(request, PayoutQuery)
        return answered(page(query.of(request.merchant.payouts.all()), query, payout_shown))

    @documented(
        "Create a payout",
        body=NewPayout,
        answer=PayoutAnswer,
        status=201,
        example={
            "partner_id": IDS["partner"],
            "commission_ids": [IDS["commission"]],
            "transaction_id": "SEPA-20260302-7",
            "paid_on": "2026-03-02",
        },
        refusals=(
            "commissions_not_payable",
            "commissions_needed",
            "correction_left_out",
            "nothing_to_pay",
            "transaction_id_taken",
            "paid_on_invalid",
            "required",
            "not_found",
        ),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Write down a payment you made. What is paid is what the commissions come to, less what the partner owes."""
        body = bodies.parse(request.content, NewPayout)
        payout = manual.record_payout(
            partner=named(request.merchant.partners.all(), body.partner_id, "partner_id"),
            commission_ids=body.commission_ids,
            transaction_id=body.transaction_id,
            paid_on=body.paid_on,
            note=body.note,
            actor=request.actor,
        )
        return created(payout_shown(payout), f"/api/v1/payouts/{payout.id}")


class PayoutDetail(TenantView):
    """One payout."""

    scope = {"GET": Scope.PAYOUTS}

    @documented("Get a payout", answer=PayoutDetailAnswer)
    def get(self, request: TenantRequest, payout_id: UUID) -> HttpResponse:
        """One payout with its commissions."""
        payout = request.merchant.payouts.get(id=payout_id)
        items = payout.items.order_by("id").values_list("commission_id", "amount")
        shown = [PayoutItemAnswer(commission_id=commission_id, amount=amount) for commission_id, amount in items]
        return answered(PayoutDetailAnswer(payout=payout_shown(payout), commissions=shown))


class PayoutReversal(TenantView):
    """The reversal of a payout."""

    scope = {"POST": Scope.PAYOUTS}

    @documented(
        "Reverse a payout",
        body=Reason,
        answer=PayoutAnswer,
        example={"reason": "Account was closed, the bank sent it back"},
        refusals=("payout_not_paid", "required"),
    )
    def post(self, request: TenantRequest, payout_id: UUID) -> HttpResponse:
        """Undo a payout that did not reach the partner: the money is owed again, its commissions can be paid again."""
        payout = request.merchant.payouts.get(id=payout_id)
        body = bodies.parse(request.content, Reason)
        return answered(payout_shown(manual.reverse_payout(payout, reason=body.reason, actor=request.actor)))


def payout_shown(payout: Payout) -> PayoutAnswer:
    """A payout. Does not query."""
    return PayoutAnswer(
        id=payout.id,
        partner_id=payout.partner_id,
        currency=payout.currency,
        amount=payout.amount,
        method=payout.method,
        status=payout.status,
        transaction_id=payout.transaction_id,
        note=payout.note,
        paid_on=payout.paid_on,
        reversed_at=payout.reversed_at,
        reversal_reason=payout.reversal_reason or None,
        created_at=payout.created_at,
    )
