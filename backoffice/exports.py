"""The lists of the back-office as files: CSV at once, XLSX by a job that leads to its file."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponseBase, QueryDict
from django.urls import reverse

from backoffice import audit, orders
from backoffice.asked import Asked
from backoffice.bonuses import list as bonuses
from backoffice.commissions import list as commissions
from backoffice.customers import list as customers
from backoffice.door import StaffRequest, led_to, page, staff_page
from backoffice.partners import list as partners
from backoffice.payouts import history as payouts
from jobs.kinds import Kind, Work
from jobs.models import Job
from jobs.start import start
from merchants.roles import Permission
from pages.exports import Export

View = Callable[..., HttpResponseBase]
_Export = Export[Asked, Any]

EXPORTS: tuple[_Export, ...] = (
    partners.EXPORT, customers.EXPORT, orders.EXPORT, commissions.EXPORT, payouts.EXPORT, audit.EXPORT, bonuses.EXPORT,
)  # fmt: skip


def csv_page(permission: Permission, export: _Export) -> View:
    """The page of a list as a CSV file, for whoever may see the list."""

    @staff_page(permission)
    def view(request: StaffRequest) -> HttpResponseBase:
        return export.csv(Asked.of(request))

    return view


def xlsx_page(permission: Permission, export: _Export) -> View:
    """The address that has a list written as a workbook, and leads to the job's page."""

    @staff_page(permission)
    def view(request: StaffRequest) -> HttpResponseBase:
        if not all(request.may(each) for each in export.needs):
            return page(request, "backoffice/refused.html", {}, status=403)
        if request.method != "POST":
            return led_to(request, reverse("backoffice:jobs", args=[request.merchant.slug]))
        query = request.GET.copy()
        query.pop("page", None)
        parameters = {"query": query.urlencode()}
        job = start(_kind_name(export), merchant=request.merchant, parameters=parameters, actor=request.actor)
        return led_to(request, reverse("backoffice:jobs_detail", args=[request.merchant.slug, job.id]))

    return view


def _kind_name(export: _Export) -> str:
    return f"backoffice.{export.name}"


def _kind(export: _Export) -> Kind:
    def work(job: Job, parameters: Mapping[str, Any]) -> Work:
        """`query`: the list's query string. Everybody with these permissions may read the file, and nobody more."""
        # Like every generator, this one begins with its first step: inside the tenant.
        yield from export.xlsx(Asked(job.merchant, QueryDict(parameters["query"]), export.needs.__contains__))

    return Kind(_kind_name(export), f"Export of {export.title.lower()}", export.needs, work)


KINDS = tuple(map(_kind, EXPORTS))
