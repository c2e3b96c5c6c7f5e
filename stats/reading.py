"""What pages read: figures of the running tenant, from the rollups alone, so that no page sums raw rows.

Amounts are minor units of one currency. Clicks and leads have no currency and count in each. Periods are days of the
merchant's time zone, first and last included.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery, Sum

from merchants.models import Merchant
from merchants.tenancy import current
from stats import sources
from stats.models import CustomerTotal, MerchantDay, PartnerDay, PartnerTotal

_ZONE = "(SELECT time_zone FROM merchants_merchant WHERE id = %(merchant)s)"
_STANDING = sources.standing().replace("%(zone)s", _ZONE)
_STANDING_FROM_THE_SOURCE = sources.standing_from_the_source()


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened. `earned` is commissions less what was reversed, of which some are pending and some approved, as of
    now; direct means without a partner.
    """

    clicks: int = 0
    unique_clicks: int = 0
    leads: int = 0
    orders: int = 0
    revenue: int = 0
    refunded: int = 0
    earned: int = 0
    pending: int = 0
    approved: int = 0
    direct_orders: int = 0
    direct_revenue: int = 0
    direct_refunded: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """One day's figures."""

    day: date
    figures: Figures


@dataclass(frozen=True, slots=True)
class PartnerFigures:
    """One partner's figures."""

    partner_id: UUID
    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class CustomerFigures:
    """A customer's figures in one currency; `commission` is what partners earned with them."""

    currency: str
    orders: int
    referred_orders: int
    revenue: int
    refunded: int
    commission: int
    first_order_at: datetime
    last_order_at: datetime

    @property
    def direct_orders(self) -> int:
        """Orders without a partner."""
        return self.orders - self.referred_orders

    @property
    def average(self) -> int:
        """Of an order."""
        return round(self.revenue / self.orders) if self.orders else 0


def percent_change(now: int, before: int) -> Decimal | None:
    """By how many percent `now` is more than `before`, to one decimal; None when there was nothing before."""
    return (Decimal(100 * (now - before)) / abs(before)).quantize(Decimal("0.1")) if before else None


_ALL = tuple(field.name for field in fields(Figures))
_OF_PARTNER = tuple(name for name in _ALL if not name.startswith("direct_"))


def merchant_days(start: date, end: date, currency: str) -> list[Day]:
    """Every day of the period, those without anything too."""
    return _every_day(start, end, _by("day", _of_merchant(start, end, currency), _ALL))


def partner_days(partner_id: UUID, start: date, end: date, currency: str) -> list[Day]:
    """Every day of the period for one partner."""
    rows = _of_partners(start, end, currency).filter(partner_id=partner_id)
    return _every_day(start, end, _by("day", rows, _OF_PARTNER))


def shared_by_currency(partner_id: UUID, start: date, end: date) -> dict[str, int]:
    """What a recruiter earned in the days from `start` to `end` on what their recruits earned; minor units."""
    rows = Merchant(id=current()).partner_days.filter(partner_id=partner_id, day__gte=start, day__lte=end)
    sums = rows.exclude(currency="").values_list("currency").annotate(sum=Sum("shared")).order_by("-sum")
    return {currency: sum for currency, sum in sums if sum}


def statuses(start: date, end: date, currency: str) -> dict[str, int]:
    """What became of the commissions earned in the period, as of now: amounts and counts of `sources.OF_STATUS`,
    `pending` and `approved`.
    """
    names = ("pending", "approved", *sources.OF_STATUS)
    found = _of_merchant(start, end, currency).aggregate(**_sums(names))
    return {name: int(found[f"sum_{name}"] or 0) for name in names}


def currencies() -> list[str]:
    """In which currencies anything was ever sold, in alphabetical order."""
    rows = MerchantDay.objects.filter(merchant_id=current()).exclude(currency="")
    return list(rows.order_by("currency").values_list("currency", flat=True).distinct())


