"""Lists as workbooks: made by a job, in the rows, columns and filters of the list's CSV file, kept for a week.

A workbook cannot be sent while it is read, and a list may be long: so an export is an object that is made, looked at
until it is done, and downloaded. Every key of the account that may read the list finds it, also the successor of a key
that was rotated meanwhile; staff find it among their exports and jobs.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from msgspec import Meta

from api import downloads
from api.audit import AuditQuery
from api.base import TenantRequest, TenantView, answered, created
from api.bodies import parse
from api.choices import Moment
from api.commissions import CommissionQuery
from api.customers import CustomerQuery
from api.operations import documented
from api.pages import ListQuery, read_filters
from api.partners import PartnerQuery
from api.payouts import PayoutQuery
from api.problems import HttpProblem
from api.sales import SaleQuery
from jobs.kinds import Kind, Work
from jobs.models import Job
from jobs.start import start
from merchants.errors import Conflict, DomainError
from merchants.roles import Scope, scopes_include
from pages.exports import Export
from pages.job_files import file_answer

_XLSX = ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",)


class _List(NamedTuple):
    export: Export[downloads.Asked, Any]
    query: type[ListQuery]
    scope: Scope = Scope.READ


#: The workbook of the audit log has its entries on payouts.
_LISTS: dict[str, _List] = {
    "sales": _List(downloads.SALES, SaleQuery),
    "commissions": _List(downloads.COMMISSIONS, CommissionQuery),
    "customers": _List(downloads.CUSTOMERS, CustomerQuery),
    "partners": _List(downloads.PARTNERS, PartnerQuery),
    "payouts": _List(downloads.PAYOUTS, PayoutQuery, Scope.PAYOUTS),
    "audit": _List(downloads.AUDIT, AuditQuery, Scope.PAYOUTS),
}
_Listed = Literal["sales", "commissions", "customers", "partners", "payouts", "audit"]


class ExportBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which list, and which rows of it."""

    list: Annotated[_Listed, Meta(description="`payouts` and `audit` need a key with the scope `payouts`.")]
    filters: Annotated[
        dict[str, str], Meta(description="As in the query string of the list. None: all rows.", max_length=20)
    ] = {}


class ExportAnswer(msgspec.Struct, kw_only=True):
    """A workbook that is made, or was."""

    id: UUID
    list: Annotated[_Listed, Meta(examples=["partners"])]
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    done: Annotated[int, Meta(description="Rows written so far.", examples=[0])]
    total: Annotated[int, Meta(description="Rows to write; 0 until they are counted.", examples=[0])]
    file: Annotated[str | None, Meta(description="Where the file is; null before it is done and after a week.")]
    error: Annotated[str | None, Meta(description="Why it failed, and what to do.")]
    created_at: Moment
    finished_at: Moment | None


class Exports(TenantView):
    """Lists as workbooks."""

    scope = {"POST": Scope.READ}
    replays_as = {201: 200}

    @documented(
        "Create an export",
        body=ExportBody,
        example={"list": "partners", "filters": {"status": "approved"}},
        answer=ExportAnswer,
        status=201,
        also={200: "The same export again: it is under way, or the request was repeated."},
        refusals=("unknown_field", "invalid_value"),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Have a list written as a workbook (XLSX). Ask for the export until it is `done`, then download its file.

        It has the columns and rows of the list's CSV file, which is sent at once and is the better choice for programs.
        The same asked for again while it is under way is the same export.
        """
        body = parse(request.content, ExportBody)
        wanted = _LISTS[body.list]
        if not scopes_include(request.scopes, wanted.scope):
            raise HttpProblem(403, "scope_missing", f"This needs a key with the scope `{wanted.scope.value}`.")
        _query(body.list, body.filters)
        parameters = {"filters": body.filters, "scopes": sorted(request.scopes)}
        job = start(_kind_name(body.list), merchant=request.merchant, parameters=parameters, actor=request.actor)
        return created(_shown(job), reverse("api_export", args=[job.id]))


class ExportDetail(TenantView):
    """One."""

    scope = {"GET": Scope.READ}

    @documented("Get an export", answer=ExportAnswer)
    def get(self, request: TenantRequest, export_id: UUID) -> HttpResponse:
        """How far it is, and where its file is once it is done. Once a second is often enough to ask."""
        return answered(_shown(_seen(request).get(id=export_id)))


class ExportFile(TenantView):
    """Its file."""

    scope = {"GET": Scope.READ}
    produces = _XLSX

    @documented("Download the file of an export", answer=bytes, files=_XLSX, refusals=("export_without_file",))
    def get(self, request: TenantRequest, export_id: UUID) -> HttpResponseBase:
        """The workbook. Amounts are decimal numbers, moments are UTC."""
        job = _seen(request).get(id=export_id)
        if not job.file:
            raise Conflict(_without_file(job), code="export_without_file")
        return file_answer(job)


def _without_file(job: Job) -> str:
    if job.is_open:
        return "The export is not done yet: ask for it until it is, then for its file."
    kept = "Its file was kept for a week and is gone" if job.status == "done" else f"The export has {job.status}"
    return f"{kept}: create another."


def _query(name: str, filters: dict[str, str]) -> ListQuery:
    """The filters as the list takes them; what is wrong with one is said of `filters.<name>`."""
    try:
        return read_filters(filters, _LISTS[name].query)
    except DomainError as error:
        error.field = f"filters.{error.field}"
        raise


def _seen(request: TenantRequest) -> "QuerySet[Job]":
    """The account's exports of lists that this key may read."""
    lists = [name for name, each in _LISTS.items() if scopes_include(request.scopes, each.scope)]
    return request.merchant.jobs.filter(kind__in=map(_kind_name, lists)).defer("parameters", "state")


def _shown(job: Job) -> ExportAnswer:
    """An export. Does not query."""
    return ExportAnswer(
        id=job.id,
        list=job.kind.removeprefix(_PREFIX),  # type: ignore[arg-type] # one of the lists
        status=job.status,  # type: ignore[arg-type] # one of the five
        done=job.done,
        total=job.total,
        file=reverse("api_export_file", args=[job.id]) if job.file else None,
        error=job.error or None,
        created_at=job.created_at,
        finished_at=job.finished_at,
    )


_PREFIX = "api."


def _kind_name(name: str) -> str:
    return f"{_PREFIX}{name}"


def _kind(name: str, export: Export[downloads.Asked, Any]) -> Kind:
    def work(job: Job, parameters: Mapping[str, Any]) -> Work:
        """`filters`: the list's, as they were sent. `scopes`: those of the key, which decide about rows too."""
        # Like every generator, this one begins with its first step: inside the tenant.
        query = _query(name, parameters["filters"])
        yield from export.xlsx(downloads.Asked(job.merchant, query, parameters["scopes"]))

    return Kind(_kind_name(name), f"Export of {export.title.lower()} over the API", export.needs, work)


KINDS = tuple(_kind(name, each.export) for name, each in _LISTS.items())
