"""What was paid: the list, one payout with exactly its commissions, and its reversal."""

from datetime import datetime
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from backoffice.asked import Asked
from backoffice.door import StaffRequest, done, form_status, page, posted, sent, staff_page
from merchants.money import to_decimal
from merchants.roles import Permission
from pages.books import entries_of
from pages.exports import Export, each
from pages.forms import PageForm
from pages.listing import Sort, sheet
from payouts.manual import reverse_payout
from payouts.models import Payout, PayoutStatus

_SORTS = {"recorded": Sort("created_at", datetime), "amount": Sort("amount", int)}
_TABS = (("", "All"), (PayoutStatus.PAID, "Paid"), (PayoutStatus.REVERSED, "Reversed"))
_ITEMS_SHOWN = 1_000


class ReverseForm(PageForm):
    """Why it did not reach the partner."""

    reason = forms.CharField(label="Reason", max_length=500, help_text="Such as “Bank returned it”.")


@staff_page(Permission.VIEW_PAYOUTS)
def payouts_history(request: StaffRequest) -> HttpResponseBase:
    """One page of what was paid."""
    asked = Asked.of(request)
    context = {
        "sheet": sheet(request, _rows(asked), sorts=_SORTS, default="-recorded"),
        "tabs": _TABS,
        **{name: asked.text(name) for name in ("status", "q")},
        "partner": asked.partner,
        "partials": {"list"},
    }
    return page(request, "backoffice/payouts/history.html", context)


@staff_page(Permission.VIEW_PAYOUTS)
def payouts_detail(request: StaffRequest, payout: UUID) -> HttpResponseBase:
    """One payout, with exactly its commissions and what the books say."""
    found = _payout(request, payout)
    items = list(found.items.select_related("commission__order").order_by("-commission__occurred_at")[:_ITEMS_SHOWN])
    names = {"reserved": "Reserved", "paid": "Paid", "reversed": "Reversed"}
    steps = {f"payout:{found.id}:{step}": name for step, name in names.items()}
    context = {
        "payout": found,
        "items": items,
        "cut": len(items) == _ITEMS_SHOWN,
        "worth": found.amount + found.netted,
        "entries": entries_of(request.merchant.entries.all(), steps),
    }
    return page(request, "backoffice/payouts/detail.html", context)


@staff_page(Permission.EDIT_PAYOUTS)
def payouts_reverse(request: StaffRequest, payout: UUID) -> HttpResponseBase:
    """Ask why, then give its commissions back."""
    found = _payout(request, payout)
    form = ReverseForm(posted(request))
    if sent(request, form):
        with form.refused():
            reverse_payout(found, reason=form.cleaned_data["reason"], actor=request.actor)
            address = reverse("backoffice:payouts_detail", args=[request.merchant.slug, found.id])
            return done(request, "The payout is reversed: its commissions can be paid again.", address)
    context = {"payout": found, "form": form, "partials": {"ask"}}
    return page(request, "backoffice/payouts/reverse.html", context, status=form_status(form))


def matching(asked: Asked) -> "QuerySet[Payout]":
    """The payouts that the query string asks for."""
    rows: QuerySet[Payout] = asked.merchant.payouts.all()
    status, text = asked.text("status"), asked.text("q")
    if status in PayoutStatus.values:
        rows = rows.filter(status=status)
    if text:
        rows = rows.filter(transaction_id=text)
    if asked.partner is not None:
        rows = rows.filter(partner=asked.partner[0])
    return rows


def _rows(asked: Asked) -> "QuerySet[Payout]":
    return matching(asked).select_related("partner")


def _cells(row: Payout) -> list[object]:
    """Amounts are decimal numbers of the payout's currency."""
    return [
        row.paid_on, row.partner.name, row.partner.email, to_decimal(row.amount, row.currency),
        to_decimal(row.netted, row.currency), row.currency, row.method, row.status, row.transaction_id, row.note,
    ]  # fmt: skip


EXPORT = Export(
    name="payouts",
    title="Payouts",
    header="paid_on partner partner_email amount netted currency method status transaction_id note".split(),
    rows=_rows,
    lines=lambda asked: each(_cells),
    by="created_at",
    needs=frozenset({Permission.VIEW_PAYOUTS}),
)


def _payout(request: StaffRequest, payout: UUID) -> Payout:
    return get_object_or_404(request.merchant.payouts.select_related("partner"), id=payout)
