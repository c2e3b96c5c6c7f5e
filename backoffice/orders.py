"""Orders: the list, and one with whose it is and why (SPEC A12, A14, A16)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import BigIntegerField, F, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from backoffice.door import StaffRequest, done, form_status, once, page, posted, sent, staff_page
from merchants.money import to_decimal
from merchants.roles import Permission
from orders.models import Order
from pages.csv import csv_stream
from pages.forms import MoneyField, OnceField, PageForm
from pages.listing import Sort, sheet
from pages.periods import PRESETS, period_of
from tracking.events import Refund
from tracking.refunds import record_refund

_SORTS = {"date": Sort("placed_at", datetime), "amount": Sort("amount", int)}
_KINDS = (("", "All"), ("referred", "Through partners"), ("direct", "Direct"))


class RefundForm(PageForm):
    """How much was given back."""

    once = OnceField()
    amount = MoneyField(label="Amount", least=1)
    reason = forms.CharField(label="Reason", max_length=500, required=False)

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        self.order = order
        super().__init__(*args, initial={"amount": order.amount - order.refunded}, **kwargs)
        self._say_currency()

    def full_clean(self) -> None:
        """Amounts are read in the order's currency: a page's form is checked while it is made."""
        self._say_currency()
        super().full_clean()

    def _say_currency(self) -> None:
        money = self.fields["amount"]
        assert isinstance(money, MoneyField)
        money.currency = self.order.currency


@staff_page(Permission.VIEW)
def orders(request: StaffRequest) -> HttpResponseBase:
    """One page of the list."""
    rows = _with_earned(request, matching(request)).select_related("customer", "partner")
    context = {
        "sheet": sheet(request, rows, sorts=_SORTS, default="-date"),
        "tabs": _KINDS,
        "kind": request.GET.get("kind", ""),
        "q": request.GET.get("q", ""),
        "coupon": request.GET.get("coupon", "").strip(),
        "partner": _partner(request),
        "period": period_of(request.GET) if _has_period(request) else None,
        "presets": PRESETS,
        "partials": {"list"},
    }
    return page(request, "backoffice/orders/list.html", context)


@staff_page(Permission.VIEW)
def orders_csv(request: StaffRequest) -> HttpResponseBase:
    """All that match, as a file; amounts are decimal numbers of their currency."""

    def cells(row: Order) -> list[object]:
        earned: int | None = row.earned  # type: ignore[attr-defined] # an annotation of _with_earned
        return [
            row.external_id, row.source, str(row.customer or ""), row.partner.name if row.partner else "",
            row.coupon_code, to_decimal(row.amount, row.currency), to_decimal(row.refunded, row.currency),
            to_decimal(earned or 0, row.currency), row.currency, row.placed_at.isoformat(), row.notes,
        ]  # fmt: skip

    header = "order_id source customer partner coupon amount refunded commission currency placed_at notes".split()
    rows = _with_earned(request, matching(request)).select_related("customer", "partner")
    return csv_stream("orders.csv", header, rows, cells, by="placed_at")


def matching(request: StaffRequest) -> "QuerySet[Order]":
    """The orders that the query string asks for."""
    rows: QuerySet[Order] = request.merchant.orders.all()
    kind, text, coupon = (_text(request, name) for name in ("kind", "q", "coupon"))
    if kind in ("referred", "direct"):
        rows = rows.filter(partner__isnull=kind == "direct")
    if text:
        rows = rows.filter(external_id__startswith=text)
    if coupon:
        rows = rows.filter(coupon_code__iexact=coupon)
    if (partner := _partner(request)) is not None:
        rows = rows.filter(partner=partner[0])
    if _has_period(request):
        period = period_of(request.GET)
        rows = rows.filter(placed_at__gte=period.begins(), placed_at__lt=period.ends())
    return rows


def _with_earned(request: StaffRequest, rows: "QuerySet[Order]") -> "QuerySet[Order]":
    """With what partners keep of each, in the order's currency; None where nobody earned."""
    of_order = request.merchant.commissions.filter(order=OuterRef("pk")).order_by()
    kept = of_order.values("order").annotate(kept=Sum(F("amount") - F("reversed"))).values("kept")
    return rows.annotate(earned=Subquery(kept, output_field=BigIntegerField()))


def _text(request: StaffRequest, name: str) -> str:
    """What the query string says, without the one character that the database has no text for."""
    return request.GET.get(name, "").replace("\x00", "").strip()


def _has_period(request: StaffRequest) -> bool:
    return "period" in request.GET or "from" in request.GET


def _partner(request: StaffRequest) -> tuple[UUID, str] | None:
    """Whose orders, when the query string names a partner of this merchant."""
    try:
        asked = UUID(request.GET.get("partner", ""))
    except ValueError:
        return None
    return request.merchant.partners.filter(id=asked).values_list("id", "name").first()


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
