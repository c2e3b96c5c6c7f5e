"""The list of customers: found by name, e-mail or external id, sorted by what they bought."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpResponseBase

from backoffice.door import StaffRequest, page, staff_page
from customers.models import Customer, CustomerStatus
from merchants.money import to_decimal
from merchants.roles import Permission
from pages.csv import csv_answer
from pages.listing import Sort, sheet

_SORTS = {
    "since": Sort("created_at", datetime),
    "orders": Sort("orders_sorted", int),
    "revenue": Sort("revenue_sorted", int),
}
_TOTALS = {"orders": "orders", "revenue": "revenue"}
_STATUSES = (("", "All"), ("active", "Active"), ("inactive", "Inactive"), ("blocked", "Blocked"))
_MOST_EXPORTED = 100_000


@dataclass(frozen=True, slots=True)
class Row:
    """A customer with their figures in the merchant's currency, and whose they are."""

    customer: Customer
    orders: int
    revenue: int
    commission: int
    partner: tuple[UUID, str] | None


@staff_page(Permission.VIEW)
def customers(request: StaffRequest) -> HttpResponseBase:
    """One page of the list."""
    found = sheet(request, matching(request), sorts=_SORTS, default="-since")
    partner = _partner(request)
    context = {
        "sheet": found,
        "rows": rows_of(request, found.rows),
        "tabs": _STATUSES,
        "status": request.GET.get("status", ""),
        "q": request.GET.get("q", ""),
        "partner": partner,
        "partials": {"list"},
    }
    return page(request, "backoffice/customers/list.html", context)


@staff_page(Permission.VIEW)
def customers_csv(request: StaffRequest) -> HttpResponseBase:
    """All that match, as a file; amounts are decimal numbers of the merchant's currency."""
    currency = request.merchant.currency
    found = list(matching(request).order_by("-created_at", "-id")[:_MOST_EXPORTED])
    header = "name email external_id status orders revenue commission currency partner member_since".split()
    rows = (
        [
            row.customer.name, row.customer.email or "", row.customer.external_id or "", row.customer.status,
            row.orders, to_decimal(row.revenue, currency), to_decimal(row.commission, currency),
            currency, row.partner[1] if row.partner else "",
            row.customer.created_at.isoformat(),
        ]
        for row in rows_of(request, found)
    )  # fmt: skip
    return csv_answer("customers.csv", header, rows)


def matching(request: StaffRequest) -> "QuerySet[Customer]":
    """The customers that the query string asks for, with what its sort needs."""
    merchant = request.merchant
    rows: QuerySet[Customer] = merchant.customers.exclude(status=CustomerStatus.ERASED)
    status, text = request.GET.get("status", ""), request.GET.get("q", "").replace("\x00", "").strip()
    if status in dict(_STATUSES) and status:
        rows = rows.filter(status=status)
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(email__istartswith=text) | Q(external_id=text))
    if (partner := _partner(request)) is not None:
        rows = rows.filter(attribution__partner=partner[0])
    if column := _TOTALS.get(request.GET.get("sort", "").removeprefix("-")):
        total = merchant.customer_totals.filter(customer_id=OuterRef("pk"), currency=merchant.currency).values(column)
        number = Coalesce(Subquery(total), Value(0), output_field=BigIntegerField())
        rows = rows.annotate(**{f"{column}_sorted": number})
    return rows


def rows_of(request: StaffRequest, customers: list[Customer]) -> list[Row]:
    """What the list shows of these customers: two queries, however many they are."""
    merchant = request.merchant
    ids = [customer.id for customer in customers]
    totals: dict[Any, tuple[int, int, int]] = {
        customer_id: (orders, revenue, commission)
        for customer_id, orders, revenue, commission in merchant.customer_totals.filter(
            customer_id__in=ids, currency=merchant.currency
        ).values_list("customer_id", "orders", "revenue", "commission")
    }
    belongs = {
        customer_id: (partner_id, name)
        for customer_id, partner_id, name in merchant.customer_attributions.filter(customer__in=ids).values_list(
            "customer_id", "partner_id", "partner__name"
        )
    }
    return [
        Row(customer, *totals.get(customer.id, (0, 0, 0)), partner=belongs.get(customer.id)) for customer in customers
    ]


def _partner(request: StaffRequest) -> tuple[UUID, str] | None:
    """Whose customers, when the query string names a partner of this merchant."""
    try:
        asked = UUID(request.GET.get("partner", ""))
    except ValueError:
        return None
    return request.merchant.partners.filter(id=asked).values_list("id", "name").first()
