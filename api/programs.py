"""Programs, and the groups of partners in them."""

from typing import Annotated
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import UNSET, Meta, UnsetType

from affiliates import programs
from affiliates.models import AutoApproval, Group, Program
from api import bodies
from api.base import TenantRequest, TenantView, answered, created
from api.choices import Amount, Moment, Name, changes_of, named
from api.examples import IDS
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from merchants.roles import Scope

_Hold = Annotated[
    int, Meta(ge=0, le=3650, description="Days a commission stays pending; null is the account's.", examples=[14])
]
_Minimum = Annotated[
    Amount, Meta(description="From what amount on a payout is worth it; null is the account's.", examples=[5000])
]
_Landing = Annotated[
    str,
    Meta(max_length=10_000, description="Above the form of applications; empty is the program's.", examples=["Hello."]),
]
_Rule = Annotated[
    str,
    Meta(
        pattern=rf"^(?:{'|'.join(AutoApproval.values)}|)$(?!\\n)",
        description="Whose application is approved by itself; empty is the program's rule.",
        extra_json_schema={"enum": [*AutoApproval.values, ""]},
        examples=["domains"],
    ),
]
_Domains = Annotated[
    list[Annotated[str, Meta(max_length=253)]],
    Meta(max_length=500, description="For the rule `domains`.", examples=[["agency.example"]]),
]
_Countries = Annotated[
    list[Annotated[str, Meta(max_length=2)]],
    Meta(max_length=500, description="ISO 3166 alpha-2, for the rule `countries`.", examples=[["SE"]]),
]


class ProgramAnswer(msgspec.Struct, kw_only=True):
    """A program."""

    id: UUID
    name: Annotated[str, Meta(examples=["Affiliate program"])]
    is_default: Annotated[bool, Meta(description="Where partners go when no program is named.")]
    created_at: Moment


class NewProgram(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A program to be."""

    name: Name


class GroupAnswer(msgspec.Struct, kw_only=True):
    """A group of partners."""

    id: UUID
    program_id: UUID
    name: Annotated[str, Meta(examples=["Podcasters"])]
    hold_days: _Hold | None
    minimum_payout: _Minimum | None
    minimum_currency: Annotated[str, Meta(description="What it is in; empty without one.", examples=["USD"])]
    landing_text: str
    auto_approval: _Rule
    auto_approve_domains: _Domains
    auto_approve_countries: _Countries
    created_at: Moment


class NewGroup(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A group to be."""

    program_id: UUID
    name: Name
    hold_days: _Hold | None = None
    minimum_payout: _Minimum | None = None
    landing_text: _Landing = ""
    auto_approval: _Rule = ""
    auto_approve_domains: _Domains = []
    auto_approve_countries: _Countries = []


class GroupChanges(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change; fields left out stay as they are."""

    name: Name | UnsetType = UNSET
    hold_days: _Hold | UnsetType | None = UNSET
    minimum_payout: _Minimum | UnsetType | None = UNSET
    landing_text: _Landing | UnsetType = UNSET
    auto_approval: _Rule | UnsetType = UNSET
    auto_approve_domains: _Domains | UnsetType = UNSET
    auto_approve_countries: _Countries | UnsetType = UNSET


class GroupQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which groups, and which page of them."""

    program_id: UUID | None = None


class Programs(TenantView):
    """The programs of the account."""

    scope = {"GET": Scope.READ, "POST": Scope.WRITE}

    @documented("List programs", query=ListQuery, answer=Page[ProgramAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of programs, newest first."""
        return answered(page(request.merchant.programs.all(), parse_query(request, ListQuery), program_shown))

    @documented(
        "Create a program",
        body=NewProgram,
        answer=ProgramAnswer,
        status=201,
        example={"name": "Ambassadors"},
        refusals=("program_name_taken", "required"),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Make a program. The account's first is its default."""
        body = bodies.parse(request.content, NewProgram)
        program = programs.create_program(name=body.name, actor=request.actor)
        return created(program_shown(program), "/api/v1/programs")


class Groups(TenantView):
    """The groups of the account."""

    scope = {"GET": Scope.READ, "POST": Scope.WRITE}

    @documented("List groups", query=GroupQuery, answer=Page[GroupAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of groups, newest first."""
        query = parse_query(request, GroupQuery)
        groups = filtered(request.merchant.groups.all(), {"program_id": query.program_id})
        return answered(page(groups, query, group_shown))

    @documented(
        "Create a group",
        body=NewGroup,
        answer=GroupAnswer,
        status=201,
        example={"program_id": IDS["program"], "name": "Podcasters", "hold_days": 14, "minimum_payout": 5000},
        refusals=("group_name_taken", "required", "not_found", "rule_incomplete", "country_invalid"),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Make a group in a program. Its minimum payout is in the account's currency."""
        body = bodies.parse(request.content, NewGroup)
        program = named(request.merchant.programs.select_related("merchant"), body.program_id, "program_id")
        values = {name: getattr(body, name) for name in programs.GROUP_FIELDS}
        group = programs.create_group(program=program, **values, actor=request.actor)
        return created(group_shown(group), f"/api/v1/groups/{group.id}")


class GroupDetail(TenantView):
    """One group."""

    scope = {"GET": Scope.READ, "PATCH": Scope.WRITE, "DELETE": Scope.WRITE}

    @documented("Get a group", answer=GroupAnswer)
    def get(self, request: TenantRequest, group_id: UUID) -> HttpResponse:
        """One group by id."""
        return answered(group_shown(request.merchant.groups.get(id=group_id)))

    @documented(
        "Update a group",
        body=GroupChanges,
        answer=GroupAnswer,
        example={"name": "Podcasters and writers", "hold_days": 14},
        refusals=("group_name_taken", "required", "rule_incomplete", "country_invalid"),
    )
    def patch(self, request: TenantRequest, group_id: UUID) -> HttpResponse:
        """Change what you send and leave the rest. Commissions that exist keep their hold."""
        group = request.merchant.groups.get(id=group_id)
        changes = changes_of(bodies.parse(request.content, GroupChanges))
        return answered(group_shown(programs.update_group(group, changes=changes, actor=request.actor)))

    @documented("Delete a group", answer=GroupAnswer, refusals=("group_has_members",))
    def delete(self, request: TenantRequest, group_id: UUID) -> HttpResponse:
        """Take away a group that nobody is in. Answers it as it was.

        Commissions that its rewards made keep them.
        """
        group = request.merchant.groups.get(id=group_id)
        was = group_shown(group)
        programs.delete_group(group, actor=request.actor)
        return answered(was)


def program_shown(program: Program) -> ProgramAnswer:
    """A program. Does not query."""
    return ProgramAnswer(id=program.id, name=program.name, is_default=program.is_default, created_at=program.created_at)


def group_shown(group: Group) -> GroupAnswer:
    """A group. Does not query."""
    return GroupAnswer(
        id=group.id,
        program_id=group.program_id,
        name=group.name,
        hold_days=group.hold_days,
        minimum_payout=group.minimum_payout,
        minimum_currency=group.minimum_currency,
        landing_text=group.landing_text,
        auto_approval=group.auto_approval,
        auto_approve_domains=group.auto_approve_domains,
        auto_approve_countries=group.auto_approve_countries,
        created_at=group.created_at,
    )
