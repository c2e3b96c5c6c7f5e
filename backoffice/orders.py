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
from orders.deletion import FINAL
from orders.models import Order
from orders.search import starting
from pages.exports import Export, each
from pages.forms import MoneyField, OnceField, PageForm
from pages.listing import Sort, sheet
from pages.periods import PRESETS
from pages.templatetags.pages import money
from tracking.deletion import Deleted, delete_order
from tracking.events import Refund
from tracking.refunds import record_refund

_SORTS = {"date": Sort("placed_at", datetime), "amount": Sort("amount", int)}
_KINDS = (("", "All"), ("referred", "Through partners"), ("direct", "Direct"))


class DeleteForm(PageForm):
    """Why it should not be there."""

    reason = forms.CharField(label="Reason", max_length=500, help_text="Such as “Recorded twice”.")


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
    found = get_object_or_404(_with_deleted(request), id=order)
    context = {
        "order": found,
        "commissions": found.commissions.select_related("partner").order_by("id"),
        "refunds": found.refunds.order_by("-refunded_at"),
        "left": found.amount - found.refunded,
        "final": FINAL,
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


@staff_page(Permission.VIEW)
def orders_deleted(request: StaffRequest) -> HttpResponseBase:
    """What was deleted: who, when and why; the last first."""
    rows = _with_deleted(request).exclude(deleted_at=None)
    context = {
        "sheet": sheet(request, rows, sorts={"deleted": Sort("deleted_at", datetime)}, default="-deleted"),
        "tabs": _KINDS,
        "final": FINAL,
        "partials": {"list"},
    }
    return page(request, "backoffice/orders/deleted.html", context)


@staff_page(Permission.RECORD_SALES)
def orders_delete(request: StaffRequest, order: UUID) -> HttpResponseBase:
    """Ask why, then take back all that it earned and every sight of it."""
    found = get_object_or_404(_with_deleted(request), id=order)
    form = DeleteForm(posted(request))
    if sent(request, form):
        with form.refused():
            deleted = delete_order(request.merchant, found.id, reason=form.cleaned_data["reason"], actor=request.actor)
            address = reverse("backoffice:orders", args=[request.merchant.slug])
            return done(request, _said(deleted), address)
    commissions = found.commissions.filter(moved=0).select_related("partner").order_by("id")
    context = {"order": found, "form": form, "final": FINAL, "commissions": commissions, "partials": {"ask"}}
    return page(request, "backoffice/orders/delete.html", context, status=form_status(form))


def _said(deleted: Deleted) -> str:
    owed = ", ".join(
        f"{money(back.amount, deleted.order.currency)} by {back.commission.partner.name}"
        for back in deleted.taken
        if back.is_owed and back.amount
    )
    note = f" It had been paid: {owed} is owed now, and the next payout nets it." if owed else ""
    return f"Order {deleted.order.external_id} is deleted.{note}"


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


def _with_deleted(request: StaffRequest) -> "QuerySet[Order]":
    found: QuerySet[Order] = request.merchant.orders(manager="with_deleted").all()
    return found.select_related("customer", "partner", "click")


def _decision(order: Order) -> dict[str, Any]:
    """The attribution as it was decided: every touch, and why all but one lost."""
    decided = order.attribution
    return {"reason": decided.get("reason", ""), "candidates": decided.get("candidates", []), "via": decided.get("via")}
