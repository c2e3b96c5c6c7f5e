"""Partners: made, found, edited, let in and shut out."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from msgspec import UNSET, Meta, UnsetType

from affiliates import partners
from affiliates.models import Partner, PartnerStatus
from affiliates.search import found_by
from api import bodies
from api.base import TenantRequest, TenantView, answered, created
from api.choices import Moment, Name, Text, changes_of, named, one_of
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from merchants.roles import Scope
from tracking.erasure import erase_partner

_SEARCH = (
    "Words of the name, the e-mail or a coupon's code, or their starts: in any order, whatever case and accents; all of"
    " them must be there. Finds no more than 1,000 partners."
)
_Tags = Annotated[list[Annotated[str, Meta(max_length=50)]], Meta(max_length=50, examples=[["podcast"]])]


class PartnerAnswer(msgspec.Struct, kw_only=True):
    """A partner."""

    id: UUID
    name: str
    email: str
    status: Annotated[str, one_of(PartnerStatus, "Only an approved partner earns.")]
    status_changed_at: Moment
    program_id: UUID
    group_id: UUID | None
    recruiter_id: Annotated[
        UUID | None, Meta(description="Who recruited them, and may earn on what they earn.", examples=[None])
    ]
    recruited_at: Annotated[Moment | None, Meta(examples=[None])]
    portal_code: Annotated[
        str, Meta(description="The last part of the partner's portal address; no secret.", examples=["k4mzt7w2xq9c"])
    ]
    notes: str
    tags: list[str]
    metadata: dict[str, Any]
    created_at: Moment
    erased_at: Annotated[Moment | None, Meta(description="Since when nobody knows any more who it was.")]


class NewPartner(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A partner to be."""

    name: Name
    email: Annotated[str, Meta(max_length=320, description="Unique in your account, whatever the case.")]
    status: Annotated[
        Literal["approved", "applied"],
        Meta(description="`applied` waits for an approval and earns nothing until then."),
    ] = "approved"
    program_id: Annotated[UUID, Meta(description="Left out: the group's program, or the default one.")] | None = None
    group_id: UUID | None = None
    recruiter_id: Annotated[UUID, Meta(description="The partner who recruited them.")] | None = None
    recruited_at: (
        Annotated[Moment, Meta(description="Orders before that day are not shared; today, when left out.")] | None
    ) = None
    coupon_code: Annotated[str, Meta(max_length=64, description="Makes a coupon with this code as well.")] = ""
    notes: Text = ""
    tags: _Tags = []
    metadata: dict[str, Any] = {}


