"""Coupons: codes that stand for a partner."""

from typing import Annotated
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import UNSET, Meta, UnsetType

from affiliates import coupons
from affiliates.models import Coupon
from api import bodies
from api.base import TenantRequest, TenantView, answered, created
from api.choices import Moment, changes_of, named
from api.examples import IDS
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from merchants.roles import Scope

_Ends = Annotated[Moment, Meta(description="The first moment at which it no longer works. RFC 3339 with an offset.")]
_MaxUses = Annotated[int, Meta(ge=1, le=2_000_000_000, description="How many orders may use it.", examples=[500])]


class CouponAnswer(msgspec.Struct, kw_only=True):
    """A coupon code."""

    id: UUID
    partner_id: UUID
    code: str
    is_active: bool
    starts_at: Moment | None
    ends_at: _Ends | None
    max_uses: _MaxUses | None
    uses: Annotated[int, Meta(description="Counted while `max_uses` is set.", examples=[41])]
    created_at: Moment


class NewCoupon(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A coupon to be."""

    partner_id: UUID
    code: Annotated[
        str, Meta(min_length=1, max_length=64, description="Letters, digits, dots, - and _; unique whatever the case.")
    ]
    is_active: bool = True
    starts_at: Moment | None = None
    ends_at: _Ends | None = None
    max_uses: _MaxUses | None = None


class CouponChanges(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change; fields left out stay as they are. The code stays: it is printed somewhere."""

    is_active: bool | UnsetType = UNSET
    starts_at: Moment | UnsetType | None = UNSET
    ends_at: _Ends | UnsetType | None = UNSET
    max_uses: _MaxUses | UnsetType | None = UNSET


class CouponQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which coupons, and which page of them."""

    partner_id: UUID | None = None
    code: Annotated[str, Meta(max_length=64, description="Whatever the case.")] | None = None
    is_active: bool | None = None


class Coupons(TenantView):
    """The coupons of the account."""

    scope = {"GET": Scope.READ, "POST": Scope.WRITE}

    @documented("List coupons", query=CouponQuery, answer=Page[CouponAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of coupons, newest first."""
        query = parse_query(request, CouponQuery)
        key = query.code and query.code.upper()
        conditions = {"partner_id": query.partner_id, "key": key, "is_active": query.is_active}
        return answered(page(filtered(request.merchant.coupons.all(), conditions), query, coupon_shown))

    @documented(
        "Create a coupon",
        body=NewCoupon,
        answer=CouponAnswer,
        status=201,
        example={"partner_id": IDS["partner"], "code": "ANNA20", "max_uses": 500},
        refusals=("coupon_taken", "coupon_code_invalid", "ends_before_start", "invalid_time", "not_found"),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Give a partner a code."""
        body = bodies.parse(request.content, NewCoupon)
        coupon = coupons.create_coupon(
            partner=named(request.merchant.partners.all(), body.partner_id, "partner_id"),
            code=body.code,
            is_active=body.is_active,
            starts_at=body.starts_at,
            ends_at=body.ends_at,
            max_uses=body.max_uses,
            actor=request.actor,
        )
        return created(coupon_shown(coupon), f"/api/v1/coupons/{coupon.id}")


class CouponDetail(TenantView):
    """One coupon."""

    scope = {"GET": Scope.READ, "PATCH": Scope.WRITE}

    @documented("Get a coupon", answer=CouponAnswer)
    def get(self, request: TenantRequest, coupon_id: UUID) -> HttpResponse:
        """One coupon by id."""
        return answered(coupon_shown(request.merchant.coupons.get(id=coupon_id)))

    @documented(
        "Update a coupon",
        body=CouponChanges,
        answer=CouponAnswer,
        example={"is_active": False},
        refusals=("ends_before_start", "limit_below_uses", "invalid_time"),
    )
    def patch(self, request: TenantRequest, coupon_id: UUID) -> HttpResponse:
        """Switch a coupon on or off, date it, limit it."""
        coupon = request.merchant.coupons.get(id=coupon_id)
        changes = changes_of(bodies.parse(request.content, CouponChanges))
        return answered(coupon_shown(coupons.update_coupon(coupon, changes=changes, actor=request.actor)))


def coupon_shown(coupon: Coupon) -> CouponAnswer:
    """A coupon. Does not query."""
    return CouponAnswer(
        id=coupon.id,
        partner_id=coupon.partner_id,
        code=coupon.code,
        is_active=coupon.is_active,
        starts_at=coupon.starts_at,
        ends_at=coupon.ends_at,
        max_uses=coupon.max_uses,
        uses=coupon.uses,
        created_at=coupon.created_at,
    )
