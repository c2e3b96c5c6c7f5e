"""Files that the partner had made: how far they are, and to save. Another partner's are not found."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404

from jobs.kinds import kinds, seen_by
from jobs.models import Job
from pages.job_files import file_answer
from pages.listing import Sort, sheet
from partner_portal.door import PartnerRequest, page, partner_page


@partner_page
def jobs(request: PartnerRequest) -> HttpResponseBase:
    """All, newest first. While one of the page is open, the list asks for itself again."""
    found = sheet(request, _own(request), sorts={"at": Sort("id", UUID)}, default="-at")
    shown = [(job, kinds()[job.kind].title) for job in found.rows]
    is_open = any(job.is_open for job in found.rows)
    context = {"sheet": found, "jobs": shown, "is_open": is_open, "partials": {"list"}}
    return page(request, "partner_portal/jobs.html", context)


@partner_page
def jobs_detail(request: PartnerRequest, file: UUID) -> HttpResponseBase:
    """One. While it is under way the page asks for itself again."""
    found = get_object_or_404(_own(request), id=file)
    context = {"job": found, "title": kinds()[found.kind].title, "partials": {"job"}}
    return page(request, "partner_portal/job.html", context)


@partner_page
def jobs_file(request: PartnerRequest, file: UUID) -> HttpResponseBase:
    """The file, to save."""
    return file_answer(get_object_or_404(_own(request), id=file))


def _own(request: PartnerRequest) -> "QuerySet[Job]":
    return seen_by(request.partner.merchant.jobs.all(), request.actor.kind, request.actor.id)
