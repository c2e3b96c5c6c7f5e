"""Programs, and the groups of partners in them."""

from typing import Annotated
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import UNSET, Meta, UnsetType

from affiliates import programs
from affiliates.models import Group, Program
from api import bodies
from api.base import TenantRequest, TenantView, answered, created
from api.choices import Moment, Name, changes_of, named
from api.examples import IDS
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from merchants.roles import Scope

_Hold = Annotated[
    int, Meta(ge=0, le=3650, description="Days a commission stays pending; null is the account's.", examples=[14])
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
    created_at: Moment


class NewGroup(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A group to be."""

    program_id: UUID
    name: Name
    hold_days: _Hold | None = None


class GroupChanges(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change; fields left out stay as they are."""

    name: Name | UnsetType = UNSET
    hold_days: _Hold | UnsetType | None = UNSET


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
        example={"program_id": IDS["program"], "name": "Podcasters", "hold_days": 14},
        refusals=("group_name_taken", "required", "not_found"),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Make a group in a program."""
        body = bodies.parse(request.content, NewGroup)
        program = named(request.merchant.programs.all(), body.program_id, "program_id")
        group = programs.create_group(program=program, name=body.name, hold_days=body.hold_days, actor=request.actor)
        return created(group_shown(group), f"/api/v1/groups/{group.id}")


class GroupDetail(TenantView):
    """One group."""

    scope = {"GET": Scope.READ, "PATCH": Scope.WRITE}

    @documented("Get a group", answer=GroupAnswer)
    def get(self, request: TenantRequest, group_id: UUID) -> HttpResponse:
        """One group by id."""
        return answered(group_shown(request.merchant.groups.get(id=group_id)))

    @documented(
        "Update a group",
        body=GroupChanges,
        answer=GroupAnswer,
        example={"name": "Podcasters and writers", "hold_days": 14},
        refusals=("group_name_taken", "required"),
    )
    def patch(self, request: TenantRequest, group_id: UUID) -> HttpResponse:
        """Rename a group or change its hold. Commissions that exist keep theirs."""
        group = request.merchant.groups.get(id=group_id)
        changes = changes_of(bodies.parse(request.content, GroupChanges))
        return answered(group_shown(programs.update_group(group, changes=changes, actor=request.actor)))


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
        created_at=group.created_at,
    )
