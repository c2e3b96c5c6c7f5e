"""A partner's coupon codes and links: add, switch on and off, date, limit, show as QR (SPEC A4, A5)."""

import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import segno
from django import forms
from django.db.models import Count
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from affiliates.coupons import create_coupon, update_coupon
from affiliates.links import create_link, update_link
from affiliates.models import Coupon, Link, Partner
from backoffice.door import StaffRequest, done, form_status, once, page, posted, sent, staff_page
from backoffice.partners.editor import partner_of, partner_page
from merchants.edits import lock
from merchants.roles import Permission
from pages.forms import OnceField, PageForm, SeenField

_MOST_SHOWN = 200


_MINUTE = "%Y-%m-%dT%H:%M"


def _moment_field(label: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTE)
    return forms.DateTimeField(label=label, required=False, widget=widget, input_formats=[_MINUTE])


class CouponForm(PageForm):
    """A new code."""

    once = OnceField()
    code = forms.CharField(label="Code", max_length=64)
    max_uses = forms.IntegerField(label="Limit of uses", required=False, min_value=1)
    ends_at = _moment_field("Ends")


class CouponTermsForm(PageForm):
    """What may change about a code that is out there."""

    seen = SeenField()
    starts_at = _moment_field("Starts")
    ends_at = _moment_field("Ends")
    max_uses = forms.IntegerField(label="Limit of uses", required=False, min_value=1)


class LinkForm(PageForm):
    """A new link."""

    once = OnceField()
    code = forms.CharField(label="Name in the link", max_length=64)
    destination = forms.URLField(label="Leads to", max_length=2000, assume_scheme="https")


@staff_page(Permission.VIEW, post=Permission.EDIT_PARTNERS)
def partners_codes(request: StaffRequest, partner: UUID) -> HttpResponseBase:
    """Codes and links; takes both forms, told apart by the name of their button."""
    found = partner_of(request, partner)
    posted = request.POST if request.method == "POST" else None
    coupon = CouponForm(posted if posted and "add_code" in posted else None, prefix="coupon")
    link = LinkForm(posted if posted and "add_link" in posted else None, prefix="link", initial=_link_initial(found))
    address = reverse("backoffice:partners_codes", args=[request.merchant.slug, found.id])
    if coupon.is_bound and sent(request, coupon):
        with coupon.refused():
            values = {name: coupon.cleaned_data[name] for name in ("code", "max_uses", "ends_at")}
            made = once(
                request, coupon, lambda: _at(address, create_coupon(partner=found, **values, actor=request.actor))
            )
            return done(request, f"{values['code']} works from now on.", made)
    if link.is_bound and sent(request, link):
        with link.refused():
            wanted = {name: link.cleaned_data[name] for name in ("code", "destination")}
            made = once(request, link, lambda: _at(address, create_link(partner=found, **wanted, actor=request.actor)))
            return done(request, f"The link {wanted['code']} works from now on.", made)
    context = {
        "coupon_form": coupon,
        "link_form": link,
        "coupons": found.coupons.order_by("-is_active", "-created_at")[:_MOST_SHOWN],
        "links": _links(request, found),
        "now": timezone.now(),
        "domains": request.merchant.domains,
    }
    status = max(form_status(coupon), form_status(link))
    return partner_page(request, found, "codes", context, status=status)


@staff_page(Permission.EDIT_PARTNERS)
def partners_code(request: StaffRequest, partner: UUID, coupon: UUID) -> HttpResponseBase:
    """Date a code and limit it, after it was made. The code itself stays: it is printed somewhere."""
    found = partner_of(request, partner)
    row = get_object_or_404(found.coupons, id=coupon)
    names = ["starts_at", "ends_at", "max_uses"]
    form = CouponTermsForm(
        posted(request), initial={name: getattr(row, name) for name in names} | {"seen": SeenField.now()}
    )
    address = reverse("backoffice:partners_codes", args=[request.merchant.slug, found.id])
    if sent(request, form):
        lock(row)
        if not form.overtaken(request.merchant, "coupon", row.id, names):
            with form.refused():
                update_coupon(row, changes={name: form.cleaned_data[name] for name in names}, actor=request.actor)
                return done(request, f"{row.code} is saved.", address)
    context = {"partner": found, "coupon": row, "form": form, "back": address, "partials": {"ask"}}
    return page(request, "backoffice/partners/code.html", context, status=form_status(form))


@staff_page(Permission.EDIT_PARTNERS)
def partners_switch(request: StaffRequest, partner: UUID, kind: str, item: UUID) -> HttpResponseBase:
    """Set a code or link on or off; the form says which, so sending it twice changes nothing."""
    found = partner_of(request, partner)
    address = reverse("backoffice:partners_codes", args=[request.merchant.slug, found.id])
    row: Coupon | Link
    row = get_object_or_404(found.coupons, id=item) if kind == "code" else get_object_or_404(found.links, id=item)
    if request.method != "POST":
        return page(request, "backoffice/partners/switch.html", {"partner": found, "row": row, "back": address})
    on = request.POST.get("on") == "1"
    if isinstance(row, Coupon):
        update_coupon(row, changes={"is_active": on}, actor=request.actor)
    else:
        update_link(row, changes={"is_active": on}, actor=request.actor)
    return done(request, f"{row.code} is switched {'on' if on else 'off'}.", address)


@staff_page(Permission.VIEW)
def partners_qr(request: StaffRequest, partner: UUID, link: UUID) -> HttpResponseBase:
    """The link as a QR code, a picture without an end to its sharpness; `?download` saves it."""
    found = get_object_or_404(partner_of(request, partner).links, id=link)
    picture = io.BytesIO()
    segno.make(_short(request, found), error="m").save(picture, kind="svg", scale=8, border=2, xmldecl=False)
    answer = HttpResponse(picture.getvalue(), content_type="image/svg+xml")
    if "download" in request.GET:
        answer.headers["Content-Disposition"] = f'attachment; filename="{found.code}.svg"'
    return answer


def _at(address: str, made: Coupon | Link) -> str:
    """Where the form that made it leads: to the list in which it now is."""
    return f"{address}#{made.id}"


def _short(request: StaffRequest, link: Link) -> str:
    return request.build_absolute_uri(reverse("follow", args=[link.code]))


def _links(request: StaffRequest, partner: Partner) -> list[dict[str, Any]]:
    """Each link with its addresses and how often it was followed in the last 30 days."""
    links = list(partner.links.order_by("-is_active", "-created_at")[:_MOST_SHOWN])
    since = timezone.now() - timedelta(days=30)
    clicks = dict(
        partner.clicks.filter(link__in=links, clicked_at__gte=since)
        .values_list("link")
        .annotate(number=Count("*"))
        .order_by()
    )
    return [{"link": link, "short": _short(request, link), "clicks": clicks.get(link.id, 0)} for link in links]


def _link_initial(partner: Partner) -> dict[str, str]:
    domains = partner.merchant.domains
    return {"destination": f"https://{domains[0]}/"} if domains else {}
