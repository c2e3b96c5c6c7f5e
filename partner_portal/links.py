"""Links and coupon codes to share (SPEC Q3)."""

import io
from uuid import UUID

import segno
from django import forms
from django.conf import settings
from django.db.models import F, Q, QuerySet, Subquery
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from affiliates.links import create_own_link
from affiliates.models import Coupon, Link, Partner, PartnerStatus
from pages.forms import OnceField, PageForm
from partner_portal.door import PartnerRequest, done, form_status, once, page, partner_page, posted, sent

#: More than these are not shown on one page; nobody has them.
_MOST = 200


class LinkForm(PageForm):
    """A page of the merchant's site."""

    once = OnceField()
    destination = forms.CharField(
        label="Page address",
        max_length=2000,
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
    )


@partner_page
def links(request: PartnerRequest) -> HttpResponseBase:
    """All links and codes, and a form for another link."""
    partner = request.partner
    form = LinkForm(posted(request))
    if sent(request, form):
        with form.refused():
            address = once(request, form, lambda: _made(request, form.cleaned_data["destination"]))
            return done(request, "Your link is ready to be copied.", address)
    domains = partner.merchant.domains
    context = {
        "form": form,
        "links": [
            (link, address_of(link)) for link in partner.links.order_by("-is_active", "created_at", "id")[:_MOST]
        ],
        "coupons": [(coupon, _state(coupon)) for coupon in partner.coupons.order_by("created_at", "id")[:_MOST]],
        "domains": domains,
        "may_make": partner.status == PartnerStatus.APPROVED and bool(domains),
    }
    return page(request, "partner_portal/links.html", context, status=form_status(form))


@partner_page
def link_qr(request: PartnerRequest, link: UUID) -> HttpResponseBase:
    """The link as a QR code, to look at (`?show`) or to save: an SVG that prints in any size."""
    found = get_object_or_404(request.partner.links.all(), id=link)
    image = io.BytesIO()
    segno.make(address_of(found), error="m", micro=False).save(image, kind="svg", scale=8, border=2, light="#fff")
    answer = HttpResponse(image.getvalue(), content_type="image/svg+xml")
    if "show" not in request.GET:
        answer.headers["Content-Disposition"] = f'attachment; filename="{found.code}.svg"'
    return answer


def _made(request: PartnerRequest, destination: str) -> str:
    create_own_link(partner=request.partner, destination=destination, actor=request.actor)
    return reverse("portal:links", args=[request.partner.portal_code])


def address_of(link: Link) -> str:
    """What the partner shares."""
    return _address(link.code)


def _address(code: str) -> str:
    return f"{settings.BASE_URL}/r/{code}"


def usable_coupons(partner: Partner) -> "QuerySet[Coupon]":
    """Codes that work now, the oldest first."""
    now = timezone.now()
    rows = partner.coupons.filter(
        Q(starts_at=None) | Q(starts_at__lte=now),
        Q(ends_at=None) | Q(ends_at__gt=now),
        Q(max_uses=None) | Q(uses__lt=F("max_uses")),
        is_active=True,
    )
    return rows.order_by("created_at", "id")


def to_share(partner: Partner) -> tuple[str, str]:
    """The address of the oldest link that works and the oldest such code, each empty when there is none. One query."""
    links = partner.links.filter(is_active=True).order_by("created_at", "id")
    codes = (Subquery(rows.values("code")[:1]) for rows in (links, usable_coupons(partner)))
    link, coupon = partner.merchant.partners.filter(id=partner.id).values_list(*codes).get()
    return _address(link) if link else "", coupon or ""


def _state(coupon: Coupon) -> tuple[str, str]:
    """A status that badges know, and the word for it when that is another one."""
    now = timezone.now()
    if not coupon.is_active:
        return "inactive", "Switched off"
    if coupon.ends_at and coupon.ends_at <= now:
        return "expired", "Ended"
    if coupon.starts_at and coupon.starts_at > now:
        return "invited", "Not yet"
    if coupon.max_uses is not None and coupon.uses >= coupon.max_uses:
        return "inactive", "Used up"
    return "active", ""
