"""Orders: the list, and one with whose it is and why (SPEC A12, A14, A16)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from backoffice.door import StaffRequest, done, form_status, once, page, posted, sent, staff_page
from merchants.roles import Permission
from orders.models import Order
from pages.csv import csv_answer
from pages.forms import MoneyField, OnceField, PageForm
from pages.listing import Sort, sheet
from tracking.events import Refund
from tracking.refunds import record_refund

_SORTS = {"date": Sort("placed_at", datetime)}
_MOST_EXPORTED = 100_000
_KINDS = (("", "All"), ("referred", "Through partners"), ("direct", "Direct"))


class RefundForm(PageForm):
    """How much was given back."""

    once = OnceField()
    amount = MoneyField(label="Amount", least=1)
    reason = forms.CharField(label="Reason", max_length=500, required=False)

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, initial={"amount": order.amount - order.refunded}, **kwargs)
        money = self.fields["amount"]
        assert isinstance(money, MoneyField)
        money.currency = order.currency


@staff_page(Permission.VIEW)
def orders(request: StaffRequest) -> HttpResponseBase:
    """One page of the list."""
    rows = matching(request).select_related("customer", "partner")
    context = {
        "sheet": sheet(request, rows, sorts=_SORTS, default="-date"),
        "tabs": _KINDS,
        "kind": request.GET.get("kind", ""),
        "q": request.GET.get("q", ""),
        "partials": {"list"},
    }
    return page(request, "backoffice/orders/list.html", context)


@staff_page(Permission.VIEW)
def orders_csv(request: StaffRequest) -> HttpResponseBase:
    """All that match, as a file; amounts in minor units of each order's currency."""
    found = matching(request).select_related("customer", "partner").order_by("-placed_at", "-id")[:_MOST_EXPORTED]
    header = "order_id source customer partner coupon amount refunded currency placed_at".split()
    rows = (
        [
            order.external_id, order.source, str(order.customer or ""), order.partner.name if order.partner else "",
            order.coupon_code, order.amount, order.refunded, order.currency, order.placed_at.isoformat(),
        ]
        for order in found.iterator(chunk_size=2_000)
    )  # fmt: skip
    return csv_answer("orders.csv", header, rows)


def matching(request: StaffRequest) -> "QuerySet[Order]":
    """The orders that the query string asks for."""
    rows: QuerySet[Order] = request.merchant.orders.all()
    kind, text = request.GET.get("kind", ""), request.GET.get("q", "").strip()
    if kind in ("referred", "direct"):
        rows = rows.filter(partner__isnull=kind == "direct")
    if text:
        rows = rows.filter(external_id=text)
    try:
        rows = rows.filter(partner=UUID(request.GET["partner"]))
    except (KeyError, ValueError):
        pass
    return rows


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
    form = RefundForm(posted(request), order=found)
    if sent(request, form):
        with form.refused():
            address = once(request, form, lambda: _refund(request, found, form.cleaned_data))
            return done(request, "The refund is recorded.", address)
    context = {"order": found, "form": form, "left": found.amount - found.refunded}
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
