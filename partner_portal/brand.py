"""The merchant's colours as a style sheet: the Content-Security-Policy allows no style in the page."""

from django.http import HttpResponse, HttpResponseBase

from pages.brand import digest, style_sheet
from partner_portal.door import PartnerRequest, gate_page

_FOR_GOOD = "public, max-age=31536000, immutable"


@gate_page
def brand(request: PartnerRequest) -> HttpResponseBase:
    """`brand.css?<digest>`: kept for good under the digest that pages name, else for a minute."""
    color = request.partner.merchant.brand_color
    named = request.META["QUERY_STRING"] == digest(color)
    return HttpResponse(
        style_sheet(color),
        content_type="text/css; charset=utf-8",
        headers={"Cache-Control": _FOR_GOOD if named else "public, max-age=60"},
    )