class PartnerChanges(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change; fields left out stay as they are."""

    name: Name | UnsetType = UNSET
    email: Annotated[str, Meta(max_length=320)] | UnsetType = UNSET
    group_id: Annotated[UUID | None, Meta(description="null takes the partner out of their group.")] | UnsetType = UNSET
    recruiter_id: (
        Annotated[UUID | None, Meta(description="Who recruited them, for what is earned from now on; null: nobody.")]
        | UnsetType
    ) = UNSET
    notes: Text | UnsetType = UNSET
    tags: _Tags | UnsetType = UNSET
    metadata: Annotated[dict[str, Any], Meta(description="Replaces the whole object.")] | UnsetType = UNSET


class PartnerQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which partners, and which page of them."""

    q: Annotated[str, Meta(max_length=200, description=_SEARCH)] = ""
    status: Annotated[str, one_of(PartnerStatus)] | None = None
    email: Annotated[str, Meta(max_length=320)] | None = None
    program_id: UUID | None = None
    group_id: UUID | None = None
    recruiter_id: Annotated[UUID, Meta(description="Only those whom this partner recruited.")] | None = None
    created_from: Moment | None = None
    created_before: Moment | None = None

    def of(self, rows: "QuerySet[Partner]") -> "QuerySet[Partner]":
        """`rows` narrowed to what is asked for."""
        if self.q:
            rows = rows.filter(found_by(self.q))
        return filtered(
            rows,
            {
                "status": self.status,
                "email": self.email and self.email.lower(),
                "program_id": self.program_id,
                "group_id": self.group_id,
                "recruiter_id": self.recruiter_id,
                "created_at__gte": self.created_from,
                "created_at__lt": self.created_before,
            },
        )


class Partners(TenantView):
    """The partners of the account."""

    scope = {"GET": Scope.READ, "POST": Scope.WRITE}

    @documented("List partners", query=PartnerQuery, answer=Page[PartnerAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of partners, newest first."""
        query = parse_query(request, PartnerQuery)
        return answered(page(query.of(request.merchant.partners.all()), query, partner_shown))

    @documented(
        "Create a partner",
        body=NewPartner,
        answer=PartnerAnswer,
        status=201,
        example={"name": "Anna Lindgren", "email": "anna@example.com", "coupon_code": "ANNA10", "tags": ["podcast"]},
        refusals=(
            "partner_email_taken",
            "coupon_taken",
            "coupon_code_invalid",
            "group_of_other_program",
            "email_invalid",
            "required",
            "not_found",
        ),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Make a partner, with a portal address, a link named after them and, if you give a code, a coupon."""
        body = bodies.parse(request.content, NewPartner)
        merchant = request.merchant
        partner = partners.create_partner(
            name=body.name,
            email=body.email,
            status=body.status,
            program=named(merchant.programs.all(), body.program_id, "program_id") if body.program_id else None,
            group=named(merchant.groups.all(), body.group_id, "group_id") if body.group_id else None,
            recruiter=named(merchant.partners.all(), body.recruiter_id, "recruiter_id") if body.recruiter_id else None,
            recruited_at=body.recruited_at,
            coupon_code=body.coupon_code,
            notes=body.notes,
            tags=body.tags,
            metadata=body.metadata,
            actor=request.actor,
        )
        return created(partner_shown(partner), f"/api/v1/partners/{partner.id}")


class PartnerDetail(TenantView):
    """One partner."""

    scope = {"GET": Scope.READ, "PATCH": Scope.WRITE}

    @documented("Get a partner", answer=PartnerAnswer)
    def get(self, request: TenantRequest, partner_id: UUID) -> HttpResponse:
        """One partner by id."""
        return answered(partner_shown(request.merchant.partners.get(id=partner_id)))

    @documented(
        "Update a partner",
        body=PartnerChanges,
        answer=PartnerAnswer,
        example={"notes": "Prefers to be paid in spring.", "tags": ["podcast", "vip"]},
        refusals=("partner_email_taken", "group_of_other_program", "recruiter_circle", "email_invalid", "required"),
    )
    def patch(self, request: TenantRequest, partner_id: UUID) -> HttpResponse:
        """Change what you send and leave the rest. The status has addresses of its own."""
        partner = request.merchant.partners.get(id=partner_id)
        changes = changes_of(bodies.parse(request.content, PartnerChanges))
        if "group_id" in changes:
            group_id = changes.pop("group_id")
            changes["group"] = named(request.merchant.groups.all(), group_id, "group_id") if group_id else None
        if "recruiter_id" in changes:
            id = changes.pop("recruiter_id")
            changes["recruiter"] = named(request.merchant.partners.all(), id, "recruiter_id") if id else None
        return answered(partner_shown(partners.update_partner(partner, changes=changes, actor=request.actor)))


class Approval(TenantView):
    """A partner's approval."""

    scope = {"POST": Scope.WRITE}

    @documented("Approve a partner", answer=PartnerAnswer, refusals=("partner_status",))
    def post(self, request: TenantRequest, partner_id: UUID) -> HttpResponse:
        """Let an applied, rejected or suspended partner earn, from now on."""
        partner = request.merchant.partners.get(id=partner_id)
        return answered(partner_shown(partners.approve(partner, actor=request.actor)))


class Rejection(TenantView):
    """The rejection of a partner's application."""

    scope = {"POST": Scope.WRITE}

    @documented("Reject a partner", answer=PartnerAnswer, refusals=("partner_status",))
    def post(self, request: TenantRequest, partner_id: UUID) -> HttpResponse:
        """Turn an application down."""
        partner = request.merchant.partners.get(id=partner_id)
        return answered(partner_shown(partners.reject(partner, actor=request.actor)))


class Suspension(TenantView):
    """A partner's suspension."""

    scope = {"POST": Scope.WRITE}

    @documented("Suspend a partner", answer=PartnerAnswer, refusals=("partner_status",))
    def post(self, request: TenantRequest, partner_id: UUID) -> HttpResponse:
        """Stop an approved partner from earning. What they have earned stays theirs."""
        partner = request.merchant.partners.get(id=partner_id)
        return answered(partner_shown(partners.suspend(partner, actor=request.actor)))


class Erasure(TenantView):
    """The erasure of a partner."""

    scope = {"POST": Scope.WRITE}

    @documented("Erase a partner", answer=PartnerAnswer, refusals=("partner_has_open_money",))
    def post(self, request: TenantRequest, partner_id: UUID) -> HttpResponse:
        """Forget who they are, for good: name, e-mail, notes, applications, links and coupons. The books keep the id.

        Refused while anything is on hold, unpaid, on its way or owed. Codes become codes that say nothing, and are
        free again. What orders, reasons and the audit log say about them is gone through in the background. Erasing
        again changes nothing.
        """
        partner = request.merchant.partners.select_related("merchant", "group").get(id=partner_id)
        erase_partner(partner, actor=request.actor)
        return answered(partner_shown(partner))


def partner_shown(partner: Partner) -> PartnerAnswer:
    """A partner. Does not query."""
    return PartnerAnswer(
        id=partner.id,
        name=partner.name,
        email=partner.email,
        status=partner.status,
        status_changed_at=partner.status_changed_at,
        program_id=partner.program_id,
        group_id=partner.group_id,
        recruiter_id=partner.recruiter_id,
        recruited_at=partner.recruited_at,
        portal_code=partner.portal_code,
        notes=partner.notes,
        tags=partner.tags,
        metadata=partner.metadata,
        created_at=partner.created_at,
        erased_at=partner.erased_at,
    )
