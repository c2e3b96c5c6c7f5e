"""Figures by day, from the rollups."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from api.base import TenantRequest, TenantView, answered
from api.choices import named
from api.operations import documented
from api.pages import parse_query
from merchants import inputs
from merchants.errors import DomainError
from merchants.roles import Scope
from stats import reading

_DEFAULT_DAYS = 30
_MOST_DAYS = 366


class DayAnswer(msgspec.Struct, kw_only=True):
    """One day. Amounts are minor units of the answer's currency; clicks and leads have none."""

    day: date
    clicks: Annotated[int, Meta(examples=[310])]
    unique_clicks: Annotated[int, Meta(examples=[254])]
    leads: Annotated[int, Meta(examples=[9])]
    orders: Annotated[int, Meta(description="That partners brought.", examples=[12])]
    revenue: Annotated[int, Meta(description="That partners brought.", examples=[124000])]
    refunded: Annotated[int, Meta(examples=[0])]
    earned: Annotated[int, Meta(description="Commissions, less what was reversed.", examples=[12400])]
    direct_orders: Annotated[int, Meta(description="Without a partner.", examples=[30])]
    direct_revenue: Annotated[int, Meta(examples=[310000])]
    direct_refunded: Annotated[int, Meta(examples=[0])]


_FIGURES = [name for name in DayAnswer.__struct_fields__ if name != "day"]


class DaysAnswer(msgspec.Struct, kw_only=True):
    """Every day of the period, oldest first."""

    time_zone: Annotated[str, Meta(description="Whose days these are.")]
    currency: str
    data: list[DayAnswer]


class DaysQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which days, and whose."""

    day_from: Annotated[date, Meta(description="29 days before `day_to`, when left out.")] | None = None
    day_to: Annotated[date, Meta(description="Included; today, when left out.")] | None = None
    currency: Annotated[str, Meta(max_length=3, description="The account's, when left out.")] | None = None
    partner_id: Annotated[UUID, Meta(description="One partner's days instead of the account's.")] | None = None


class Days(TenantView):
    """The account's or a partner's days."""

    scope = {"GET": Scope.READ}

    @documented(
        "List days", query=DaysQuery, answer=DaysAnswer, refusals=("out_of_range", "unknown_currency", "not_found")
    )
    def get(self, request: TenantRequest) -> HttpResponse:
        """Figures by day in one currency, of the account or of one partner, for at most a year."""
        query = parse_query(request, DaysQuery)
        merchant = request.merchant
        merchant.refresh_from_db(fields=["currency", "time_zone"])
        first, last = _period(query, merchant.time_zone)
        currency = inputs.currency(query.currency or merchant.currency)
        if query.partner_id is None:
            days = reading.merchant_days(first, last, currency)
        else:
            partner = named(merchant.partners.all(), query.partner_id, "partner_id")
            days = reading.partner_days(partner.id, first, last, currency)
        shown = [DayAnswer(day=day.day, **{name: getattr(day.figures, name) for name in _FIGURES}) for day in days]
        return answered(DaysAnswer(time_zone=merchant.time_zone, currency=currency, data=shown))


def _period(query: DaysQuery, time_zone: str) -> tuple[date, date]:
    last = query.day_to or datetime.now(ZoneInfo(time_zone)).date()
    first = query.day_from or date.fromordinal(max(last.toordinal() - _DEFAULT_DAYS + 1, 1))
    if not 0 <= (last - first).days < _MOST_DAYS:
        raise DomainError(
            f"Ask for at most {_MOST_DAYS} days, from the earlier to the later.", code="out_of_range", field="day_from"
        )
    return first, last
