"""Sales: one, a batch, the list and one of them."""

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from msgspec import Meta

from api import bodies, codes
from api.base import TenantRequest, TenantView, answered
from api.examples import IDS, example_of
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from api.problems import describe
from merchants.errors import DomainError
from merchants.roles import Scope
from merchants.tenancy import Question
from orders.models import Order
from orders.search import called
from tracking import ingest
from tracking.answers import OrderShown, PartnerShown, SaleAnswer
from tracking.deletion import delete_order
from tracking.events import Moment, Sale
from tracking.plan import Outcome
from tracking.reading import order_shown, sale_shown

#: What can be wrong with a sale beyond its shape.
SALE_REFUSALS = (
    "order_conflict",
    "order_deleted",
    "unknown_currency",
    "invalid_amount",
    "parts_exceed_amount",
    "lines_exceed_amount",
    "customer_unidentified",
    "email_invalid",
    "phone_invalid",
    "in_the_future",
    "too_long_ago",
    "metadata_too_large",
)


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """Up to 1,000 sales. Each is judged by itself: one that is refused does not stop the others."""

    sales: Annotated[
        list[msgspec.Raw],
        Meta(
            min_length=1,
            max_length=ingest.MAX_BATCH,
            description="Each as for `POST /sales`.",
            extra_json_schema={"items": {"$ref": "#/components/schemas/Sale"}},
        ),
    ]


