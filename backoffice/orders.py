"""Orders: the list, and one with whose it is and why (SPEC A12, A14, A16)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import BigIntegerField, F, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from backoffice.asked import Asked
from backoffice.door import StaffRequest, done, form_status, once, page, posted, sent, staff_page
from merchants.money import to_decimal
from merchants.roles import Permission
from orders.models import Order
from orders.search import starting
from pages.exports import Export, each
from pages.forms import MoneyField, OnceField, PageForm
from pages.listing import Sort, sheet
from pages.periods import PRESETS
from tracking.events import Refund
from tracking.refunds import record_refund

_SORTS = {"date": Sort("placed_at", datetime), "amount": Sort("amount", int)}
_KINDS = (("", "All"), ("referred", "Through partners"), ("direct", "Direct"))


class RefundForm(PageForm):
    """How much was given back."""

    once = OnceField()
    amount = MoneyField(label="Amount", least=1)
    reason = forms.CharField(label="Reason", max_length=500, required=False)


@staff_page(Permission.VIEW)
def orders(request: StaffRequest) -> HttpResponseBase:
    """One page of the list."""
    asked = Asked.of(request)
    context = {
        "sheet": sheet(request, _rows(asked), sorts=_SORTS, default="-date"),
        "tabs": _KINDS,
        **{name: asked.text(name) for name in ("kind", "q", "coupon")},
        "partner": asked.partner,
        "period": asked.period,
        "presets": PRESETS,
        "partials": {"list"},
    }
    return page(request, "backoffice/orders/list.html", context)


def matching(asked: Asked) -> "QuerySet[Order]":
    """The orders that the query string asks for."""
    rows: QuerySet[Order] = asked.merchant.orders.all()
    kind, text, coupon = (asked.text(name) for name in ("kind", "q", "coupon"))
    if kind in ("referred", "direct"):
        rows = rows.filter(partner__isnull=kind == "direct")
    if text:
        rows = rows.filter(starting(text))
    if coupon:
        rows = rows.filter(coupon_code=coupon.upper())
    if asked.partner is not None:
        rows = rows.filter(partner=asked.partner[0])
    if (period := asked.period) is not None:
        rows = rows.filter(placed_at__gte=period.begins(), placed_at__lt=period.ends())
    return rows


def _rows(asked: Asked) -> "QuerySet[Order]":
    """With what partners keep of each, in the order's currency; None where nobody earned."""
    of_order = asked.merchant.commissions.filter(order=OuterRef("pk")).order_by()
    kept = of_order.values("order").annotate(kept=Sum(F("amount") - F("reversed"))).values("kept")
    earned = Subquery(kept, output_field=BigIntegerField())
    return matching(asked).annotate(earned=earned).select_related("customer", "partner")


def _cells(row: Order) -> list[object]:
    """Amounts are decimal numbers of the order's currency."""
    earned: int | None = row.earned  # type: ignore[attr-defined] # an annotation of _rows
    return [
        row.external_id, row.source, str(row.customer or ""), row.partner.name if row.partner else "",
        row.coupon_code, to_decimal(row.amount, row.currency), to_decimal(row.refunded, row.currency),
        to_decimal(earned or 0, row.currency), row.currency, row.placed_at, row.notes,
    ]  # fmt: skip


EXPORT = Export(
    name="orders",
    title="Orders",
    header="order_id source customer partner coupon amount refunded commission currency placed_at notes".split(),
    rows=_rows,
    lines=lambda asked: each(_cells),
    by="placed_at",
)


@staff_page(Permission.VIEW)
def orders_detail(request: StaffRequest, order: UUID) -> HttpResponseBase:
    """The order, whose it is and why, what it earned, what was given back."""
    found = _order(request, order)
    context = {
        "order": found,
        "commissions": found.commissions.select_related("partner").order_by("id"),
        "refunds": found.refunds.order_by("-refunded_at"),
        "left": found.amount - found.refunded,
        **_decision(found),
    }
    return page(request, "backoffice/orders/detail.html", context)


@staff_page(Permission.RECORD_SALES)
def orders_refund(request: StaffRequest, order: UUID) -> HttpResponseBase:
    """Record a refund: what partners earned on it goes back in proportion."""
    found = _order(request, order)
    form = RefundForm(posted(request), currency=found.currency, initial={"amount": found.amount - found.refunded})
    if sent(request, form):
        with form.refused():
            address = once(request, form, lambda: _refund(request, found, form.cleaned_data))
            return done(request, "The refund is recorded.", address)
    context = {"order": found, "form": form, "left": found.amount - found.refunded, "partials": {"ask"}}
    return page(request, "backoffice/orders/refund.html", context, status=form_status(form))


def _refund(request: StaffRequest, order: Order, values: dict[str, Any]) -> str:
    wanted = Refund(
        order_id=order.external_id,
        source=order.source,
        refund_id=f"manual-{values['once']}",
        amount=values["amount"],
        reason=values["reason"],
    )
    record_refund(wanted, actor=request.actor)
    return reverse("backoffice:orders_detail", args=[request.merchant.slug, order.id])


def _order(request: StaffRequest, order: UUID) -> Order:
    return get_object_or_404(request.merchant.orders.select_related("customer", "partner", "click"), id=order)


def _decision(order: Order) -> dict[str, Any]:
    """The attribution as it was decided: every touch, and why all but one lost."""
    decided = order.attribution
    return {"reason": decided.get("reason", ""), "candidates": decided.get("candidates", []), "via": decided.get("via")}
