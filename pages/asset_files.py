"""The bytes of assets, in headers that let a browser show a picture and do nothing else with anything.

Whoever asks has come through a door that found the asset. A banner has an address of its own besides, for the pages of
partners: it is a picture that is meant to be seen by everybody, under the code of the link that stands around it.
"""

from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from affiliates.models import Link, PartnerStatus
from merchants import tenancy
from merchants.errors import NotFound
from merchants.models import Merchant
from outreach.models import Asset, AssetKind


def asset_file(asset: Asset, *, to_save: bool) -> FileResponse:
    """The file, streamed from the storage: to look at when it is a picture and not `to_save`, else to save.

    Http404 for an asset without one, also when the storage has lost it.
    """
    if not asset.file:
        raise Http404
    try:
        content = default_storage.open(asset.file)
    except FileNotFoundError as error:
        raise Http404 from error
    inline = asset.kind == AssetKind.BANNER and not to_save
    answer = FileResponse(content, as_attachment=not inline, filename=asset.saved_as, content_type=asset.content_type)
    # It was looked into when it came; should anybody ever get another file there, it runs nowhere.
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


@require_safe
def banner(request: HttpRequest, code: str, asset: UUID) -> HttpResponseBase:
    """`/banner/<link>/<asset>`: while the link works, its partner is approved and the asset is theirs to use."""
    try:
        merchant_id = tenancy.locate(tenancy.Finds.LINK, code)
    except NotFound as error:
        raise Http404 from error
    with tenancy.tenant(merchant_id):
        found = _banner(Merchant(id=merchant_id), code, asset)
    answer = asset_file(found, to_save=False)
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


def _banner(merchant: Merchant, code: str, asset: UUID) -> Asset:
    link = merchant.links.select_related("partner").filter(code=code, is_active=True).first()
    if link is None or link.partner.status != PartnerStatus.APPROVED:
        raise Http404
    found = merchant.assets.usable().seen_by(link.partner).filter(id=asset, kind=AssetKind.BANNER).first()
    if found is None:
        raise Http404
    return found


def banner_address(asset: Asset, link: Link) -> str:
    """Where a partner's page finds the picture."""
    return settings.BASE_URL + reverse("banner", args=[link.code, asset.id])
