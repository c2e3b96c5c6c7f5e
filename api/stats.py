"""Figures by day, from the rollups."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.utils import timezone
from msgspec import Meta

from api.base import TenantRequest, TenantView, answered
from api.choices import named
from api.operations import documented
from api.pages import filtered, parse_query
from merchants.errors import DomainError
from merchants.roles import Scope
from stats.models import MerchantDay, PartnerDay

_DEFAULT_DAYS = 30
_MOST_DAYS = 366


class DayAnswer(msgspec.Struct, kw_only=True):
    """One day in one currency; amounts are its minor units. Clicks and leads stand in the row without a currency."""

    day: date
    currency: Annotated[str | None, Meta(examples=["USD"])]
    clicks: Annotated[int, Meta(examples=[0])]
    unique_clicks: Annotated[int, Meta(examples=[0])]
    leads: Annotated[int, Meta(examples=[0])]
    orders: Annotated[int, Meta(description="That partners brought.", examples=[12])]
    revenue: Annotated[int, Meta(description="That partners brought.", examples=[124000])]
    refunded: Annotated[int, Meta(examples=[0])]
    earned: Annotated[int, Meta(description="Commissions, less what was reversed.", examples=[12400])]
    direct_orders: Annotated[int, Meta(description="Without a partner.", examples=[30])]
    direct_revenue: Annotated[int, Meta(examples=[310000])]
    direct_refunded: Annotated[int, Meta(examples=[0])]


class DaysAnswer(msgspec.Struct, kw_only=True):
    """Days with something on them, oldest first."""

    time_zone: Annotated[str, Meta(description="Whose days these are.")]
    data: list[DayAnswer]


class DaysQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which days, and whose."""

    day_from: Annotated[date, Meta(description="30 days before `day_to`, when left out.")] | None = None
    day_to: Annotated[date, Meta(description="Included; today, when left out.")] | None = None
    currency: Annotated[str, Meta(max_length=3)] | None = None
    partner_id: UUID | None = None


class Days(TenantView):
    """The account's or a partner's days."""

    scope = {"GET": Scope.READ}

    @documented("List days", query=DaysQuery, answer=DaysAnswer, refusals=("out_of_range", "not_found"))
    def get(self, request: TenantRequest) -> HttpResponse:
        """Figures by day, of the account or of one partner, for at most a year."""
        query = parse_query(request, DaysQuery)
        first, last = _period(query)
        conditions = {"day__gte": first, "day__lte": last, "currency": query.currency}
        merchant = request.merchant
        rows: list[MerchantDay] | list[PartnerDay]
        if query.partner_id is None:
            rows = list(filtered(merchant.merchant_days.order_by("day", "currency"), conditions))
        else:
            partner = named(merchant.partners.all(), query.partner_id, "partner_id")
            of_partner = merchant.partner_days.filter(partner_id=partner.id)
            rows = list(filtered(of_partner.order_by("day", "currency"), conditions))
        return answered(DaysAnswer(time_zone=merchant.time_zone, data=[_day_shown(row) for row in rows]))


def _period(query: DaysQuery) -> tuple[date, date]:
    last = query.day_to or timezone.now().date() + timedelta(days=1)
    first = query.day_from or max(last, date(1, 2, 1)) - timedelta(days=_DEFAULT_DAYS)
    if not 0 <= (last - first).days <= _MOST_DAYS:
        raise DomainError(
            f"Ask for at most {_MOST_DAYS} days, from the earlier to the later.", code="out_of_range", field="day_from"
        )
    return first, last


def _day_shown(row: MerchantDay | PartnerDay) -> DayAnswer:
    return DayAnswer(
        day=row.day,
        currency=row.currency or None,
        clicks=row.clicks,
        unique_clicks=row.unique_clicks,
        leads=row.leads,
        orders=row.orders,
        revenue=row.revenue,
        refunded=row.refunded,
        earned=row.earned,
        direct_orders=getattr(row, "direct_orders", 0),
        direct_revenue=getattr(row, "direct_revenue", 0),
        direct_refunded=getattr(row, "direct_refunded", 0),
    )
