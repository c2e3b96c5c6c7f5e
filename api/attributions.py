"""Whose a customer is: given to another partner, from now on or with orders of the past."""

from typing import Annotated
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from api import bodies
from api.base import TenantRequest, TenantView, answered
from api.choices import Moment, named, one_of
from api.examples import IDS
from api.operations import documented
from merchants.roles import Scope
from tracking.answers import PartnerShown
from tracking.movable import Stake
from tracking.reattribution import Past, Reattribution, reattribute

_PAST = (
    "What becomes of the orders that are there: all `stays`, what was placed `since` moves, or all that is `unpaid`."
)


class NewAttribution(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whom the customer belongs to from now on, and what becomes of the past."""

    partner_id: Annotated[UUID | None, Meta(description="null for nobody: later orders are direct.")]
    reason: Annotated[str, Meta(min_length=1, max_length=500, description="Kept with each commission that moves.")]
    past: Annotated[str, one_of(Past, _PAST)] = Past.STAYS.value
    since: Annotated[Moment | None, Meta(description="With `past: since`, and only then.")] = None
    dry_run: Annotated[bool, Meta(description="Answer what would be, and change nothing.")] = False


class StakeAnswer(msgspec.Struct, kw_only=True):
    """What a partner has of an order, adjustments included."""

    partner: PartnerShown
    amount: int


class MoveAnswer(msgspec.Struct, kw_only=True):
    """An order that moves."""

    sale_id: Annotated[UUID, Meta(examples=[IDS["sale"]])]
    order_id: str
    currency: str
    was: list[StakeAnswer]
    will: Annotated[list[StakeAnswer], Meta(description="Computed on the new partner's terms, less refunds.")]
    nothing: Annotated[str, Meta(description="Why nobody earns on it, where nobody does.", examples=[""])]


class StayAnswer(msgspec.Struct, kw_only=True):
    """An order that does not move."""

    sale_id: Annotated[UUID, Meta(examples=[IDS["sale"]])]
    order_id: str
    why: Annotated[str, Meta(examples=["Anna Lindgren was paid for it"])]


class TotalAnswer(msgspec.Struct, kw_only=True):
    """What a partner has more, or less, in one currency."""

    partner: PartnerShown
    currency: str
    amount: Annotated[int, Meta(description="Below zero for what is taken back.")]


class AttributionAnswer(msgspec.Struct, kw_only=True):
    """What was done, or with `dry_run` would be."""

    dry_run: Annotated[bool, Meta(examples=[False])]
    before: PartnerShown | None
    after: PartnerShown | None
    moves: list[MoveAnswer]
    stays: list[StayAnswer]
    totals: list[TotalAnswer]


class CustomerAttribution(TenantView):
    """Whose a customer is."""

    scope = {"POST": Scope.WRITE}

    @documented(
        "Give a customer to another partner",
        body=NewAttribution,
        answer=AttributionAnswer,
        example={"partner_id": IDS["partner"], "past": "unpaid", "reason": "Signed up through the wrong link"},
        refusals=(
            "partner_not_approved",
            "self_referral",
            "since_needed",
            "in_the_future",
            "orders_too_many",
            "invalid_time",
        ),
    )
    def post(self, request: TenantRequest, customer_id: UUID) -> HttpResponse:
        """The customer belongs to the partner from now on; the past stays unless you say otherwise.

        An order that moves takes its commission back from who had it and earns on the new partner's terms at the time
        of the order; both stand in the books. What was paid or rejected never moves, nor an order that came to a third
        partner by their own coupon, link or name: `stays` says which and why. An order that you record later belongs to
        whom the customer belonged to when it was placed. Sent again, it changes nothing. Look first with `dry_run`.
        """
        customer = request.merchant.customers.get(id=customer_id)
        body = bodies.parse(request.content, NewAttribution)
        partner = (
            None if body.partner_id is None else named(request.merchant.partners.all(), body.partner_id, "partner_id")
        )
        done = reattribute(
            customer,
            partner=partner,
            past=body.past,
            since=body.since,
            reason=body.reason,
            dry_run=body.dry_run,
            actor=request.actor,
        )
        return answered(_shown(done, dry_run=body.dry_run))


def _shown(done: Reattribution, *, dry_run: bool) -> AttributionAnswer:
    before, after = (PartnerShown(p.id, p.name) if p else None for p in (done.before, done.after))
    return AttributionAnswer(
        dry_run=dry_run,
        before=before,
        after=after,
        moves=[
            MoveAnswer(
                sale_id=move.order.id,
                order_id=move.order.external_id,
                currency=move.order.currency,
                was=[_stake(stake) for stake in move.was],
                will=[_stake(stake) for stake in move.will],
                nothing=move.nothing,
            )
            for move in done.moves
        ],
        stays=[StayAnswer(sale_id=s.order.id, order_id=s.order.external_id, why=s.why) for s in done.stays],
        totals=[
            TotalAnswer(partner=PartnerShown(stake.partner_id, stake.partner), currency=currency, amount=stake.amount)
            for stake, currency in done.totals
        ],
    )


def _stake(stake: Stake) -> StakeAnswer:
    return StakeAnswer(partner=PartnerShown(stake.partner_id, stake.partner), amount=stake.amount)
