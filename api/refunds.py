"""Refunds: record one, list them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec
from django.http import HttpResponse

from api import bodies
from api.base import TenantRequest, TenantView, answered
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from commissions.models import Reversal
from merchants.roles import Scope
from orders.models import Refund as RefundRow
from orders.search import called
from tracking.answers import OrderShown, PartnerShown
from tracking.events import Moment, Refund
from tracking.reading import order_shown
from tracking.refunds import record_refund


class RefundLineShown(msgspec.Struct):
    """A position given back."""

    line: int
    amount: int


class RefundShown(msgspec.Struct):
    """A refund. `amount` is minor units of the order's currency."""

    id: UUID
    refund_id: str
    order_id: str
    currency: str
    amount: int
    lines: list[RefundLineShown]
    reason: str
    refunded_at: datetime
    created_at: datetime


class ReversalShown(msgspec.Struct):
    """What was taken back of a commission because of a refund."""

    id: UUID
    commission_id: UUID
    partner: PartnerShown
    amount: int
    currency: str
    working: str


class RefundAnswer(msgspec.Struct):
    """The refund, the order as it stands now, and what went back of each commission."""

    refund: RefundShown
    order: OrderShown
    reversals: list[ReversalShown]


class RefundQuery(ListQuery, kw_only=True):
    """Filters of the list of refunds."""

    order_id: str | None = None
    refunded_from: Moment | None = None
    refunded_before: Moment | None = None


class Refunds(TenantView):
    """Record a refund, or list them."""

    scope = {"GET": Scope.READ, "POST": Scope.TRACK}
    replays_as: ClassVar[dict[int, int]] = {201: 200}

    @documented(
        "Record a refund",
        body=Refund,
        answer=RefundAnswer,
        status=201,
        also={200: "It was there already: the first answer again."},
        example={"order_id": "A-1001", "refund_id": "R-1", "amount": 2500, "reason": "One box was broken"},
        refusals=(
            "order_unknown",
            "order_deleted",
            "refund_conflict",
            "refund_exceeds_order",
            "refund_exceeds_line",
            "refund_contradicts_lines",
            "line_unknown",
            "invalid_amount",
            "in_the_future",
            "too_long_ago",
        ),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Give money back on an order and take the commissions back in proportion."""
        done = record_refund(bodies.parse(request.content, Refund), actor=request.actor)
        answer = RefundAnswer(
            refund=refund_shown(done.refund),
            order=order_shown(done.order),
            reversals=[reversal_shown(reversal) for reversal in done.reversals],
        )
        return answered(answer, 201 if done.created else 200)

    @documented("List refunds", query=RefundQuery, answer=Page[RefundShown])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of refunds, newest first."""
        query = parse_query(request, RefundQuery)
        conditions = {
            "refunded_at__gte": query.refunded_from,
            "refunded_at__lt": query.refunded_before,
        }
        refunds = filtered(request.merchant.refunds.select_related("order"), conditions)
        if query.order_id is not None:
            refunds = refunds.filter(order__in=request.merchant.orders.filter(called(query.order_id)))
        return answered(page(refunds, query, refund_shown, by="refunded_at"))


def refund_shown(refund: RefundRow) -> RefundShown:
    """A refund with its order loaded. Does not query."""
    return RefundShown(
        id=refund.id,
        refund_id=refund.external_id,
        order_id=refund.order.external_id,
        currency=refund.order.currency,
        amount=refund.amount,
        lines=[RefundLineShown(**line) for line in refund.lines],
        reason=refund.reason,
        refunded_at=refund.refunded_at,
        created_at=refund.created_at,
    )


def reversal_shown(reversal: Reversal) -> ReversalShown:
    """A reversal with its commission and partner loaded. Does not query."""
    commission = reversal.commission
    return ReversalShown(
        id=reversal.id,
        commission_id=commission.id,
        partner=PartnerShown(commission.partner.id, commission.partner.name),
        amount=reversal.amount,
        currency=commission.currency,
        working=reversal.working,
    )
