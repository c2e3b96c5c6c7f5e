"""Rewards: the versions of what partners earn, and new ones."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from affiliates.models import Group, Partner, Program
from api import bodies
from api.base import TenantRequest, TenantView, answered
from api.choices import Amount, Currency, Moment, named
from api.examples import IDS
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from merchants.roles import Scope
from rewards import terms
from rewards.engine import plain
from rewards.models import RewardVersion

_Kind = Literal["percentage", "fixed"]
_Since = Annotated[Moment, Meta(description="When it takes effect; now, when left out. RFC 3339 with an offset.")]


class RewardAnswer(msgspec.Struct, kw_only=True):
    """One version of a reward. It belongs to exactly one of program, group and partner."""

    id: Annotated[UUID, Meta(examples=[IDS["reward_version"]])]
    program_id: UUID | None
    group_id: Annotated[UUID | None, Meta(examples=[None])]
    partner_id: Annotated[UUID | None, Meta(examples=[None])]
    number: Annotated[int, Meta(description="1, 2, 3 … for the same program, group or partner.", examples=[2])]
    kind: _Kind
    percent: Annotated[
        str | None, Meta(description="Of the base, as a decimal text; percentage only.", examples=["12.5"])
    ]
    amount: Annotated[int | None, Meta(description="Minor units per order; fixed only.", examples=[None])]
    currency: Annotated[str | None, Meta(description="Of `amount`.", examples=[None])]
    excludes: Annotated[
        list[str], Meta(description="Parts of the order that the base leaves out.", examples=[["tax", "shipping"]])
    ]
    ended: Annotated[bool, Meta(description="This version took the terms away.", examples=[False])]
    effective_from: Moment
    created_at: Moment


class _Owner(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Exactly one of the three."""

    program_id: UUID | None = None
    group_id: UUID | None = None
    partner_id: UUID | None = None

    def found(self, request: TenantRequest) -> dict[str, Program | Group | Partner]:
        """The rows the ids name, as the verbs take them."""
        rows: dict[str, Any] = {
            "program": request.merchant.programs.all(),
            "group": request.merchant.groups.all(),
            "partner": request.merchant.partners.all(),
        }
        given = {level: getattr(self, f"{level}_id") for level in rows}
        return {level: named(rows[level], key, f"{level}_id") for level, key in given.items() if key is not None}


class NewReward(_Owner, forbid_unknown_fields=True, kw_only=True):
    """New terms for exactly one program, group or partner."""

    kind: _Kind
    percent: (
        Annotated[Decimal, Meta(description="0 to 100 with at most four decimals; percentage only.", examples=["12.5"])]
        | None
    ) = None
    amount: Amount | None = None
    currency: Annotated[Currency, Meta(description="ISO 4217; with `amount` only.")] | None = None
    excludes: Annotated[list[Literal["tax", "shipping", "discount"]], Meta(max_length=3)] = []
    effective_from: _Since | None = None


class RewardEnding(_Owner, forbid_unknown_fields=True, kw_only=True):
    """Whose terms end, and when."""

    effective_from: _Since | None = None


class RewardQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Whose versions, and which page of them."""

    program_id: UUID | None = None
    group_id: UUID | None = None
    partner_id: UUID | None = None


class Rewards(TenantView):
    """The reward versions of the account."""

    scope = {"GET": Scope.READ, "POST": Scope.WRITE}

    @documented("List reward versions", query=RewardQuery, answer=Page[RewardAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of versions, newest first: past, running and future ones."""
        query = parse_query(request, RewardQuery)
        conditions = {name: getattr(query, name) for name in ("program_id", "group_id", "partner_id")}
        versions = filtered(request.merchant.reward_versions.all(), conditions)
        return answered(page(versions, query, reward_shown))

    @documented(
        "Set a reward",
        body=NewReward,
        answer=RewardAnswer,
        status=201,
        example={
            "program_id": IDS["program"],
            "kind": "percentage",
            "percent": "12.5",
            "excludes": ["tax", "shipping"],
        },
        refusals=(
            "one_owner",
            "percent_invalid",
            "terms_mixed",
            "unknown_currency",
            "invalid_amount",
            "invalid_number",
            "invalid_time",
            "not_found",
        ),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Write a new version. Orders placed before it takes effect keep their terms, also when they arrive later."""
        body = bodies.parse(request.content, NewReward)
        version = terms.set_reward(
            **body.found(request),  # type: ignore[arg-type]
            kind=body.kind,
            percent=body.percent,
            amount=body.amount,
            currency=body.currency or "",
            excludes=body.excludes,
            effective_from=body.effective_from,
            actor=request.actor,
        )
        return answered(reward_shown(version), 201)


class RewardEndings(TenantView):
    """Terms taken away."""

    scope = {"POST": Scope.WRITE}

    @documented(
        "End a reward",
        body=RewardEnding,
        answer=RewardAnswer,
        status=201,
        example={"partner_id": IDS["partner"]},
        refusals=("one_owner", "no_reward_to_end", "invalid_time", "not_found"),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Write a version that takes the terms away: the next level (partner, group, program) decides again."""
        body = bodies.parse(request.content, RewardEnding)
        version = terms.end_reward(
            **body.found(request),  # type: ignore[arg-type]
            effective_from=body.effective_from,
            actor=request.actor,
        )
        return answered(reward_shown(version), 201)


def reward_shown(version: RewardVersion) -> RewardAnswer:
    """A reward version. Does not query."""
    return RewardAnswer(
        id=version.id,
        program_id=version.program_id,
        group_id=version.group_id,
        partner_id=version.partner_id,
        number=version.number,
        kind="percentage" if version.percent is not None else "fixed",
        percent=plain(version.percent) if version.percent is not None else None,
        amount=version.amount,
        currency=version.currency or None,
        excludes=version.excludes,
        ended=version.ended,
        effective_from=version.effective_from,
        created_at=version.created_at,
    )
