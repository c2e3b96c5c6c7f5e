"""Bonuses: what partners get for reaching a target in a period, and how far they are."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from msgspec import UNSET, Meta, UnsetType

from affiliates.models import Group, Partner, Program
from api import bodies
from api.base import TenantRequest, TenantView, answered, created
from api.choices import Amount, Currency, Moment, changes_of, named, one_of
from api.examples import IDS
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from bonuses import plans
from bonuses.counting import sentence
from bonuses.models import Bonus, Measure, Period, Rung
from bonuses.reading import Standing, standings_of, with_given
from merchants.roles import Scope

_Measure = Annotated[str, one_of(Measure, "Orders in any currency that were not refunded in full, revenue in "
                                          "`currency` less refunds, or leads.")]  # fmt: skip
_Period = Annotated[str, one_of(Period, "Calendar periods in the account's time zone; `once` is all its days.")]
_Name = Annotated[str, Meta(min_length=1, max_length=100, description="Partners read it.")]
_Starts = Annotated[date, Meta(description="The first day that counts, whole.")]
_Ends = Annotated[date, Meta(description="The last day that counts, whole; null until somebody ends it.")]


class Target(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A target, and what reaching it pays beside what the targets below it pay."""

    target: Annotated[
        int, Meta(ge=1, description="Orders, leads, or minor units of revenue.", extra_json_schema={"examples": [25]})
    ]
    amount: Annotated[Amount, Meta(extra_json_schema={"examples": [15000]})]


_Ladder = Annotated[
    list[Target],
    Meta(
        min_length=1,
        max_length=plans.MOST_RUNGS,
        description="By ascending target.",
        extra_json_schema={"examples": [[{"target": 25, "amount": 15000}, {"target": 50, "amount": 25000}]]},
    ),
]


class BonusAnswer(msgspec.Struct, kw_only=True):
    """A bonus of exactly one program, group or partner. Of those that count the same the narrowest counts."""

    id: Annotated[UUID, Meta(examples=[IDS["bonus"]])]
    program_id: UUID | None
    group_id: Annotated[UUID | None, Meta(examples=[None])]
    partner_id: Annotated[UUID | None, Meta(examples=[None])]
    name: str
    sentence: Annotated[str, Meta(examples=["25 orders in a month pay $150.00, 50 another $250.00"])]
    measure: _Measure
    period: _Period
    currency: Annotated[str, Meta(description="Of the amounts, and of revenue.")]
    starts_on: Annotated[date, Meta(examples=["2026-03-01"])]
    ends_on: Annotated[date | None, Meta(examples=[None])]
    ladder: _Ladder
    status: Annotated[Literal["planned", "running", "ended"], Meta(examples=["running"])]
    created_at: Moment


