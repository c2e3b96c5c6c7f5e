"""The lists as CSV files: which columns, and which rows. Filters are those of the list; there are no pages.

Amounts are decimal numbers of their currency here, because these files are for spreadsheets.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse

from affiliates.models import Partner
from api.audit import AuditQuery
from api.base import TenantRequest, TenantView
from api.commissions import CommissionQuery
from api.customers import CustomerQuery
from api.operations import documented
from api.pages import parse_filters
from api.partners import PartnerQuery
from api.payouts import PayoutQuery
from api.sales import SaleQuery
from commissions.models import Commission
from customers.models import Customer
from merchants.models import AuditEntry
from merchants.money import to_decimal
from merchants.roles import Scope
from orders.models import Order
from pages.csv import csv_stream
from pages.exports import each, pieces
from payouts.models import Payout

M = TypeVar("M", bound=Model)

#: Column name to how it is read from a row.
Columns = Mapping[str, Callable[[M], Any]]


def _file(name: str, columns: "Columns[M]", rows: "QuerySet[M]", *, by: str) -> StreamingHttpResponse:
    found = pieces(rows, each(lambda row: [read(row) for read in columns.values()]), by=by)
    return csv_stream(name, list(columns), found)


class CsvView(TenantView):
    """A list as a file."""

    scope = {"GET": Scope.READ}
    produces = ("text/csv",)


_SALES: Columns[Order] = {
    "id": lambda order: order.id,
    "order_id": lambda order: order.external_id,
    "source": lambda order: order.source,
    "placed_at": lambda order: order.placed_at,
    "currency": lambda order: order.currency,
    "amount": lambda order: to_decimal(order.amount, order.currency),
    "tax": lambda order: to_decimal(order.tax, order.currency),
    "shipping": lambda order: to_decimal(order.shipping, order.currency),
    "discount": lambda order: to_decimal(order.discount, order.currency),
    "refunded": lambda order: to_decimal(order.refunded, order.currency),
    "coupon": lambda order: order.coupon_code,
    "partner_id": lambda order: order.partner_id,
    "partner": lambda order: order.partner.name if order.partner else None,
    "customer_id": lambda order: order.customer_id,
    "customer": lambda order: order.customer.name if order.customer else None,
    "country": lambda order: order.country,
    "platform": lambda order: order.platform,
    "is_first": lambda order: order.is_first,
    "notes": lambda order: order.notes,
    "metadata": lambda order: order.metadata,
}


class SalesCsv(CsvView):
    """Sales as a file."""

    @documented("Export sales", query=SaleQuery, answer=bytes)
    def get(self, request: TenantRequest) -> StreamingHttpResponse:
        """All sales that the filters let through, newest first, as CSV. Amounts are decimal numbers."""
        query = parse_filters(request, SaleQuery)
        orders = query.of(request.merchant.orders.select_related("partner", "customer"))
        return _file("sales.csv", _SALES, orders, by="placed_at")


_COMMISSIONS: Columns[Commission] = {
    "id": lambda commission: commission.id,
    "partner_id": lambda commission: commission.partner_id,
    "partner": lambda commission: commission.partner.name,
    "sale_id": lambda commission: commission.order_id,
    "order_id": lambda commission: commission.order.external_id if commission.order else None,
    "customer_id": lambda commission: commission.customer_id,
    "level": lambda commission: commission.level,
    "source_id": lambda commission: commission.source_id,
    "occurred_at": lambda commission: commission.occurred_at,
    "status": lambda commission: commission.status,
    "currency": lambda commission: commission.currency,
    "base": lambda commission: to_decimal(commission.base, commission.currency),
    "amount": lambda commission: to_decimal(commission.amount, commission.currency),
    "reversed": lambda commission: to_decimal(commission.reversed, commission.currency),
    "held_until": lambda commission: commission.held_until,
    "paid_at": lambda commission: commission.paid_at,
    "working": lambda commission: commission.explanation.get("working", ""),
}


class CommissionsCsv(CsvView):
    """Commissions as a file."""

    @documented("Export commissions", query=CommissionQuery, answer=bytes)
    def get(self, request: TenantRequest) -> StreamingHttpResponse:
        """All commissions that the filters let through, newest first, as CSV. Amounts are decimal numbers."""
        query = parse_filters(request, CommissionQuery)
        commissions = query.of(request.merchant.commissions.select_related("partner", "order"))
        return _file("commissions.csv", _COMMISSIONS, commissions, by="occurred_at")


_CUSTOMERS: Columns[Customer] = {
    "id": lambda customer: customer.id,
    "external_id": lambda customer: customer.external_id,
    "email": lambda customer: customer.email,
    "phone": lambda customer: customer.phone,
    "name": lambda customer: customer.name,
    "birthday": lambda customer: customer.birthday,
    "language": lambda customer: customer.language,
    "status": lambda customer: customer.status,
    "tags": lambda customer: customer.tags,
    "notes": lambda customer: customer.notes,
    "metadata": lambda customer: customer.metadata,
    "created_at": lambda customer: customer.created_at,
}


class CustomersCsv(CsvView):
    """Customers as a file."""

    @documented("Export customers", query=CustomerQuery, answer=bytes)
    def get(self, request: TenantRequest) -> StreamingHttpResponse:
        """All customers that the filters let through, newest first, as CSV."""
        query = parse_filters(request, CustomerQuery)
        return _file("customers.csv", _CUSTOMERS, query.of(request.merchant.customers.all()), by="created_at")


_PARTNERS: Columns[Partner] = {
    "id": lambda partner: partner.id,
    "name": lambda partner: partner.name,
    "email": lambda partner: partner.email,
    "status": lambda partner: partner.status,
    "program": lambda partner: partner.program.name,
    "group": lambda partner: partner.group.name if partner.group else None,
    "portal_code": lambda partner: partner.portal_code,
    "tags": lambda partner: partner.tags,
    "notes": lambda partner: partner.notes,
    "metadata": lambda partner: partner.metadata,
    "created_at": lambda partner: partner.created_at,
}


class PartnersCsv(CsvView):
    """Partners as a file."""

    @documented("Export partners", query=PartnerQuery, answer=bytes)
    def get(self, request: TenantRequest) -> StreamingHttpResponse:
        """All partners that the filters let through, newest first, as CSV."""
        query = parse_filters(request, PartnerQuery)
        partners = query.of(request.merchant.partners.select_related("program", "group"))
        return _file("partners.csv", _PARTNERS, partners, by="created_at")


_PAYOUTS: Columns[Payout] = {
    "id": lambda payout: payout.id,
    "partner_id": lambda payout: payout.partner_id,
    "partner": lambda payout: payout.partner.name,
    "currency": lambda payout: payout.currency,
    "amount": lambda payout: to_decimal(payout.amount, payout.currency),
    "method": lambda payout: payout.method,
    "status": lambda payout: payout.status,
    "transaction_id": lambda payout: payout.transaction_id,
    "paid_on": lambda payout: payout.paid_on,
    "note": lambda payout: payout.note,
    "reversed_at": lambda payout: payout.reversed_at,
    "reversal_reason": lambda payout: payout.reversal_reason,
    "created_at": lambda payout: payout.created_at,
}


class PayoutsCsv(CsvView):
    """Payouts as a file."""

    scope: ClassVar[dict[str, Scope]] = {"GET": Scope.PAYOUTS}

    @documented("Export payouts", query=PayoutQuery, answer=bytes)
    def get(self, request: TenantRequest) -> StreamingHttpResponse:
        """All payouts that the filters let through, newest first, as CSV. Amounts are decimal numbers."""
        query = parse_filters(request, PayoutQuery)
        payouts = query.of(request.merchant.payouts.select_related("partner"))
        return _file("payouts.csv", _PAYOUTS, payouts, by="created_at")


_AUDIT: Columns[AuditEntry] = {
    "id": lambda entry: entry.id,
    "at": lambda entry: entry.at,
    "actor_kind": lambda entry: entry.actor_kind,
    "actor_id": lambda entry: entry.actor_id,
    "actor_name": lambda entry: entry.actor_name,
    "verb": lambda entry: entry.verb,
    "object_type": lambda entry: entry.object_type,
    "object_id": lambda entry: entry.object_id,
    "object_count": lambda entry: entry.object_count,
    "before": lambda entry: entry.before,
    "after": lambda entry: entry.after,
    "request_id": lambda entry: entry.request_id,
}


class AuditCsv(CsvView):
    """The audit log as a file."""

    @documented("Export audit entries", query=AuditQuery, answer=bytes)
    def get(self, request: TenantRequest) -> StreamingHttpResponse:
        """All entries that the filters let through, newest first, as CSV."""
        query = parse_filters(request, AuditQuery)
        return _file("audit.csv", _AUDIT, query.of(request), by="id")
