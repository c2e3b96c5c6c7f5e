"""The list of commissions, by status, partner and period."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import reverse

from backoffice.asked import Asked
from backoffice.door import StaffRequest, page, staff_page
from commissions.models import Commission, CommissionStatus
from merchants.models import Merchant
from merchants.money import plain, to_decimal
from merchants.roles import Permission
from orders.search import called
from pages.exports import Export, each
from pages.listing import CountedSoFar, Sort, counted_shown, sheet
from pages.periods import PRESETS

#: A menu of more is no menu.
_RATES = 30
_SORTS = {"date": Sort("occurred_at", datetime), "amount": Sort("amount", int)}
_TABS: tuple[tuple[str, str], ...] = (
    ("", "All"),
    (CommissionStatus.PENDING, "On hold"),
    (CommissionStatus.APPROVED, "Unpaid"),
    (CommissionStatus.PAID, "Paid"),
    (CommissionStatus.REVERSED, "Reversed"),
    (CommissionStatus.REJECTED, "Rejected"),
)
#: Their badge is a button that pays and unpays.
TOGGLED = (CommissionStatus.APPROVED, CommissionStatus.PAID)
#: What waits for somebody is counted; how much was ever paid is not news.
_COUNTED_TABS: tuple[str, ...] = (CommissionStatus.PENDING, CommissionStatus.APPROVED)


@staff_page(Permission.VIEW)
def commissions(request: StaffRequest) -> HttpResponseBase:
    """One page of the list."""
    asked = Asked.of(request)
    found = sheet(request, _rows(asked), sorts=_SORTS, default="-date")
    context = {
        "sheet": found,
        "query": found.parameters,
        "tabs": tabs(request.merchant),
        "toggled": TOGGLED,
        **{name: asked.text(name) for name in ("status", "q", "kind")},
        "rate": "" if (rate := _rate(asked)) is None else plain(rate),
        "rates": _rates(request.merchant),
        "partner": asked.partner,
        "period": asked.period,
        "presets": PRESETS,
        "partials": {"list"},
    }
    return page(request, "backoffice/commissions/list.html", context)


def matching(asked: Asked) -> "QuerySet[Commission]":
    """The commissions that the query string asks for."""
    merchant = asked.merchant
    rows: QuerySet[Commission] = merchant.commissions.listed()
    status, text, kind = (asked.text(name) for name in ("status", "q", "kind"))
    if status in CommissionStatus.values:
        rows = rows.filter(status=status)
    if "@" in text:
        rows = rows.filter(partner__in=merchant.partners.filter(email=text.lower()))
    elif text:
        rows = rows.filter(order__in=merchant.orders.filter(called(text)))
    if kind in ("percentage", "fixed"):
        rows = rows.filter(reward_version__kind=kind)
    elif kind == "manual":
        rows = rows.filter(order=None)
    if (rate := _rate(asked)) is not None:
        rows = rows.filter(reward_version__percent=rate)
    if asked.partner is not None:
        rows = rows.filter(partner=asked.partner[0])
    if (period := asked.period) is not None:
        rows = rows.filter(occurred_at__gte=period.begins(), occurred_at__lt=period.ends())
    return rows


def _rate(asked: Asked) -> Decimal | None:
    """The percentage that is asked for; what is none filters nothing."""
    try:
        rate = Decimal(asked.text("rate"))
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and 0 <= rate <= 100 else None


def _rates(merchant: Merchant) -> list[str]:
    """The percentages that partners ever earned: they are few beside commissions."""
    found = merchant.reward_versions.exclude(percent=None).order_by("percent").values_list("percent", flat=True)
    return [plain(percent) for percent in found.distinct()[:_RATES] if percent is not None]


def _rows(asked: Asked) -> "QuerySet[Commission]":
    return matching(asked).select_related("order", "customer", "partner")


def _cells(row: Commission) -> list[object]:
    """Amounts are decimal numbers of the commission's currency."""
    return [
        row.occurred_at, row.order.external_id if row.order else "", row.partner.name,
        row.partner.email, str(row.customer or ""), to_decimal(row.amount, row.currency),
        to_decimal(row.reversed, row.currency), row.currency, row.status, row.explanation.get("working", ""),
        row.paid_at,
    ]  # fmt: skip


EXPORT = Export(
    name="commissions",
    title="Commissions",
    header="date order partner partner_email customer amount taken_back currency status working paid_at".split(),
    rows=_rows,
    lines=lambda asked: each(_cells),
    by="occurred_at",
)


def address_of(request: StaffRequest) -> str:
    """The list as it was asked for."""
    query = request.GET.urlencode()
    return reverse("backoffice:commissions", args=[request.merchant.slug]) + (f"?{query}" if query else "")


def tabs(merchant: Merchant) -> list[dict[str, Any]]:
    """The tabs above the list; what waits for somebody with its number."""
    counts = [CountedSoFar(merchant.commissions.listed().filter(status=status)) for status in _COUNTED_TABS]
    numbers = Merchant.objects.filter(id=merchant.id).values_list(*counts).get()
    shown = dict(zip(_COUNTED_TABS, map(counted_shown, numbers), strict=True))
    return [{"value": value, "label": label, "count": shown.get(value, "")} for value, label in _TABS]
