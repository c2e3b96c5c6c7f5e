"""Where a merchant's logo is found: by everybody who has the address, for mail programs sign in nowhere."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from merchants import tenancy
from merchants.errors import NotFound
from merchants.logo import content_type, read_logo, version
from merchants.models import Merchant

_FOR_GOOD = "public, max-age=31536000, immutable"


@require_safe
def logo(request: HttpRequest, slug: str) -> HttpResponseBase:
    """`/logo/<slug>?<version>`: kept for good under the version that pages name, else for a minute.

    Another version answers with the logo of today, so an old e-mail shows it too.
    """
    try:
        with tenancy.tenant(tenancy.locate(tenancy.Finds.SLUG, slug)):
            merchant = Merchant.objects.get(slug=slug)
    except NotFound as error:
        raise Http404 from error
    if not merchant.logo:
        raise Http404
    now = version(merchant)
    etag = quote_etag(now)
    answer = get_conditional_response(request, etag=etag, response=None) or _file(merchant)
    answer.headers["ETag"] = etag
    answer.headers["Cache-Control"] = _FOR_GOOD if request.META["QUERY_STRING"] == now else "public, max-age=60"
    return answer


def _file(merchant: Merchant) -> HttpResponse:
    try:
        picture = read_logo(merchant)
    except FileNotFoundError as error:
        raise Http404 from error
    # It was written by ourselves; should anybody ever get another file there, it is a picture to browsers or nothing.
    return HttpResponse(
        picture,
        content_type=content_type(merchant),
        headers={
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Content-Disposition": "inline",
        },
    )


def logo_path(merchant: Merchant) -> str:
    """Its address on this site; empty without a logo."""
    return f"{reverse('logo', args=[merchant.slug])}?{version(merchant)}" if merchant.logo else ""


def logo_address(merchant: Merchant) -> str:
    """Its address from anywhere, for e-mail; empty without a logo."""
    return settings.BASE_URL + logo_path(merchant) if merchant.logo else ""
