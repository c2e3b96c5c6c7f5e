"""Working on a job: claim it, go from piece to piece, end it.

The database decides who works. A claim is a conditional update, and every later write asks for the same claim in the
transaction of the piece it reports. When the claim is gone (cancelled, or given to another worker because this one
was silent for too long), the write finds no row and the piece is rolled back. So a piece counts once, whatever dies.

A lost race, or a database that goes away, ends the attempt and not the job: it is given back, or found by its silence.
"""

import logging
import zoneinfo
from contextlib import closing
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from jobs.kinds import Piece, Ready, Work, kinds
from jobs.models import Job, JobStatus
from merchants import tenancy
from merchants.errors import DomainError

logger = logging.getLogger(__name__)

#: Silence after which a worker is taken for dead. Making a file of a million rows is the longest silence there is.
STALE = timedelta(minutes=5)
#: Workers that may die over one job before it is the job's own fault.
MOST_ATTEMPTS = 5
#: Where files of jobs are kept in the storage, by merchant.
FOLDER = "jobs"

_OUR_MISTAKE = "Something went wrong on our side, and was written to the server's log. Try again later."
_TOO_OFTEN = f"This was begun {MOST_ATTEMPTS} times and never came to its end. Ask whoever runs this installation."
_UNKNOWN = "This version of Accrue does not know this kind of job any more."

#: What the database says of itself or of others: Django's errors, and psycopg's own on the way of a sale.
_NOT_OURS = (
    OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError, tenancy.Contended,
)  # fmt: skip


class _Lost(Exception):
    """The claim is somebody else's, or nobody's."""


def run(merchant_id: UUID, job_id: UUID) -> None:
    """Work on the job until it ends, if it is to be had. Safe to call at any time, any number of times."""
    with tenancy.tenant(merchant_id):
        job = _claimed(job_id)
    if job is None:
        return
    try:
        _work(job)
    except _Lost:
        logger.info("job %s was cancelled or taken over", job)
    except DomainError as error:
        _end(job, JobStatus.FAILED, error=error.message[:500])
    except _NOT_OURS:
        logger.warning("job %s is given back", job, exc_info=True)
        _give_back(job)
    except Exception:
        logger.exception("job %s failed", job)
        _end(job, JobStatus.FAILED, error=_OUR_MISTAKE)


def due() -> Q:
    """What can be claimed: waiting, or in the hands of a worker that fell silent."""
    return Q(status=JobStatus.QUEUED) | Q(status=JobStatus.RUNNING, heartbeat_at__lt=timezone.now() - STALE)


def _claimed(job_id: UUID) -> Job | None:
    now, rows = timezone.now(), Job.objects.filter(due(), id=job_id)
    rows.filter(attempts__gte=MOST_ATTEMPTS).update(
        status=JobStatus.FAILED, claim=None, error=_TOO_OFTEN, finished_at=now
    )
    claim = uuid4()
    claimed = rows.update(
        status=JobStatus.RUNNING,
        claim=claim,
        attempts=F("attempts") + 1,
        started_at=Coalesce(F("started_at"), now),
        heartbeat_at=now,
    )
    return Job.objects.select_related("merchant").get(id=job_id, claim=claim) if claimed else None


def _work(job: Job) -> None:
    kind = kinds().get(job.kind)
    if kind is None:
        raise DomainError(_UNKNOWN, code="job_kind_unknown")
    with closing(kind.work(job, job.parameters)) as pieces:
        while (piece := _advance(job, pieces)) is not None:
            if piece.file is not None:
                _keep(job, piece.file)
            if piece.afterwards is not None:
                piece.afterwards()
    _end(job, JobStatus.DONE)


def _advance(job: Job, pieces: Work) -> Piece | None:
    """The next piece and its report, in one transaction; None when there is none."""
    with tenancy.tenant(job.merchant_id):
        with timezone.override(zoneinfo.ZoneInfo(job.merchant.time_zone)):
            piece = next(pieces, None)
        if piece is not None:
            said = {"state": piece.state, "result": piece.result}
            told = {name: value for name, value in said.items() if value is not None}
            _write(job, done=piece.done, total=piece.total, **told)
    return piece


def _keep(job: Job, ready: Ready) -> None:
    """Into the storage, under a name of its own: a job that is run again never meets the file of its last attempt."""
    ending = PurePosixPath(ready.saved_as).suffix
    with ready.make().open("rb") as content:
        name = default_storage.save(f"{FOLDER}/{job.merchant_id}/{job.id}-{job.claim}{ending}", File(content))
    try:
        with tenancy.tenant(job.merchant_id):
            _write(job, file=name, saved_as=ready.saved_as)
    except BaseException:
        default_storage.delete(name)
        raise


def _give_back(job: Job) -> None:
    """The sweep has it begun again from its last piece."""
    try:
        with tenancy.tenant(job.merchant_id):
            _write(job, status=JobStatus.QUEUED, claim=None)
    except _Lost:
        logger.info("job %s was cancelled or taken over", job)


def _end(job: Job, status: JobStatus, *, error: str = "") -> None:
    try:
        with tenancy.tenant(job.merchant_id):
            _write(job, status=status, error=error, claim=None, finished_at=timezone.now())
    except _Lost:
        logger.info("job %s was cancelled or taken over as it ended", job)


def _write(job: Job, **values: Any) -> None:
    """Set these columns, if the job is still ours."""
    if not Job.objects.filter(id=job.id, claim=job.claim).update(heartbeat_at=timezone.now(), **values):
        raise _Lost
