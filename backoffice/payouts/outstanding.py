"""What partners wait for, by currency, and the way to pay one of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Count, Min, Sum
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import reselect, reswap, retarget, trigger_client_event

from affiliates.models import Partner
from backoffice.door import StaffRequest, done, form_status, once, page, posted, sent, staff_page
from merchants.models import Merchant
from merchants.money import EXPONENTS
from merchants.roles import Permission
from pages.forms import OnceField, PageForm
from payouts.manual import record_payout
from stats.outstanding import minimum_of, outstanding_among, outstanding_of

_PARTNERS_ON_PAGE = 50
#: One payout lists its commissions one by one; the verb takes ten times as many.
_MOST_LISTED = 1_000


class PayoutForm(PageForm):
    """How the money went."""

    once = OnceField()
    transaction_id = forms.CharField(
        label="Transaction ID", max_length=190, help_text="The bank's or provider's reference."
    )
    paid_on = forms.DateField(label="Paid on", widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(label="Note", max_length=500, required=False)


@staff_page(Permission.VIEW_PAYOUTS)
def payouts(request: StaffRequest) -> HttpResponseBase:
    """Partners with commissions that can be paid in one currency, most first."""
    merchant = request.merchant
    waiting = merchant.partner_totals.filter(approved__gt=0)
    totals = list(
        waiting.values("currency").annotate(left=Sum("approved"), partners=Count("partner_id")).order_by("-left")
    )
    known = [row["currency"] for row in totals]
    currency = request.GET.get("currency", "")
    if currency not in known:
        currency = merchant.currency if merchant.currency in known or not known else known[0]
    number = _page_number(request)
    first = (number - 1) * _PARTNERS_ON_PAGE
    most = waiting.filter(currency=currency).order_by("-approved", "partner_id").values_list("partner_id", flat=True)
    asked = list(most[first : first + _PARTNERS_ON_PAGE + 1])
    has_next = len(asked) > _PARTNERS_ON_PAGE
    shown = _shown(merchant, asked[:_PARTNERS_ON_PAGE], currency)
    context = {
        "totals": totals,
        "currency": currency,
        "rows": shown,
        "first": first + 1,
        "last": first + len(shown),
        "previous": number - 1,
        "next": number + 1 if has_next else 0,
        "minimum": minimum_of(merchant, None, currency),
    }
    return page(request, "backoffice/payouts/outstanding.html", context)


def _shown(merchant: Merchant, partner_ids: Sequence[UUID], currency: str) -> list[dict[str, Any]]:
    """Each partner with how they stand now: who has been paid the last of it since the rollup was made is left out."""
    standing = {row.partner_id: row for row in outstanding_among(merchant, partner_ids) if row.currency == currency}
    days = merchant.partner_days.filter(partner_id__in=partner_ids, currency=currency, approved__gt=0)
    oldest = dict(days.values_list("partner_id").annotate(Min("day")).order_by())
    partners = merchant.partners.in_bulk(partner_ids)
    return [
        {"partner": partners[id], "standing": standing[id], "since": oldest.get(id)}
        for id in partner_ids
        if id in standing and standing[id].approved > 0
    ]


@staff_page(Permission.EDIT_PAYOUTS)
def payouts_new(request: StaffRequest, partner: UUID, currency: str) -> HttpResponseBase:
    """Choose the commissions, say how the money went, look again, record it."""
    if currency not in EXPONENTS:
        raise Http404
    found = get_object_or_404(request.merchant.partners.select_related("group"), id=partner)
    commissions = list(
        found.commissions.payable()
        .filter(currency=currency)
        .select_related("order")
        .order_by("-occurred_at", "-id")[:_MOST_LISTED]
    )
    ticked = set(request.POST.getlist("id")) if request.method == "POST" else {str(row.id) for row in commissions}
    chosen = [row for row in commissions if str(row.id) in ticked]
    form = PayoutForm(posted(request), initial={"paid_on": timezone.localdate()})
    standing = next((row for row in outstanding_of(found) if row.currency == currency), None)
    owed = standing.owed if standing else 0
    total = sum(row.amount - row.reversed for row in chosen)
    # Ticking asks for the sum alone: nothing was sent yet that could be wrong.
    summing = bool(request.htmx) and request.htmx.target == "total"
    review = False
    if not summing and sent(request, form):
        review = "confirmed" not in request.POST and bool(chosen) and "back" not in request.POST
        if "confirmed" in request.POST:
            with form.refused():
                address = once(request, form, lambda: _record(request, found, [row.id for row in chosen], form))
                return done(request, f"The payout to {found.name} is recorded.", address)
        elif not chosen:
            form.add_error(None, "Choose at least one commission.")
    context: dict[str, Any] = {
        "partner": found, "currency": currency, "form": form, "commissions": commissions, "ticked": ticked,
        "chosen": chosen, "owed": owed, "total": total, "pays": total - owed, "review": review,
        "minimum": minimum_of(request.merchant, found.group, currency),
        "cut": len(commissions) == _MOST_LISTED, "partials": {"total", "ask"} if review else {"total"},
    }  # fmt: skip
    template = "backoffice/payouts/review.html" if review else "backoffice/payouts/new.html"
    answer = page(request, template, context, status=200 if summing else form_status(form))
    if request.htmx and request.htmx.target == "ask" and not review:
        # There is something to mend first, and it is not in the dialog but on the page.
        trigger_client_event(reselect(reswap(retarget(answer, "#main"), "outerHTML"), "#main"), "close-dialog")
    return answer


def _record(request: StaffRequest, partner: Partner, ids: list[UUID], form: PayoutForm) -> str:
    values = {name: form.cleaned_data[name] for name in ("transaction_id", "paid_on", "note")}
    payout = record_payout(partner=partner, commission_ids=ids, actor=request.actor, **values)
    return reverse("backoffice:payouts_detail", args=[request.merchant.slug, payout.id])


def _page_number(request: StaffRequest) -> int:
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 6 else 1
