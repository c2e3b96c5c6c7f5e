"""The list of commissions, by status, partner and period."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase

from backoffice.door import StaffRequest, page, staff_page
from commissions.models import Commission, CommissionStatus
from merchants.models import Merchant
from merchants.money import to_decimal
from merchants.roles import Permission
from pages.csv import csv_stream
from pages.listing import COUNTED, Sort, sheet
from pages.periods import PRESETS, period_of

_SORTS = {"date": Sort("occurred_at", datetime), "amount": Sort("amount", int)}
_TABS: tuple[tuple[str, str], ...] = (
    ("", "All"),
    (CommissionStatus.PENDING, "On hold"),
    (CommissionStatus.APPROVED, "Unpaid"),
    (CommissionStatus.PAID, "Paid"),
    (CommissionStatus.REVERSED, "Reversed"),
    (CommissionStatus.REJECTED, "Rejected"),
)
#: What waits for somebody is counted; how much was ever paid is not news.
_COUNTED_TABS = (CommissionStatus.PENDING, CommissionStatus.APPROVED)


@staff_page(Permission.VIEW)
def commissions(request: StaffRequest) -> HttpResponseBase:
    """One page of the list."""
    rows = matching(request).select_related("order", "customer", "partner")
    context = {
        "sheet": sheet(request, rows, sorts=_SORTS, default="-date"),
        "tabs": _tabs(request.merchant),
        "status": request.GET.get("status", ""),
        "q": request.GET.get("q", ""),
        "kind": request.GET.get("kind", ""),
        "partner": _partner(request),
        "period": period_of(request.GET) if _has_period(request) else None,
        "presets": PRESETS,
        "partials": {"list"},
    }
    return page(request, "backoffice/commissions/list.html", context)


@staff_page(Permission.VIEW)
def commissions_csv(request: StaffRequest) -> HttpResponseBase:
    """All that match, as a file; amounts are decimal numbers of their currency."""

    def cells(row: Commission) -> list[object]:
        return [
            row.occurred_at.isoformat(), row.order.external_id if row.order else "", row.partner.name,
            row.partner.email, str(row.customer or ""), to_decimal(row.amount, row.currency),
            to_decimal(row.reversed, row.currency), row.currency, row.status, row.explanation.get("working", ""),
            row.paid_at.isoformat() if row.paid_at else "",
        ]  # fmt: skip

    header = "date order partner partner_email customer amount taken_back currency status working paid_at".split()
    rows = matching(request).select_related("order", "customer", "partner")
    return csv_stream("commissions.csv", header, rows, cells, by="occurred_at")


def matching(request: StaffRequest) -> "QuerySet[Commission]":
    """The commissions that the query string asks for."""
    merchant = request.merchant
    rows: QuerySet[Commission] = merchant.commissions.all()
    status, text, kind = (request.GET.get(name, "").strip() for name in ("status", "q", "kind"))
    if status in CommissionStatus.values:
        rows = rows.filter(status=status)
    if "@" in text:
        rows = rows.filter(partner__in=merchant.partners.filter(email=text.lower()))
    elif text:
        rows = rows.filter(order__in=merchant.orders.filter(external_id=text))
    if kind in ("percentage", "fixed"):
        rows = rows.filter(reward_version__kind=kind)
    elif kind == "manual":
        rows = rows.filter(order=None)
    if (partner := _partner(request)) is not None:
        rows = rows.filter(partner=partner[0])
    if _has_period(request):
        period = period_of(request.GET)
        rows = rows.filter(occurred_at__gte=period.begins(), occurred_at__lt=period.ends())
    return rows


def _has_period(request: StaffRequest) -> bool:
    return "period" in request.GET or "from" in request.GET


def _partner(request: StaffRequest) -> tuple[UUID, str] | None:
    try:
        asked = UUID(request.GET.get("partner", ""))
    except ValueError:
        return None
    return request.merchant.partners.filter(id=asked).values_list("id", "name").first()


def _tabs(merchant: Merchant) -> list[dict[str, Any]]:
    return [
        {"value": value, "label": label, "count": _count(merchant, value) if value in _COUNTED_TABS else ""}
        for value, label in _TABS
    ]


def _count(merchant: Merchant, status: str) -> str:
    found = merchant.commissions.filter(status=status).order_by()[: COUNTED + 1].count()
    return f"{found:,}" if found <= COUNTED else f"{COUNTED:,}+"
