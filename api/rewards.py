"""Rewards: the rules of what partners earn, version by version, and new ones."""

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
from merchants.money import plain
from merchants.roles import Scope
from rewards import terms
from rewards.details import PLAIN, Details
from rewards.models import RewardVersion
from rewards.sentences import sentence

_Kind = Literal["percentage", "fixed"]
_Since = Annotated[Moment, Meta(description="When it takes effect; now, when left out. RFC 3339 with an offset.")]


class RewardAnswer(msgspec.Struct, kw_only=True):
    """One version of a reward. It belongs to exactly one of program, group and partner."""

    id: Annotated[UUID, Meta(examples=[IDS["reward_version"]])]
    program_id: UUID | None
    group_id: Annotated[UUID | None, Meta(examples=[None])]
    partner_id: Annotated[UUID | None, Meta(examples=[None])]
    rule_id: Annotated[UUID | None, Meta(description="Which rule of theirs; null is the basic one.", examples=[None])]
    number: Annotated[int, Meta(description="1, 2, 3 … for the same rule.", examples=[2])]
    sentence: Annotated[str, Meta(description="What it says, for people.", examples=["12.5% of the total"])]
    kind: _Kind
    percent: Annotated[
        str | None, Meta(description="Of the base, as a decimal text; percentage only.", examples=["12.5"])
    ]
    amount: Annotated[
        int | None, Meta(description="Minor units per order, line, lead or click; fixed only.", examples=[None])
    ]
    currency: Annotated[str | None, Meta(description="Of every amount in it, `details` included.", examples=[None])]
    excludes: Annotated[
        list[str], Meta(description="Parts of the order that the base leaves out.", examples=[["tax", "shipping"]])
    ]
    details: Annotated[
        Details, Meta(description="Conditions, duration, tiers and limits, as far as there are any.", examples=[{}])
    ]
    ended: Annotated[bool, Meta(description="This version took the rule away.", examples=[False])]
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


_RuleId = Annotated[UUID | None, Meta(description="Which of the owner's rules; the basic one, when left out.")]


class NewRule(_Owner, forbid_unknown_fields=True, kw_only=True):
    """Another rule for exactly one program, group or partner."""

    kind: _Kind
    percent: (
        Annotated[Decimal, Meta(description="0 to 100 with at most four decimals; percentage only.", examples=["12.5"])]
        | None
    ) = None
    amount: Amount | None = None
    currency: (
        Annotated[Currency, Meta(description="ISO 4217; with `amount`, and with any amount in `details`.")] | None
    ) = None
    excludes: Annotated[list[Literal["tax", "shipping", "discount"]], Meta(max_length=3)] = []
    details: Annotated[Details, Meta(description="Conditions, duration, tiers and limits.")] = PLAIN
    effective_from: _Since | None = None

    def terms(self) -> dict[str, Any]:
        """What it says, as the verbs take it."""
        return {
            "kind": self.kind, "percent": self.percent, "amount": self.amount, "currency": self.currency or "",
            "excludes": self.excludes, "details": self.details, "effective_from": self.effective_from,
        }  # fmt: skip


class NewReward(NewRule, forbid_unknown_fields=True, kw_only=True):
    """New terms of one rule of exactly one program, group or partner."""

    rule_id: _RuleId = None


class RewardEnding(_Owner, forbid_unknown_fields=True, kw_only=True):
    """Whose rule ends, and when."""

    rule_id: _RuleId = None
    effective_from: _Since | None = None


class RewardQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Whose versions, and which page of them."""

    program_id: UUID | None = None
    group_id: UUID | None = None
    partner_id: UUID | None = None


_REFUSALS = (
    "one_owner", "percent_invalid", "terms_mixed", "unknown_currency", "invalid_amount", "invalid_number",
    "invalid_time", "country_invalid", "range_backwards", "rule_not_for_event", "tier_rate", "tiers_overlap",
    "more_than_order", "levels_too_much",
)  # fmt: skip


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
        refusals=(*_REFUSALS, "not_found"),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Write a new version. Orders placed before it takes effect keep their terms, also when they arrive later."""
        body = bodies.parse(request.content, NewReward)
        whose: dict[str, Any] = body.found(request)
        version = terms.set_reward(rule=body.rule_id, **whose, **body.terms(), actor=request.actor)
        return answered(reward_shown(version), 201)


class RewardRules(TenantView):
    """More rules beside the basic one."""

    scope = {"POST": Scope.WRITE}

    @documented(
        "Add a rule",
        body=NewRule,
        answer=RewardAnswer,
        status=201,
        example={
            "program_id": IDS["program"],
            "kind": "percentage",
            "percent": "12",
            "excludes": ["tax", "shipping", "discount"],
            "details": {"name": "First year", "first_months": 12, "tiers": [{"start": 50, "percent": "15"}]},
        },
        refusals=(*_REFUSALS, "too_many_rules", "not_found"),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Write the first version of another rule. The rule with more conditions is asked first."""
        body = bodies.parse(request.content, NewRule)
        whose: dict[str, Any] = body.found(request)
        return answered(reward_shown(terms.add_rule(**whose, **body.terms(), actor=request.actor)), 201)


class RewardEndings(TenantView):
    """Rules taken away."""

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
        """Write a version that takes the rule away: the next one in the order decides again."""
        body = bodies.parse(request.content, RewardEnding)
        version = terms.end_reward(
            **body.found(request),  # type: ignore[arg-type]
            rule=body.rule_id,
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
        rule_id=version.rule,
        number=version.number,
        sentence=sentence(version.terms()),
        kind="percentage" if version.percent is not None else "fixed",
        percent=plain(version.percent) if version.percent is not None else None,
        amount=version.amount,
        currency=version.currency or None,
        excludes=version.excludes,
        details=version.more(),
        ended=version.ended,
        effective_from=version.effective_from,
        created_at=version.created_at,
    )