class NewBonus(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A bonus to be, for exactly one program, group or partner."""

    program_id: UUID | None = None
    group_id: UUID | None = None
    partner_id: UUID | None = None
    name: _Name
    measure: _Measure
    period: _Period
    currency: Currency
    ladder: _Ladder
    starts_on: Annotated[_Starts, Meta(description="The first day that counts; today, when left out.")] | None = None
    ends_on: _Ends | None = None

    def owner(self, request: TenantRequest) -> dict[str, Program | Group | Partner]:
        """The row that the id names, as the verb takes it."""
        rows: dict[str, Any] = {
            "program": request.merchant.programs.all(),
            "group": request.merchant.groups.all(),
            "partner": request.merchant.partners.all(),
        }
        given = {level: getattr(self, f"{level}_id") for level in rows}
        return {level: named(rows[level], key, f"{level}_id") for level, key in given.items() if key is not None}


class BonusChanges(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change. Once it has begun, the name alone."""

    name: _Name | UnsetType = UNSET
    measure: _Measure | UnsetType = UNSET
    period: _Period | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    ladder: _Ladder | UnsetType = UNSET
    starts_on: _Starts | UnsetType = UNSET
    ends_on: _Ends | UnsetType | None = UNSET


class BonusQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which bonuses, and which page of them."""

    program_id: UUID | None = None
    group_id: UUID | None = None
    partner_id: UUID | None = None
    status: Annotated[Literal["planned", "running", "ended"], Meta(description="Only those.")] | None = None


class TargetProgress(msgspec.Struct, kw_only=True):
    """A target of a bonus, as the partner stands to it."""

    target: Annotated[int, Meta(examples=[25])]
    amount: Annotated[int, Meta(examples=[15000])]
    is_reached: Annotated[bool, Meta(examples=[False])]
    commission_id: Annotated[
        UUID | None, Meta(description="What was given for it and is still the partner's.", examples=[None])
    ]


class ProgressAnswer(msgspec.Struct, kw_only=True):
    """How far the partner is in the running period of a bonus."""

    bonus_id: Annotated[UUID, Meta(examples=[IDS["bonus"]])]
    name: Annotated[str, Meta(examples=["Autumn"])]
    measure: Annotated[str, one_of(Measure)]
    currency: str
    first_day: Annotated[date, Meta(description="Of the period.", examples=["2026-03-01"])]
    last_day: Annotated[date, Meta(examples=["2026-03-31"])]
    days_left: Annotated[int, Meta(description="Today included.", examples=[9])]
    reached: Annotated[int, Meta(description="Orders, leads, or minor units of revenue.", examples=[22])]
    targets: list[TargetProgress]


class PartnerProgress(msgspec.Struct, kw_only=True):
    """The bonuses that count for a partner today. They are few: not a list in pages."""

    data: list[ProgressAnswer]


_REFUSALS = (
    "bonus_overlaps", "starts_in_the_past", "ends_on_needed", "range_backwards", "ladder_size", "ladder_not_ascending",
    "target_zero", "amount_zero", "unknown_currency", "invalid_time", "out_of_range", "required",
)  # fmt: skip


class Bonuses(TenantView):
    """The bonuses of the account."""

    scope = {"GET": Scope.READ, "POST": Scope.WRITE}

    @documented("List bonuses", query=BonusQuery, answer=Page[BonusAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of bonuses, newest first."""
        query = parse_query(request, BonusQuery)
        today = plans.today_of()
        rows: QuerySet[Bonus] = request.merchant.bonuses.all()
        if query.status is not None:
            rows = getattr(request.merchant.bonuses, query.status)(today)
        conditions = {name: getattr(query, name) for name in ("program_id", "group_id", "partner_id")}
        return answered(page(filtered(rows, conditions), query, lambda bonus: bonus_shown(bonus, today)))

    @documented(
        "Create a bonus",
        body=NewBonus,
        answer=BonusAnswer,
        status=201,
        example={
            "partner_id": IDS["partner"],
            "name": "Autumn",
            "measure": "orders",
            "period": "month",
            "currency": "USD",
            "ladder": [{"target": 25, "amount": 15000}, {"target": 50, "amount": 25000}],
        },
        refusals=(*_REFUSALS, "one_owner", "not_found"),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Make a bonus. It begins today or later, and never reaches back; what partners did earlier today counts."""
        body = bodies.parse(request.content, NewBonus)
        owner: dict[str, Any] = body.owner(request)
        bonus = plans.create_bonus(
            **owner,
            name=body.name,
            measure=body.measure,
            period=body.period,
            currency=body.currency,
            ladder=_rungs(body.ladder),
            starts_on=body.starts_on,
            ends_on=body.ends_on,
            actor=request.actor,
        )
        return created(bonus_shown(bonus, plans.today_of()), f"/api/v1/bonuses/{bonus.id}")


class BonusDetail(TenantView):
    """One bonus."""

    scope = {"GET": Scope.READ, "PATCH": Scope.WRITE, "DELETE": Scope.WRITE}

    @documented("Get a bonus", answer=BonusAnswer)
    def get(self, request: TenantRequest, bonus_id: UUID) -> HttpResponse:
        """A bonus with its targets."""
        return answered(bonus_shown(request.merchant.bonuses.get(id=bonus_id), plans.today_of()))

    @documented(
        "Change a bonus",
        body=BonusChanges,
        answer=BonusAnswer,
        example={"name": "Autumn and winter"},
        refusals=(*_REFUSALS, "bonus_has_begun"),
    )
    def patch(self, request: TenantRequest, bonus_id: UUID) -> HttpResponse:
        """Change what you send and leave the rest. Once it has begun, only the name can change."""
        bonus = request.merchant.bonuses.select_related("program", "group", "partner").get(id=bonus_id)
        changes = changes_of(bodies.parse(request.content, BonusChanges))
        if "ladder" in changes:
            changes["ladder"] = _rungs(changes["ladder"])
        plans.update_bonus(bonus, changes=changes, actor=request.actor)
        return answered(bonus_shown(bonus, plans.today_of()))

    @documented("Delete a bonus", answer=BonusAnswer, refusals=("bonus_has_begun",))
    def delete(self, request: TenantRequest, bonus_id: UUID) -> HttpResponse:
        """Take away a bonus that has not begun. Answers it as it was."""
        bonus = request.merchant.bonuses.get(id=bonus_id)
        was = bonus_shown(bonus, plans.today_of())
        plans.delete_bonus(bonus, actor=request.actor)
        return answered(was)


class BonusEnd(TenantView):
    """The end of a bonus."""

    scope = {"POST": Scope.WRITE}

    @documented("End a bonus", answer=BonusAnswer, refusals=("bonus_not_begun",))
    def post(self, request: TenantRequest, bonus_id: UUID) -> HttpResponse:
        """Let today be its last day, which still counts. What was reached stays; one that has ended stays as it is."""
        bonus = request.merchant.bonuses.get(id=bonus_id)
        plans.end_bonus(bonus, actor=request.actor)
        return answered(bonus_shown(bonus, plans.today_of()))


class PartnerBonuses(TenantView):
    """How far a partner is."""

    scope = {"GET": Scope.READ}

    @documented("Get a partner's progress", answer=PartnerProgress)
    def get(self, request: TenantRequest, partner_id: UUID) -> HttpResponse:
        """The bonuses that count for the partner today, each with the running period and its targets."""
        partner = request.merchant.partners.get(id=partner_id)
        found = with_given(partner, standings_of(partner, plans.today_of()))
        return answered(PartnerProgress(data=[_progress_shown(each) for each in found]))


def bonus_shown(bonus: Bonus, today: date) -> BonusAnswer:
    """A bonus. Does not query."""
    return BonusAnswer(
        id=bonus.id,
        program_id=bonus.program_id,
        group_id=bonus.group_id,
        partner_id=bonus.partner_id,
        name=bonus.name,
        sentence=sentence(bonus),
        measure=bonus.measure,
        period=bonus.period,
        currency=bonus.currency,
        starts_on=bonus.starts_on,
        ends_on=bonus.ends_on,
        ladder=[Target(target=rung.target, amount=rung.amount) for rung in bonus.rungs],
        status=bonus.status(today),  # type: ignore[arg-type] # one of the three
        created_at=bonus.created_at,
    )


def _progress_shown(standing: Standing) -> ProgressAnswer:
    return ProgressAnswer(
        bonus_id=standing.bonus.id,
        name=standing.bonus.name,
        measure=standing.bonus.measure,
        currency=standing.bonus.currency,
        first_day=standing.span.first,
        last_day=standing.span.last,
        days_left=standing.days_left,
        reached=standing.reached,
        targets=[
            TargetProgress(
                target=rung.target,
                amount=rung.amount,
                is_reached=is_reached,
                commission_id=standing.given.get(rung.target),
            )
            for rung, is_reached in standing.steps
        ],
    )


def _rungs(targets: list[Target]) -> list[Rung]:
    return [Rung(target.target, target.amount) for target in targets]
