"""The one door of applications: anybody, at the address of a merchant and one of its programs.

`applicant_page` finds the merchant by its slug and runs the view in the tenant's transaction, rendering included. What
anybody reads here is what the merchant says of itself; nobody learns who is a partner (`affiliates.applications`).
"""

import zoneinfo
from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from affiliates.models import Program
from merchants import tenancy
from merchants.audit import Actor, system
from merchants.errors import NotFound
from merchants.models import Merchant
from pages import answers
from pages.answers import PageRequest, form_status, led_to, posted, sent, view_errors
from pages.brand import digest

# Views find here all that they answer with.
__all__ = ["ApplicantRequest", "applicant_page", "form_status", "led_to", "page", "posted", "sent"]


class ApplicantRequest(PageRequest):
    """What a view gets: Django's request with the program that is applied to. A type only, never instantiated."""

    merchant: Merchant
    program: Program
    actor: Actor


View = Callable[..., HttpResponseBase]


def applicant_page(view: View) -> View:
    """A view for anybody. A program that is not the default one stands in the address by its id."""

    @wraps(view)
    def page(request: HttpRequest, slug: str, program: UUID | None = None, **kwargs: Any) -> HttpResponseBase:
        try:
            merchant_id = tenancy.locate(tenancy.Finds.SLUG, slug)
        except NotFound as error:
            raise Http404 from error

        def inside() -> HttpResponseBase:
            return _inside(cast(ApplicantRequest, request), view, merchant_id, program, kwargs)

        answer = tenancy.run(merchant_id, inside)
        patch_vary_headers(answer, ["HX-Request"])
        answer.headers.setdefault("Cache-Control", "private, no-store")
        return answer

    return page


def _inside(
    request: ApplicantRequest, view: View, merchant_id: UUID, program: UUID | None, kwargs: dict[str, Any]
) -> HttpResponseBase:
    """One attempt at the page, in the tenant's transaction."""
    programs = Merchant(id=merchant_id).programs.select_related("merchant")
    found = programs.filter(**({"id": program} if program else {"is_default": True})).first()
    if found is None:
        raise Http404
    request.program, request.merchant = found, found.merchant
    request.actor = system("Application page")
    with timezone.override(zoneinfo.ZoneInfo(request.merchant.time_zone)), view_errors():
        return view(request, **kwargs)


def page(request: ApplicantRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Render a page in the merchant's brand."""
    merchant = request.merchant
    shell = {
        "merchant": merchant,
        "program": request.program,
        "brand": digest(merchant.brand_color) if merchant.brand_color else "",
    }
    return answers.page(request, template, shell | context, status=status)