class RowOutcome(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What became of one sale of a batch, at the same place in the list."""

    status: int
    """201 recorded, 200 already there, or the status of its problem."""
    sale: SaleAnswer | None = None
    problem: dict[str, Any] | None = None


class BatchAnswer(msgspec.Struct):
    """The outcomes, in the order of the sales sent."""

    recorded: int
    replayed: int
    refused: int
    outcomes: list[RowOutcome]


class SaleQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which sales, and which page of them."""

    order_id: str | None = None
    source: str | None = None
    partner_id: UUID | None = None
    customer_id: UUID | None = None
    coupon: str | None = None
    currency: str | None = None
    direct: bool | None = None
    placed_from: Moment | None = None
    placed_before: Moment | None = None

    def of(self, rows: "QuerySet[Order]") -> "QuerySet[Order]":
        """`rows` narrowed to what is asked for."""
        if self.order_id is not None:
            # In a source that is named the unique index finds it by itself.
            rows = rows.filter(called(self.order_id) if self.source is None else Q(external_id=self.order_id))
        return filtered(
            rows,
            {
                "source": self.source,
                "partner_id": self.partner_id,
                "customer_id": self.customer_id,
                "coupon_code": self.coupon and self.coupon.upper(),
                "currency": self.currency,
                "partner_id__isnull": self.direct,
                "placed_at__gte": self.placed_from,
                "placed_at__lt": self.placed_before,
            },
        )


#: One that was recorded and one that was refused: what made-up values could not show.
BATCH_ANSWER = {
    "recorded": 1,
    "replayed": 0,
    "refused": 1,
    "outcomes": [
        {"status": 201, "sale": example_of(SaleAnswer)},
        {"status": 422, "problem": codes.example("unknown_currency") | {"field": "sales[1].currency"}},
    ],
}


class Sales(TenantView):
    """Record a sale, or list them."""

    scope = {"GET": Scope.READ, "POST": Scope.TRACK}
    replays_as: ClassVar[dict[int, int]] = {201: 200}
    arrived: ingest.Arrived

    def first_question(self, request: TenantRequest, merchant_id: UUID) -> Question | None:
        """LOAD, when there is a sale that can be read."""
        if request.method != "POST":
            return None
        self.arrived = ingest.arrive(merchant_id, [_read(request.content)])
        return self.arrived.question

    @documented(
        "Record a sale",
        body=Sale,
        answer=SaleAnswer,
        status=201,
        also={200: "It was there already: the first answer again."},
        example={
            "order_id": "A-1001",
            "amount": 10000,
            "currency": "USD",
            "coupon": "ANNA10",
            "customer": {"external_id": "c_1", "email": "eva@example.com", "name": "Eva"},
        },
        refusals=SALE_REFUSALS,
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Record one sale: 201 with its commissions and their working, 200 when it was there already."""
        (outcome,) = ingest.record(self.arrived, actor=request.actor, loaded=request.answer, last=True)
        if outcome.error is not None:
            raise outcome.error
        return answered(outcome.answer, 201 if outcome.created else 200)

    @documented("List sales", query=SaleQuery, answer=Page[OrderShown])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of orders, newest first."""
        query = parse_query(request, SaleQuery)
        orders = query.of(request.merchant.orders.all())
        return answered(page(orders, query, order_shown, by="placed_at"))


class SaleBatch(TenantView):
    """Record up to 1,000 sales at once."""

    scope = {"POST": Scope.TRACK}

    @documented(
        "Record a batch of sales",
        body=Batch,
        answer=BatchAnswer,
        example={
            "sales": [
                {"order_id": "A-1002", "amount": 5990, "currency": "USD", "coupon": "ANNA10"},
                {"order_id": "A-1003", "amount": 1250, "currency": "USD"},
            ]
        },
        answer_example=BATCH_ANSWER,
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Record what can be recorded and say of each what became of it."""
        batch = bodies.parse(request.content, Batch)
        outcomes = ingest.record([_read(bytes(raw)) for raw in batch.sales], actor=request.actor, last=True)
        rows = [_row(outcome, position) for position, outcome in enumerate(outcomes)]
        counts = {status: sum(row.status == status for row in rows) for status in (200, 201)}
        return answered(
            BatchAnswer(
                recorded=counts[201],
                replayed=counts[200],
                refused=len(rows) - counts[200] - counts[201],
                outcomes=rows,
            )
        )


class Deletion(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Why a sale should not be there."""

    reason: Annotated[str, Meta(min_length=1, max_length=500, examples=["Recorded twice"])]


class TakenFrom(msgspec.Struct, kw_only=True):
    """What the deletion took from one partner."""

    commission_id: UUID
    partner: PartnerShown
    amount: int
    currency: str
    owed: Annotated[bool, Meta(description="Whether it had been paid: later payouts net it then.")]


class DeletionAnswer(msgspec.Struct, kw_only=True):
    """A deleted sale. It stays deleted, and its order id stays taken."""

    sale_id: Annotated[UUID, Meta(examples=[IDS["sale"]])]
    order_id: str
    deleted_at: Annotated[Moment, Meta(examples=["2026-03-02T10:41:00Z"])]
    deleted_by: Annotated[str, Meta(examples=["shop backend"])]
    reason: Annotated[str, Meta(examples=["Recorded twice"])]
    taken_back: Annotated[list[TakenFrom], Meta(description="By this request: nothing when it was deleted before.")]


class SaleDetail(TenantView):
    """One sale by its id."""

    scope = {"GET": Scope.READ, "DELETE": Scope.WRITE}

    @documented("Get a sale", answer=SaleAnswer)
    def get(self, request: TenantRequest, sale_id: UUID) -> HttpResponse:
        """The order, why it is whose it is, and its commissions with their working."""
        order: Order = request.merchant.orders.get(id=sale_id)
        return answered(sale_shown(order))

    @documented(
        "Delete a sale",
        body=Deletion,
        answer=DeletionAnswer,
        example={"reason": "Recorded twice"},
        refusals=("required",),
    )
    def delete(self, request: TenantRequest, sale_id: UUID) -> HttpResponse:
        """Delete a sale that should not be there: all that it earned is taken back, and no list shows it any more.

        It cannot be undone. The order id stays taken: recording the sale again answers 409 `order_deleted`; to have it
        again, record it under another order id. What a partner had been paid is owed, and later payouts net it.
        Deleting it again changes nothing and answers the same, with nothing taken back.
        """
        order: Order = request.merchant.orders(manager="with_deleted").get(id=sale_id)
        body = bodies.parse(request.content, Deletion)
        done = delete_order(request.merchant, order.id, reason=body.reason, actor=request.actor)
        order = done.order
        assert order.deleted_at is not None
        taken = [
            TakenFrom(
                commission_id=back.commission.id,
                partner=PartnerShown(back.commission.partner.id, back.commission.partner.name),
                amount=back.amount,
                currency=order.currency,
                owed=back.is_owed,
            )
            for back in done.taken
        ]
        return answered(
            DeletionAnswer(
                sale_id=order.id,
                order_id=order.external_id,
                deleted_at=order.deleted_at,
                deleted_by=order.deleted_by,
                reason=order.deletion_reason,
                taken_back=taken,
            )
        )


def _read(raw: bytes) -> Sale | DomainError:
    """A sale; one that cannot be read is an outcome, not the end of a batch."""
    try:
        return bodies.parse(raw, Sale)
    except DomainError as error:
        return error


def _row(outcome: Outcome, position: int) -> RowOutcome:
    if outcome.error is None:
        return RowOutcome(status=201 if outcome.created else 200, sale=outcome.answer)
    problem = describe(outcome.error)
    problem["field"] = f"sales[{position}]" + (f".{outcome.error.field}" if outcome.error.field else "")
    return RowOutcome(status=outcome.error.status, problem=problem)
