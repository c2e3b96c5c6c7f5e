"""Long work under way and behind (SPEC P8, P9): how far it is, what came of it, its file."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from backoffice.door import StaffRequest, done, led_to, page, staff_page
from backoffice.rules.history import KIND
from jobs import start
from jobs.kinds import kinds, seen_by_staff
from jobs.models import Job
from merchants.errors import DomainError
from merchants.roles import Permission
from pages.job_files import file_answer
from pages.listing import Sort, sheet

#: Each kind says what it needs, and one that needs more than somebody has is not there for them.
_ANYBODY = Permission.VIEW
#: Kinds whose result is more than a sentence and a file.
_OWN_PAGES = {KIND: "backoffice:rules_history"}


@staff_page(_ANYBODY)
def jobs(request: StaffRequest) -> HttpResponseBase:
    """All that this person may see, newest first. While one of the page is open, the list asks for itself again."""
    rows = seen_by_staff(request.merchant.jobs.defer("parameters", "state"), request.may)
    found = sheet(request, rows, sorts={"at": Sort("id", UUID)}, default="-at")
    shown = [(job, kinds()[job.kind].title) for job in found.rows]
    is_open = any(job.is_open for job in found.rows)
    context = {"sheet": found, "jobs": shown, "is_open": is_open, "partials": {"list"}}
    return page(request, "backoffice/jobs/list.html", context)


@staff_page(_ANYBODY)
def jobs_detail(request: StaffRequest, job: UUID) -> HttpResponseBase:
    """One job. While it is open the page asks for itself again."""
    found = _job(request, job)
    if found.kind in _OWN_PAGES:
        return led_to(request, reverse(_OWN_PAGES[found.kind], args=[request.merchant.slug, found.id]))
    context = {"job": found, "title": kinds()[found.kind].title, "partials": {"job"}}
    return page(request, "backoffice/jobs/detail.html", context)


@staff_page(_ANYBODY)
def jobs_file(request: StaffRequest, job: UUID) -> HttpResponseBase:
    """Its file, to save."""
    return file_answer(_job(request, job))


@staff_page(_ANYBODY)
def jobs_cancel(request: StaffRequest, job: UUID) -> HttpResponseBase:
    """Stop it."""
    return _moved(request, job, start.cancel, "Cancelled. What was done until then stays done.")


@staff_page(_ANYBODY)
def jobs_retry(request: StaffRequest, job: UUID) -> HttpResponseBase:
    """Have it tried again."""
    return _moved(request, job, start.retry, "It is tried again.")


def _moved(request: StaffRequest, job: UUID, verb: Callable[..., Job], said: str) -> HttpResponseBase:
    found = _job(request, job)
    address = reverse("backoffice:jobs_detail", args=[request.merchant.slug, found.id])
    if request.method != "POST":
        return led_to(request, address)
    try:
        verb(found, actor=request.actor)
    except DomainError as error:
        # It ended, or somebody else was faster: the page shows how it stands.
        return done(request, error.message, address)
    return done(request, said, address)


def _job(request: StaffRequest, job: UUID) -> Job:
    rows = seen_by_staff(request.merchant.jobs.defer("parameters", "state"), request.may)
    return get_object_or_404(rows, id=job)
