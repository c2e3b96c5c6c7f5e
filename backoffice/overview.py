"""The overview (SPEC A1): how the program does, and what waits for somebody."""

from django.http import HttpResponseBase

from backoffice.door import StaffRequest, page, staff_page
from merchants.roles import Permission
from pages.periods import PRESETS, period_of
from stats.reading import change_against_previous_period


@staff_page(Permission.VIEW)
def overview(request: StaffRequest) -> HttpResponseBase:
    """The figures of a period beside those of the one before."""
    period = period_of(request.GET)
    currency = request.merchant.currency
    change = change_against_previous_period(period.start, period.end, currency)
    kpis = [
        {"key": key, "label": label, "value": getattr(change.now, key), "percent": change.percent(key)}
        for key, label in (("revenue", "Revenue"), ("earned", "Commissions"), ("orders", "Conversions"))
    ]
    context = {"period": period, "presets": PRESETS, "currency": currency, "kpis": kpis}
    return page(request, "backoffice/overview.html", context)
