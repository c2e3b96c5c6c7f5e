"""The partner's lists as files: CSV at once, XLSX by a job of the partner's own."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponseBase, QueryDict
from django.urls import reverse

from jobs.kinds import Kind, Work
from jobs.models import Job
from jobs.start import start
from pages.exports import Export
from partner_portal import earnings, payouts
from partner_portal.asked import Asked
from partner_portal.door import PartnerRequest, led_to, partner_page

View = Callable[..., HttpResponseBase]
_Export = Export[Asked, Any]


def csv_page(export: _Export) -> View:
    """The page of a list as a CSV file."""

    @partner_page
    def view(request: PartnerRequest) -> HttpResponseBase:
        return export.csv(Asked.of(request))

    return view


def xlsx_page(export: _Export) -> View:
    """The address that has a list written as a workbook, and leads to the job's page."""

    @partner_page
    def view(request: PartnerRequest) -> HttpResponseBase:
        partner = request.partner
        if request.method != "POST":
            return led_to(request, reverse("portal:jobs", args=[partner.portal_code]))
        query = request.GET.copy()
        query.pop("page", None)
        parameters = {"query": query.urlencode()}
        job = start(_kind_name(export), merchant=partner.merchant, parameters=parameters, actor=request.actor)
        return led_to(request, reverse("portal:jobs_detail", args=[partner.portal_code, job.id]))

    return view


def _kind_name(export: _Export) -> str:
    return f"portal.{export.name}"


def _kind(export: _Export) -> Kind:
    def work(job: Job, parameters: Mapping[str, Any]) -> Work:
        """`query`: the list's query string. The rows are those of the partner who started it."""
        partner = job.merchant.partners.select_related("merchant").get(id=str(job.actor_id))
        # Like every generator, this one begins with its first step: inside the tenant.
        yield from export.xlsx(Asked(partner, QueryDict(parameters["query"])))

    return Kind(_kind_name(export), export.title, export.needs, work)


KINDS = (_kind(earnings.EXPORT), _kind(payouts.EXPORT))
