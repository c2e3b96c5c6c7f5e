"""The customer editor, section by section as SPEC C1 (R0) lists them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from backoffice.audit import changes_of
from backoffice.customers.belonging import customer_of
from backoffice.door import StaffRequest, done, form_status, once, page, posted, sent, staff_page
from backoffice.partners.choosing import PartnerField
from customers.models import Customer, CustomerStatus
from customers.provider_keys import add_provider_key
from customers.records import create_customer, update_customer
from merchants.edits import lock
from merchants.models import Merchant
from merchants.roles import Permission
from orders.models import Order
from pages.forms import OnceField, PageForm, SeenField
from pages.listing import Sort, sheet
from stats.reading import customer_totals
from stats.rollup import refresh_customer
from tracking.customer_erasure import delete_customer
from tracking.reattribution import reattribute

_SORTS = {"date": Sort("placed_at", datetime), "amount": Sort("amount", int)}
_PER_PAGE = 10


class CustomerForm(PageForm):
    """What staff may change about a customer."""

    name = forms.CharField(label="Name", max_length=200)
    email = forms.EmailField(label="Email", max_length=254, help_text="Used for order tracking and program emails.")
    external_id = forms.CharField(
        label="External ID", max_length=200, required=False,
        help_text="The ID in your own system, for example a Stripe customer ID.",
    )  # fmt: skip


class EditForm(CustomerForm):
    """The same for a customer who is there."""

    seen = SeenField()


class NewForm(CustomerForm):
    """The same for a new one, with whose they are."""

    once = OnceField()
    partner = PartnerField(required=False, help_text="Their orders are this partner's.")
    provider = forms.CharField(label="Payment provider", max_length=20, required=False, help_text="Such as stripe.")
    key = forms.CharField(
        label="Provider key", max_length=200, required=False,
        help_text="What the provider calls the customer: recurring charges know nothing else.",
    )  # fmt: skip
    renames = {"partner_id": "partner"}

    def clean(self) -> dict[str, Any]:
        """Provider and key go together."""
        values = self.cleaned_data
        if bool(values.get("provider")) != bool(values.get("key")):
            self.add_error("key" if values.get("provider") else "provider", "Give both, or neither.")
        return values


class DeleteForm(PageForm):
    """What has to be typed before a customer is deleted."""

    confirm = forms.CharField(label="Confirm", max_length=254)

    def __init__(self, *args: Any, wanted: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wanted = wanted

    def clean_confirm(self) -> str:
        """Exactly what names the customer."""
        typed: str = self.cleaned_data["confirm"].strip()
        if typed != self.wanted:
            raise forms.ValidationError(f"Type {self.wanted} to delete this customer.")
        return typed


@staff_page(Permission.EDIT_CUSTOMERS)
def customers_new(request: StaffRequest) -> HttpResponseBase:
    """A customer by hand."""
    form = NewForm(posted(request))
    if sent(request, form):
        with form.refused():
            address = once(request, form, lambda: _make(request, form))
            return done(request, f"{form.cleaned_data['name']} is a customer now.", address)
    return page(request, "backoffice/customers/new.html", {"form": form}, status=form_status(form))


@staff_page(Permission.VIEW, post=Permission.EDIT_CUSTOMERS)
def customers_detail(request: StaffRequest, customer: UUID) -> HttpResponseBase:
    """The editor; saved, it leads back to the list. Rows of the books still lead here when the customer is deleted."""
    found = get_object_or_404(_with_keys(request.merchant).select_related("attribution__partner"), id=customer)
    if found.status == CustomerStatus.ERASED:
        return page(request, "backoffice/customers/gone.html", {}, status=410)
    names = ["name", "email", "external_id"]
    initial = {name: getattr(found, name) or "" for name in names}
    form = EditForm(posted(request), initial={**initial, "seen": SeenField.now()})
    if sent(request, form):
        lock(found)
        if not form.overtaken(request.merchant, "customer", found.id, names):
            with form.refused():
                update_customer(found, changes={name: form.cleaned_data[name] for name in names}, actor=request.actor)
                address = reverse("backoffice:customers", args=[request.merchant.slug])
                return done(request, f"{found} is saved.", address)
    orders = sheet(request, found.orders.select_related("partner"), sorts=_SORTS, default="-date", size=_PER_PAGE)
    entries = request.merchant.audit_entries.filter(object_type="customer", object_id=found.id)
    last = entries.exclude(actor_kind="operator").order_by("-id").first()
    context = {
        "customer": found,
        "form": form,
        "sheet": orders,
        "orders": _with_commissions(request.merchant, orders.rows),
        "totals": customer_totals(found.id),
        "last": last,
        "fresh": False,
        "attribution": getattr(found, "attribution", None),
        "partials": {"list"},
    }
    return page(request, "backoffice/customers/detail.html", context, status=form_status(form))


def _with_keys(merchant: Merchant) -> "QuerySet[Customer]":
    """The customers with `keys`: what payment providers call them, in the query that fetches them."""
    keys = merchant.provider_keys.filter(customer_id=OuterRef("pk")).order_by("provider", "key")
    shown = keys.values_list(JSONObject(id="id", provider="provider", key="key"))
    return merchant.customers.annotate(keys=ArraySubquery(shown))


@staff_page(Permission.VIEW)
def customers_stats(request: StaffRequest, customer: UUID) -> HttpResponseBase:
    """The three cards, recalculated: the page shows stored numbers at once and asks for these."""
    found = customer_of(request, customer)
    refresh_customer(found.id)
    context = {"customer": found, "totals": customer_totals(found.id), "fresh": True, "partials": {"stats"}}
    return page(request, "backoffice/customers/stats.html", context)


@staff_page(Permission.VIEW)
def customers_timeline(request: StaffRequest, customer: UUID) -> HttpResponseBase:
    """What happened with the customer: orders, refunds, leads and what staff did, newest first."""
    found = customer_of(request, customer)
    merchant = request.merchant
    orders = list(found.orders.select_related("partner").order_by("-placed_at")[:100])
    refunds = merchant.refunds.filter(order__in=orders).select_related("order")
    entries = merchant.audit_entries.filter(object_type="customer", object_id=found.id).order_by("-id")[:100]
    events: list[tuple[datetime, str, Any]] = [
        *((order.placed_at, "order", order) for order in orders),
        *((refund.refunded_at, "refund", refund) for refund in refunds),
        *((lead.occurred_at, "lead", lead) for lead in found.leads.order_by("-occurred_at")[:100]),
        *((entry.at, "entry", (entry, list(changes_of(entry)))) for entry in entries),
    ]
    events.sort(key=lambda event: event[0], reverse=True)
    return page(request, "backoffice/customers/timeline.html", {"customer": found, "events": events[:200]})


@staff_page(Permission.EDIT_CUSTOMERS)
def customers_delete(request: StaffRequest, customer: UUID) -> HttpResponseBase:
    """The page behind the dialog: asks for the e-mail, then deletes."""
    found = customer_of(request, customer)
    form = DeleteForm(posted(request), wanted=_name_of(found))
    if sent(request, form):
        name = str(found)
        delete_customer(found, actor=request.actor)
        address = reverse("backoffice:customers", args=[request.merchant.slug])
        return done(request, f"{name} is deleted.", address)
    context = {"customer": found, "form": form, "confirm": _name_of(found), "partials": {"ask"}}
    return page(request, "backoffice/customers/delete.html", context, status=form_status(form))


def _name_of(customer: Customer) -> str:
    """What has to be typed to delete them."""
    return customer.email or customer.external_id or customer.phone or str(customer.id)


def _make(request: StaffRequest, form: NewForm) -> str:
    values = {name: form.cleaned_data[name] for name in ("name", "email", "external_id")}
    made = create_customer(**values, actor=request.actor)
    typed = form.cleaned_data
    if typed["key"]:
        add_provider_key(made, provider=typed["provider"], key=typed["key"], actor=request.actor)
    if typed["partner"]:
        reattribute(made, partner=typed["partner"], reason="Added with this partner", actor=request.actor)
    return reverse("backoffice:customers_detail", args=[request.merchant.slug, made.id])


def _with_commissions(merchant: Merchant, orders: list[Order]) -> list[tuple[Order, list[Any]]]:
    """Each order with its commissions: one query."""
    by_order: dict[UUID | None, list[Any]] = {}
    for commission in merchant.commissions.filter(order__in=orders).order_by("id"):
        by_order.setdefault(commission.order_id, []).append(commission)
    return [(order, by_order.get(order.id, [])) for order in orders]
