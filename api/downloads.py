"""The lists as files: which columns, and which rows. Filters are those of the list; there are no pages.

CSV is sent while it is read, here; XLSX is an export of its own (`api.exports`). Amounts are decimal numbers of their
currency in both, because these files are for spreadsheets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse

from affiliates.models import Partner
from api.audit import AuditQuery
from api.base import TenantRequest, TenantView
from api.commissions import CommissionQuery
from api.customers import CustomerQuery
from api.operations import documented
from api.pages import ListQuery, parse_filters
from api.partners import PartnerQuery
from api.payouts import PayoutQuery
from api.sales import SaleQuery
from commissions.models import Commission
from customers.models import Customer
from merchants.models import AuditEntry, Merchant
from merchants.money import to_decimal
from merchants.roles import Permission, Scope
from orders.models import Order
from pages.exports import Export, Lines, each
from payouts.models import Payout

M = TypeVar("M", bound=Model)

#: Column name to how it is read from a row.
Columns = Mapping[str, Callable[[M], Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A list as a key asks for it: whose, which rows of it, and what the key may read."""

    merchant: Merchant
    query: Any
    """The list's `ListQuery`."""
    scopes: list[str]

    @classmethod
    def of(cls, request: TenantRequest, shape: type[ListQuery]) -> Self:
        """What the query string of this request asks for."""
        return cls(request.merchant, parse_filters(request, shape), request.scopes)


def _export(
    name: str, columns: "Columns[M]", rows: "Callable[[Asked], QuerySet[M]]", *, by: str, **more: Any
) -> "Export[Asked, M]":
    def lines(asked: Asked) -> "Lines[M]":
        return each(lambda row: [read(row) for read in columns.values()])

    return Export(name=name, title=name.capitalize(), header=list(columns), rows=rows, lines=lines, by=by, **more)


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


SALES = _export(
    "sales",
    _SALES,
    lambda asked: asked.query.of(asked.merchant.orders.select_related("partner", "customer")),
    by="placed_at",
)


class SalesCsv(CsvView):
    """Sales as a file."""

    @documented("Export sales", query=SaleQuery, answer=bytes)
    def get(self, request: TenantRequest) -> StreamingHttpResponse:
        """All sales that the filters let through, newest first, as CSV. Amounts are decimal numbers."""
        return SALES.csv(Asked.of(request, SaleQuery))


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


COMMISSIONS = _export(
    "commissions",
    _COMMISSIONS,
    lambda asked: asked.query.of(asked.merchant.commissions.select_related("partner", "order")),
    by="occurred_at",
)


class CommissionsCsv(CsvView):
    """Commissions as a file."""

    @documented("Export commissions", query=CommissionQuery, answer=bytes)
    def get(self, request: TenantRequest) -> StreamingHttpResponse:
        """All commissions that the filters let through, newest first, as CSV. Amounts are decimal numbers."""
        return COMMISSIONS.csv(Asked.of(request, CommissionQuery))


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


CUSTOMERS = _export(
    "customers",
    _CUSTOMERS,
    lambda asked: asked.query.of(asked.merchant.customers.all()),
    by="created_at",
)


class CustomersCsv(CsvView):
    """Customers as a file."""

    @documented("Export customers", query=CustomerQuery, answer=bytes)
    def get(self, request: TenantRequest) -> StreamingHttpResponse:
        """All customers that the filters let through, newest first, as CSV."""
        return CUSTOMERS.csv(Asked.of(request, CustomerQuery))


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


PARTNERS = _export(
    "partners",
    _PARTNERS,
    lambda asked: asked.query.of(asked.merchant.partners.select_related("program", "group")),
    by="created_at",
)


class PartnersCsv(CsvView):
    """Partners as a file."""

    @documented("Export partners", query=PartnerQuery, answer=bytes)
    def get(self, request: TenantRequest) -> StreamingHttpResponse:
        """All partners that the filters let through, newest first, as CSV."""
        return PARTNERS.csv(Asked.of(request, PartnerQuery))


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


PAYOUTS = _export(
    "payouts",
    _PAYOUTS,
    lambda asked: asked.query.of(asked.merchant.payouts.select_related("partner")),
    by="created_at",
    needs=frozenset({Permission.VIEW_PAYOUTS}),
)


class PayoutsCsv(CsvView):
    """Payouts as a file."""

    scope: ClassVar[dict[str, Scope]] = {"GET": Scope.PAYOUTS}

    @documented("Export payouts", query=PayoutQuery, answer=bytes)
    def get(self, request: TenantRequest) -> StreamingHttpResponse:
        """All payouts that the filters let through, newest first, as CSV. Amounts are decimal numbers."""
        return PAYOUTS.csv(Asked.of(request, PayoutQuery))


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


AUDIT = _export(
    "audit",
    _AUDIT,
    lambda asked: asked.query.of(asked),
    by="id",
    needs=frozenset({Permission.VIEW_AUDIT, Permission.VIEW_PAYOUTS}),
)


class AuditCsv(CsvView):
    """The audit log as a file."""

    @documented("Export audit entries", query=AuditQuery, answer=bytes)
    def get(self, request: TenantRequest) -> StreamingHttpResponse:
        """All entries that the filters let through, newest first, as CSV."""
        return AUDIT.csv(Asked.of(request, AuditQuery))
