"""The overview (SPEC A1): how the program does over any period, and what waits for somebody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Sum
from django.http import HttpResponseBase

from backoffice.door import StaffRequest, page, staff_page
from merchants.models import Merchant
from merchants.money import to_decimal
from merchants.roles import Permission
from pages.csv import csv_answer
from pages.periods import PRESETS, Period, first_of, period_of
from stats.reading import Day, best_partners, currencies, merchant_days, percent_change, statuses

_BEST = 6
_RECENT = 8
_TODO_SECONDS = 30
#: Longer than this a chart of days says less than one of weeks.
_MOST_DAYS = 120

_INTERVALS = {"day": "Day", "week": "Week", "month": "Month"}
_KPIS = (("revenue", "Revenue"), ("earned", "Commissions"), ("orders", "Conversions"), ("payouts", "Payouts"))
#: The shares of the status card: title, figures that are added up, how many, colour.
_SHARES = (
    ("Paid", ("paid",), "paid_count", "c-green"),
    ("Unpaid", ("approved", "in_payout"), "unpaid_count", "c-amber"),
    ("On hold", ("pending",), "pending_count", "c-blue"),
    ("Reversed or rejected", ("taken_back",), "taken_back_count", "c-gray"),
)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A day, week or month of the chart, beside the one as far back as the period is long."""

    start: date
    now: dict[str, int]
    before: dict[str, int]


@staff_page(Permission.VIEW)
def overview(request: StaffRequest) -> HttpResponseBase:
    """The page. Amounts of one currency; the others are a click away."""
    merchant, period = request.merchant, period_of(request.GET)
    known = currencies()
    currency = request.GET.get("currency", "")
    if currency not in known:
        currency = merchant.currency
    interval = request.GET.get("interval", "")
    if interval not in _INTERVALS:
        interval = "day" if period.days <= _MOST_DAYS else "week"
    both = _figures(merchant, Period(period.start - timedelta(days=period.days), period.end), currency)
    before, now = both[: period.days], both[period.days :]
    top_by = "orders" if request.GET.get("top") == "orders" else "revenue"
    context = {
        "period": period,
        "presets": PRESETS,
        "currency": currency,
        "currencies": known if len(known) > 1 else [],
        "interval": interval,
        "intervals": _INTERVALS,
        "kpis": _kpis(now, before),
        "heads": _KPIS,
        "buckets": list(_buckets(period, interval, now, before)),
        "as_table": request.GET.get("view") == "table",
        "top_by": top_by,
        "top": _top(period, currency, top_by),
        "todo": _todo(merchant),
        "health": _health(now),
        "recent": merchant.commissions.listed()
        .select_related("order", "customer", "partner")
        .order_by("-occurred_at", "-id")[:_RECENT],
    }
    return page(request, "backoffice/overview.html", context)


@staff_page(Permission.VIEW)
def overview_statuses(request: StaffRequest) -> HttpResponseBase:
    """What became of the commissions earned in the period: a card that loads by itself."""
    period = period_of(request.GET)
    currency = request.GET.get("currency", "") or request.merchant.currency
    context = {"period": period, "currency": currency, **_statuses(period, currency)}
    return page(request, "backoffice/overview_statuses.html", {**context, "partials": {"statuses"}})


@staff_page(Permission.VIEW)
def overview_csv(request: StaffRequest) -> HttpResponseBase:
    """The period's days as a file; amounts are decimal numbers of the currency beside them."""
    merchant, period = request.merchant, period_of(request.GET)
    currency = request.GET.get("currency", "") or merchant.currency
    days = _figures(merchant, period, currency)
    columns = list(days[0][1])

    def shown(name: str, figure: int) -> int | Decimal:
        return figure if name in _COUNTS else to_decimal(figure, currency)

    rows = ([day, currency, *(shown(name, figures[name]) for name in columns)] for day, figures in days)
    return csv_answer(f"overview-{period.start}-{period.end}.csv", ["day", "currency", *columns], rows)