def best_partners(start: date, end: date, currency: str, limit: int, *, by: str = "revenue") -> list[PartnerFigures]:
    """Partners who brought orders in the period, those with the most revenue (or `by` another figure) first."""
    rows = _of_partners(start, end, currency).filter(partner_id__isnull=False)
    found = _by("partner_id", rows, _OF_PARTNER).filter(sum_orders__gt=0).order_by(f"-sum_{by}", "partner_id")
    name = Merchant(id=current()).partners.filter(id=OuterRef("partner_id")).values("name")
    named = found.annotate(name=Subquery(name))
    return [PartnerFigures(row["partner_id"], row["name"], _figures(row)) for row in named[:limit]]


def partner_totals(partner_ids: Collection[UUID], currency: str) -> dict[UUID, Figures]:
    """All time, for each of these partners."""
    rows = PartnerTotal.objects.filter(merchant_id=current(), partner_id__in=partner_ids, currency__in=[currency, ""])
    totals = {row["partner_id"]: _figures(row) for row in _by("partner_id", rows, _OF_PARTNER)}
    return {partner_id: totals.get(partner_id, Figures()) for partner_id in partner_ids}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a partner earned in one currency and what became of it; minor units.

    `earned` is all commissions less what was reversed; of it `pending` is on hold and `approved` may be paid.
    """

    partner_id: UUID
    currency: str
    earned: int
    pending: int
    approved: int
    reserved: int
    """In payouts that are on their way."""
    paid: int
    """In payouts that arrived and were not reversed."""

    @property
    def balance(self) -> int:
        """What the books hold for the partner, without adding up its entries; `verify` proves that the two are one."""
        return self.earned - self.reserved - self.paid


def standing(partner_ids: Collection[UUID]) -> list[Standing]:
    """How these partners stand at this moment, by currency; unlike the other figures never behind.

    After a change of the merchant's time zone, until the days are cut anew, it takes as long as the history is.
    """
    if not partner_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, {"partners": list(partner_ids), "merchant": current()})
        rows = cursor.fetchall()
        if any(is_cut_anew for *_, is_cut_anew in rows):
            cursor.execute(_STANDING_FROM_THE_SOURCE, {"partners": list(partner_ids)})
            rows = [(*row, False) for row in cursor.fetchall()]
    return [Standing(*row) for *row, _ in rows]


def customer_totals(customer_id: UUID) -> list[CustomerFigures]:
    """All time, a row for each currency the customer has bought in. `rollup.refresh_customer` first, for one page."""
    names = [field.name for field in fields(CustomerFigures)]
    rows = CustomerTotal.objects.filter(merchant_id=current(), customer_id=customer_id, orders__gt=0).order_by(
        "currency"
    )
    return [CustomerFigures(**row) for row in rows.values(*names)]


def _of_merchant(start: date, end: date, currency: str) -> QuerySet[MerchantDay]:
    return MerchantDay.objects.filter(merchant_id=current(), day__range=(start, end), currency__in=[currency, ""])


def _of_partners(start: date, end: date, currency: str) -> QuerySet[PartnerDay]:
    return PartnerDay.objects.filter(merchant_id=current(), day__range=(start, end), currency__in=[currency, ""])


def _by(key: str, rows: Any, names: Iterable[str]) -> Any:
    """A query of one dict for each value of `key`; the row in the currency and the one without are added up."""
    return rows.values(key).annotate(**_sums(names))


def _sums(names: Iterable[str]) -> dict[str, Sum]:
    return {f"sum_{name}": Sum(name) for name in names}


def _figures(row: Mapping[str, Any]) -> Figures:
    """Sums over no rows at all come as None."""
    return Figures(**{name: int(row[f"sum_{name}"] or 0) for name in _ALL if f"sum_{name}" in row})


def _every_day(start: date, end: date, rows: Iterable[Mapping[str, Any]]) -> list[Day]:
    found = {row["day"]: _figures(row) for row in rows}
    days = (start + timedelta(days=n) for n in range((end - start).days + 1))
    return [Day(day, found.get(day, Figures())) for day in days]
