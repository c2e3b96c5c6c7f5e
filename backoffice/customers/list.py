"""The list of customers: found by name, e-mail or external id, sorted by what they bought."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.http import HttpResponseBase

from backoffice.asked import Asked
from backoffice.door import StaffRequest, page, staff_page
from customers.models import Customer, CustomerStatus
from customers.search import found_by
from merchants.models import Merchant
from merchants.money import to_decimal
from merchants.roles import Permission
from pages.exports import Export, Lines
from pages.listing import Sort, sheet

_SORTS = {
    "since": Sort("created_at", datetime),
    "orders": Sort("total_orders", int, tie="total_id"),
    "revenue": Sort("total_revenue", int, tie="total_id"),
}
_STATUSES = (("", "All"), ("active", "Active"), ("inactive", "Inactive"), ("blocked", "Blocked"))


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
    asked = Asked.of(request)
    rows = matching(asked)
    found = sheet(request, _with_total(asked, rows), sorts=_SORTS, default="-since", counted=rows)
    context = {
        "sheet": found,
        "rows": rows_of(request.merchant, found.rows),
        "tabs": _STATUSES,
        **{name: asked.text(name) for name in ("status", "q")},
        "partner": asked.partner,
        "partials": {"list"},
    }
    return page(request, "backoffice/customers/list.html", context)


def matching(asked: Asked) -> "QuerySet[Customer]":
    """The customers that the query string asks for."""
    merchant = asked.merchant
    rows: QuerySet[Customer] = merchant.customers.exclude(status=CustomerStatus.ERASED)
    status, text = asked.text("status"), asked.text("q")
    if status in dict(_STATUSES) and status:
        rows = rows.filter(status=status)
    if text:
        rows = rows.filter(found_by(text))
    if asked.partner is not None:
        rows = rows.filter(attribution__partner=asked.partner[0])
    return rows


def _with_total(asked: Asked, rows: "QuerySet[Customer]") -> "QuerySet[Customer]":
    """`rows` joined to the total that they are sorted by: everybody has one in the merchant's currency.

    Its index (merchant, currency, figure, customer) is walked, however many customers there are; who came in the last
    seconds has no total yet and is not met.
    """
    if asked.sort not in ("orders", "revenue"):
        return rows
    joined = rows.filter(totals__merchant=asked.merchant, totals__currency=asked.merchant.currency)
    column = f"totals__{asked.sort}"
    return joined.annotate(**{f"total_{asked.sort}": F(column), "total_id": F("totals__customer_id")})


def rows_of(merchant: Merchant, customers: list[Customer]) -> list[Row]:
    """What the list shows of these customers: two queries, however many they are."""
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


def _lines(asked: Asked) -> "Lines[Customer]":
    """Amounts are decimal numbers of the merchant's currency."""
    currency = asked.merchant.currency

    def lines(found: list[Customer]) -> Iterator[list[object]]:
        for row in rows_of(asked.merchant, found):
            yield [
                row.customer.name, row.customer.email, row.customer.external_id, row.customer.status, row.orders,
                to_decimal(row.revenue, currency), to_decimal(row.commission, currency), currency,
                row.partner[1] if row.partner else "", row.customer.created_at,
            ]  # fmt: skip

    return lines


EXPORT = Export(
    name="customers",
    title="Customers",
    header="name email external_id status orders revenue commission currency partner member_since".split(),
    rows=matching,
    lines=_lines,
    by="created_at",
)
