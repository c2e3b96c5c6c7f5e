"""Whose a customer is, and what payment providers call them: changed by hand (SPEC A17, A20, C14)."""

from datetime import datetime, time
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from backoffice.door import StaffRequest, done, form_status, page, posted, sent, staff_page
from backoffice.partners.choosing import PartnerField
from customers.models import Customer, CustomerStatus
from customers.provider_keys import add_provider_key, remove_provider_key
from merchants.roles import Permission
from pages.forms import PageForm
from tracking.reattribution import Past, Reattribution, reattribute


class BelongingForm(PageForm):
    """Whom the customer shall belong to, and what becomes of the past."""

    renames = {"partner_id": "partner"}
    partner = PartnerField(required=False, help_text="Empty: nobody, later orders are direct.")
    past = forms.ChoiceField(
        label="Orders of the past",
        choices=[
            (Past.STAYS.value, "Stay as they are"),
            (Past.SINCE.value, "Move from a date on"),
            (Past.UNPAID.value, "Move what is unpaid"),
        ],
        help_text="An order that arrives later goes to whom the customer belonged to when it was placed.",
    )
    since = forms.DateField(
        label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Only when orders move from a date on.",
    )  # fmt: skip
    reason = forms.CharField(label="Reason", max_length=500, help_text="Kept in the audit log.")


class KeyForm(PageForm):
    """A key of a payment provider."""

    provider = forms.CharField(label="Provider", max_length=20, help_text="Such as stripe or recurly.")
    key = forms.CharField(label="Key", max_length=200, help_text="What the provider calls this customer.")


@staff_page(Permission.EDIT_COMMISSIONS)
def customers_reattribute(request: StaffRequest, customer: UUID) -> HttpResponseBase:
    """Say to whom, look at all that moves, then give. What was looked at is what is done, or it is shown anew."""
    found = customer_of(request, customer)
    before = request.merchant.customer_attributions.filter(customer=found).select_related("partner").first()
    form = BelongingForm(posted(request), initial={"past": Past.STAYS.value})
    preview: Reattribution | None = None
    if sent(request, form):
        with form.refused():
            preview = _reattribute(request, found, form.cleaned_data, dry_run=True)
            seen = request.POST.get("seen")
            # The second of two clicks finds nothing left to do, and is answered like the first.
            if seen and (seen == _digest(preview) or not preview.changes_something):
                _reattribute(request, found, form.cleaned_data, dry_run=False)
                return done(request, _said(found, preview), _address(request, found))
            if seen:
                messages.error(request, "Meanwhile something else would move. Nothing is changed yet: look again.")
    context = {
        "customer": found,
        "before": before.partner if before else None,
        "form": form,
        "preview": preview,
        "seen": _digest(preview) if preview else "",
        "partials": {"ask"},
    }
    return page(request, "backoffice/customers/reattribute.html", context, status=form_status(form))


@staff_page(Permission.EDIT_CUSTOMERS)
def customers_key_add(request: StaffRequest, customer: UUID) -> HttpResponseBase:
    """Add what a payment provider calls the customer."""
    found = customer_of(request, customer)
    form = KeyForm(posted(request), initial={"provider": "stripe"})
    if sent(request, form):
        with form.refused():
            add_provider_key(found, **form.cleaned_data, actor=request.actor)
            return done(request, "Charges that name this key find the customer now.", _address(request, found))
    context = {"customer": found, "form": form, "partials": {"ask"}}
    return page(request, "backoffice/customers/key.html", context, status=form_status(form))


@staff_page(Permission.EDIT_CUSTOMERS)
def customers_key_remove(request: StaffRequest, customer: UUID, provider_key: UUID) -> HttpResponseBase:
    """Ask, then remove one."""
    found = customer_of(request, customer)
    key = get_object_or_404(found.provider_keys, id=provider_key)
    if request.method == "POST":
        remove_provider_key(found, key.id, actor=request.actor)
        return done(
            request, "The key is removed: charges that name it do not find the customer.", _address(request, found)
        )
    context = {"customer": found, "key": key, "partials": {"ask"}}
    return page(request, "backoffice/customers/key_remove.html", context)


def customer_of(request: StaffRequest, customer: UUID) -> Customer:
    """The customer, unless they were deleted: 404 then."""
    return get_object_or_404(request.merchant.customers.exclude(status=CustomerStatus.ERASED), id=customer)


def _reattribute(request: StaffRequest, customer: Customer, values: dict[str, Any], *, dry_run: bool) -> Reattribution:
    since = values["since"]
    return reattribute(
        customer,
        partner=values["partner"],
        past=values["past"],
        # The merchant's day begins by the merchant's clock.
        since=datetime.combine(since, time(), timezone.get_current_timezone()) if since else None,
        reason=values["reason"],
        dry_run=dry_run,
        actor=request.actor,
    )


def _digest(preview: Reattribution) -> str:
    """Of exactly what would be done."""
    moves = [(str(move.order.id), move.was, move.will) for move in preview.moves]
    stays = [(str(stay.order.id), stay.why) for stay in preview.stays]
    what = (preview.before and preview.before.id, preview.after and preview.after.id, moves, stays)
    return blake2b(repr(what).encode(), digest_size=16).hexdigest()


def _said(customer: Customer, preview: Reattribution) -> str:
    to = preview.after.name if preview.after else "nobody"
    count = len(preview.moves)
    moved = f"{count} order{'' if count == 1 else 's'} moved." if count else "The past stays as it was."
    return f"{customer} belongs to {to} now. {moved}"


def _address(request: StaffRequest, customer: Customer) -> str:
    return reverse("backoffice:customers_detail", args=[request.merchant.slug, customer.id])
