"""What the merchant gives partners to work with, with each partner's own link and code in it (SPEC Q3, A19)."""

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.utils.html import format_html

from affiliates.models import Coupon, Link, Partner, PartnerStatus
from outreach.library import note_use
from outreach.models import Asset, AssetKind, AssetQuerySet
from pages.asset_files import asset_file, banner_address
from partner_portal.door import PartnerRequest, page, partner_page
from partner_portal.links import address_of, usable_coupons


@dataclass(frozen=True, slots=True)
class Shown:
    """An asset as the partner uses it."""

    asset: Asset
    text: str = ""
    """What is copied: the text with link and code put in, or the HTML of a banner."""


@partner_page
def assets(request: PartnerRequest) -> HttpResponseBase:
    """All that are for this partner, in the merchant's order."""
    partner = request.partner
    link = partner.links.filter(is_active=True).order_by("created_at", "id").first()
    coupons = usable_coupons(partner)[:1]
    shown = [Shown(asset, _copied(asset, link, coupons[0] if coupons else None)) for asset in _mine(partner)]
    return page(request, "partner_portal/assets.html", {"assets": shown, "link": link})


@partner_page
def assets_file(request: PartnerRequest, asset: UUID) -> HttpResponseBase:
    """The file: a picture to look at; everything else, and `?download`, to save, which is counted."""
    found = _mine(request.partner).filter(id=asset).first()
    if found is None:
        raise Http404
    to_save = found.kind != AssetKind.BANNER or "download" in request.GET
    answer = asset_file(found, to_save=to_save)
    if to_save and request.method == "GET":
        note_use(found, request.partner)
    return answer


def _mine(partner: Partner) -> AssetQuerySet:
    """Only an approved partner has any: others have nothing to share."""
    rows: AssetQuerySet = partner.merchant.assets.usable().seen_by(partner)
    return rows if partner.status == PartnerStatus.APPROVED else rows.none()


def _copied(asset: Asset, link: Link | None, coupon: Coupon | None) -> str:
    if asset.kind == AssetKind.TEXT:
        text = asset.body.replace("{link}", address_of(link) if link else "")
        return text.replace("{code}", coupon.code if coupon else "")
    if asset.kind == AssetKind.BANNER and link is not None:
        return format_html(
            '<a href="{}" rel="sponsored"><img src="{}" width="{}" height="{}" alt="{}"></a>',
            address_of(link), banner_address(asset, link), asset.width, asset.height, asset.title,
        )  # fmt: skip
    return ""
