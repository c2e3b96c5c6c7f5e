"""Paid and unpaid by hand, one or many: a payout outside Accrue or its reversal, never a flag (SPEC A13)."""

from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Sum
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from backoffice.asked import Asked
from backoffice.chosen import Chosen
from backoffice.commissions.list import TOGGLED, address_of, matching, tabs
from backoffice.door import StaffRequest, done, form_status, led_to, page, staff_page
from commissions.models import Commission
from jobs.models import Job
from merchants.errors import DomainError
from merchants.roles import Permission
from pages.forms import PageForm
from payouts.in_bulk import start_marking_paid, start_marking_unpaid
from payouts.manual import mark_paid, mark_unpaid


class PaidForm(PageForm):
    """How the money went."""

    transaction_id = forms.CharField(
        label="Transaction ID", max_length=190, help_text="The bank's or provider's reference; once for each partner."
    )
    paid_on = forms.DateField(label="Paid on", widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(label="Note", max_length=500, required=False)


class UnpaidForm(PageForm):
    """Why it was not paid after all."""

    reason = forms.CharField(label="Reason", max_length=500, help_text="Such as “Bank returned it”.")


@staff_page(Permission.EDIT_PAYOUTS)
def commissions_paid(request: StaffRequest) -> HttpResponseBase:
    """Ask how they were paid, then write it down."""
    chosen = _chosen(request)
    if not chosen.ids:
        return _nothing(request)
    today = timezone.localdate()
    initial = {"paid_on": today, "transaction_id": f"manual-{today}"}
    form = PaidForm(request.POST if chosen.confirmed else None, initial=initial)
    if _is_decided(request, chosen, form):
        how = {"merchant": request.merchant, "commission_ids": chosen.ids, "actor": request.actor, **form.cleaned_data}
        with form.refused():
            if chosen.is_many:
                return _left_to(request, start_marking_paid(**how))
            payouts = mark_paid(**how)
            said = (
                f"Paid: {len(payouts)} payout{'' if len(payouts) == 1 else 's'} recorded."
                if payouts
                else "All were paid."
            )
            return done(request, said, address_of(request))
    return page(request, "backoffice/commissions/paid.html", _context(request, chosen, form), status=form_status(form))


@staff_page(Permission.EDIT_PAYOUTS)
def commissions_unpaid(request: StaffRequest) -> HttpResponseBase:
    """Ask why, then undo the payouts."""
    chosen = _chosen(request)
    if not chosen.ids:
        return _nothing(request)
    form = UnpaidForm(request.POST if chosen.confirmed else None)
    if _is_decided(request, chosen, form):
        how = {"merchant": request.merchant, "commission_ids": chosen.ids, "actor": request.actor, **form.cleaned_data}
        with form.refused():
            if chosen.is_many:
                return _left_to(request, start_marking_unpaid(**how))
            undone = mark_unpaid(**how)
            said = (
                f"Unpaid again: {len(undone)} payout{'' if len(undone) == 1 else 's'} reversed."
                if undone
                else "None was paid."
            )
            return done(request, said, address_of(request))
    context = _context(request, chosen, form)
    return page(request, "backoffice/commissions/unpaid.html", context, status=form_status(form))


@staff_page(Permission.EDIT_PAYOUTS)
def commissions_payment(request: StaffRequest, commission: UUID) -> HttpResponseBase:
    """The badge in the list: one commission paid today, or not paid after all, with one click.

    The form says which (`paid`), so the second click of two changes nothing. It is written down as any payment by hand;
    the reference is ours and can be found by it. A payout that paid others too is refused, as everywhere.
    """
    found = get_object_or_404(request.merchant.commissions, id=commission)
    if request.method != "POST":
        return led_to(request, reverse("backoffice:commissions_detail", args=[request.merchant.slug, found.id]))
    ids, today = [found.id], timezone.localdate()
    status = 200
    try:
        with transaction.atomic():
            if request.POST.get("paid") == "1":
                reference = f"manual-{today}-{uuid4().hex[:6]}"
                changed = mark_paid(
                    merchant=request.merchant, commission_ids=ids, transaction_id=reference, paid_on=today,
                    actor=request.actor,
                )  # fmt: skip
                said = f"Paid, as {reference}." if changed else "It was paid already."
            else:
                why = "Marked unpaid in the list of commissions"
                changed = mark_unpaid(merchant=request.merchant, commission_ids=ids, reason=why, actor=request.actor)
                said = "Unpaid again: its payout is reversed." if changed else "It was not paid."
        messages.success(request, said)
    except DomainError as error:
        status = 422
        messages.error(request, error.message)
    return _row(request, found.id, status) if request.htmx else led_to(request, address_of(request))


def _row(request: StaffRequest, commission: UUID, status: int) -> HttpResponseBase:
    """The row as it stands now, and beside it the tabs' numbers and what was done."""
    rows = request.merchant.commissions.select_related("order", "customer", "partner", "reward_version")
    context = {
        "commission": rows.get(id=commission), "toggled": TOGGLED, "query": request.GET.urlencode(), "changed": True,
        "tabs": tabs(request.merchant), "status": request.GET.get("status", ""), "oob": True,
    }  # fmt: skip
    answer = render(request, "backoffice/commissions/list.html#row", context, status=status)
    for part in ("backoffice/commissions/list.html#tabs", "components/toasts.html"):
        answer.content += render(request, part, context).content
    return answer


def _chosen(request: StaffRequest) -> Chosen[Commission]:
    return Chosen(request, matching(Asked.of(request)))


def _is_decided(request: StaffRequest, chosen: Chosen[Commission], form: PageForm) -> bool:
    """Whether it was asked and answered, about these."""
    if chosen.are_others:
        messages.error(request, "Meanwhile other commissions match. Nothing is changed yet: look again.")
    return chosen.confirmed and form.is_valid() and not chosen.are_others


def _left_to(request: StaffRequest, job: Job) -> HttpResponseBase:
    return led_to(request, reverse("backoffice:jobs_detail", args=[request.merchant.slug, job.id]))


def _nothing(request: StaffRequest) -> HttpResponseBase:
    return done(request, "Nothing was changed: choose commissions in the list first.", address_of(request))


def _context(request: StaffRequest, chosen: Chosen[Commission], form: PageForm) -> dict[str, object]:
    rows = chosen.rows.order_by()
    totals = rows.values_list("currency").annotate(sum=Sum("amount") - Sum("reversed")).order_by("currency")
    partners = rows.values("partner").distinct().count()
    return {"form": form, "chosen": chosen, "totals": list(totals), "partners": partners, "partials": {"ask"}}
