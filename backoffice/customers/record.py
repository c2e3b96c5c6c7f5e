"""Recording an order by hand (SPEC A15): the same way as every sale, from a form."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from backoffice.door import StaffRequest, done, form_status, once, page, posted, sent, staff_page
from backoffice.partners.choosing import PartnerField
from customers.models import Customer, CustomerStatus
from merchants.money import EXPONENTS
from merchants.roles import Permission
from pages.forms import MoneyField, OnceField, PageForm
from tracking.events import Line, ProviderKey, Sale, SaleCustomer
from tracking.ingest import record

_CURRENCIES = [(code, code) for code in sorted(EXPONENTS)]


class OrderForm(PageForm):
    """An order as somebody would tell it."""

    once = OnceField()
    order_id = forms.CharField(label="Order ID", max_length=200)
    amount = MoneyField(label="Total amount")
    currency = forms.ChoiceField(label="Currency", choices=_CURRENCIES)
    product_key = forms.CharField(
        label="Product key",
        max_length=200,
        required=False,
        help_text="Needed where rewards are for certain products.",
    )
    coupon = forms.CharField(label="Coupon", max_length=64, required=False)
    partner = PartnerField(required=False, help_text="When no coupon says whose it is.")
    placed_at = forms.DateTimeField(
        label="Date", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}), input_formats=["%Y-%m-%dT%H:%M"]
    )
    notes = forms.CharField(label="Notes", max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}))


@staff_page(Permission.RECORD_SALES)
def customers_record(request: StaffRequest, customer: UUID) -> HttpResponseBase:
    """The form; on success the order's page, with what it earned and why."""
    found = get_object_or_404(request.merchant.customers.exclude(status=CustomerStatus.ERASED), id=customer)
    initial = {
        "currency": request.merchant.currency,
        "placed_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M"),
    }
    form = OrderForm(posted(request), initial=initial)
    if sent(request, form):
        with form.refused():
            address = once(request, form, lambda: _record(request, found, form.cleaned_data))
            return done(request, f"Order {form.cleaned_data['order_id']} is recorded.", address)
    context = {"customer": found, "form": form}
    return page(request, "backoffice/customers/record.html", context, status=form_status(form))


def _record(request: StaffRequest, customer: Customer, values: dict[str, Any]) -> str:
    placed_at: datetime = values["placed_at"]
    sale = Sale(
        order_id=values["order_id"],
        source="manual",
        amount=values["amount"],
        currency=values["currency"],
        lines=[Line(amount=values["amount"], product_key=values["product_key"])] if values["product_key"] else [],
        coupon=values["coupon"] or None,
        partner=str(values["partner"].id) if values["partner"] else None,
        notes=values["notes"],
        # A minute is what the form knows, and all of it is meant: terms that were set in its first half count.
        placed_at=min(placed_at + timedelta(seconds=59), timezone.now()).astimezone(UTC),
        customer=_named(customer),
    )
    (outcome,) = record([sale], actor=request.actor)
    if outcome.error is not None:
        raise outcome.error
    assert outcome.answer is not None
    return reverse("backoffice:orders_detail", args=[request.merchant.slug, outcome.answer.order.id])


def _named(customer: Customer) -> SaleCustomer:
    """The customer by all that a sale can find them by."""
    key = customer.provider_keys.order_by("id").first()
    return SaleCustomer(
        external_id=customer.external_id,
        provider_key=ProviderKey(provider=key.provider, key=key.key) if key else None,
        email=customer.email,
        phone=customer.phone,
    )