Figures = list[tuple[date, dict[str, int]]]

_AMOUNTS = ("revenue", "earned", "refunded", "direct_revenue")
_COUNTS = ("orders", "clicks", "leads", "direct_orders")


def _figures(merchant: Merchant, period: Period, currency: str) -> Figures:
    """Every day of the period with its figures, payouts among them."""
    paid = dict(
        merchant.payouts.filter(paid_on__range=(period.start, period.end), currency=currency, status="paid")
        .values_list("paid_on")
        .annotate(Sum("amount"))
        .order_by()
    )
    days = merchant_days(period.start, period.end, currency)
    return [(day.day, _of(day) | {"payouts": int(paid.get(day.day, 0))}) for day in days]


def _of(day: Day) -> dict[str, int]:
    return {name: getattr(day.figures, name) for name in (*_AMOUNTS, *_COUNTS)}


def _sum(figures: Figures, name: str) -> int:
    return sum(day[name] for _, day in figures)


def _kpis(now: Figures, before: Figures) -> list[dict[str, Any]]:
    found = []
    for key, label in _KPIS:
        has, had = _sum(now, key), _sum(before, key)
        found.append({"key": key, "label": label, "value": has, "percent": percent_change(has, had)})
    return found


def _buckets(period: Period, interval: str, now: Figures, before: Figures) -> Iterator[Bucket]:
    """The period's days together by interval; each day of before goes with the day it is compared with."""
    found: dict[date, Bucket] = {}
    for (day, figures), (_, earlier) in zip(now, before, strict=True):
        start = max(first_of(day, interval), period.start)
        bucket = found.setdefault(start, Bucket(start, dict.fromkeys(figures, 0), dict.fromkeys(figures, 0)))
        for name in figures:
            bucket.now[name] += figures[name]
            bucket.before[name] += earlier[name]
    yield from found.values()


def _top(period: Period, currency: str, by: str) -> list[dict[str, Any]]:
    best = best_partners(period.start, period.end, currency, _BEST, by=by)
    most = max((getattr(row.figures, by) for row in best), default=0)
    return [{"id": row.partner_id, "name": row.name, "value": getattr(row.figures, by), "most": most} for row in best]


def _todo(merchant: Merchant) -> dict[str, Any]:
    """Who can be paid, besides what the sidebar counts. As of the last half minute."""
    key = f"todo:{merchant.id}"
    found: dict[str, Any] | None = cache.get(key)
    if found is None:
        ready = list(
            merchant.partner_totals.filter(approved__gt=0)
            .values("currency")
            .annotate(partners=Count("partner_id"), amount=Sum("approved"))
            .order_by("-amount")
        )
        found = {"ready": ready, "to_pay": sum(row["partners"] for row in ready)}
        cache.set(key, found, _TODO_SECONDS)
    return found


def _health(now: Figures) -> dict[str, Any]:
    clicks, orders, revenue = (_sum(now, name) for name in ("clicks", "orders", "revenue"))
    return {
        "clicks": clicks,
        "click_to_order": f"{100 * orders / clicks:.1f}%" if clicks else "—",
        "average_order": round(revenue / orders) if orders else None,
        "direct_orders": _sum(now, "direct_orders"),
        "refunded": _sum(now, "refunded"),
    }


def _statuses(period: Period, currency: str) -> dict[str, Any]:
    """What was taken back stands for itself, so the other shares are what partners still have."""
    found = statuses(period.start, period.end, currency)
    shares: list[dict[str, Any]] = [
        {"label": label, "number": found[count], "amount": sum(found[name] for name in amounts), "colour": colour}
        for label, amounts, count, colour in _SHARES
    ]
    return {
        "shares": shares,
        "whole": sum(abs(share["amount"]) for share in shares),
        "number": sum(share["number"] for share in shares),
        "kept": sum(share["amount"] for share in shares[:-1]),
    }
