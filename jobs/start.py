"""What people do with jobs: start one, cancel it, have a failed one tried again."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs.kinds import kinds
from jobs.models import OPEN, Job, JobStatus
from jobs.tasks import ring
from merchants.audit import Actor, record
from merchants.errors import Conflict
from merchants.models import Merchant


def start(kind: str, *, merchant: Merchant, parameters: Mapping[str, Any], total: int = 0, actor: Actor) -> Job:
    """A job of this kind, queued; a worker is rung for after the commit. KeyError when there is no such kind.

    The same asked for again by the same person while it is under way is the same job: that was a second click.
    """
    name = kinds()[kind].name
    same = merchant.jobs.filter(
        kind=name, parameters=parameters, actor_kind=actor.kind, actor_id=actor.id, status__in=OPEN
    ).first()
    if same is not None:
        return same
    with transaction.atomic():
        job: Job = merchant.jobs.create(
            kind=name,
            parameters=parameters,
            total=total,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
        )
        record(actor, "job.start", "job", job.id, after={"kind": name})
        _ring_after_commit(job)
    return job


def cancel(job: Job, *, actor: Actor) -> Job:
    """Stop it between two pieces; what it has done stays done. Conflict `job_not_open` when it is over."""
    over = Conflict("This job is over: there is nothing to cancel.", code="job_not_open")
    return _move(job, OPEN, JobStatus.CANCELLED, else_refuse=over, verb="job.cancel", actor=actor)


def retry(job: Job, *, actor: Actor) -> Job:
    """Queue a failed job again: it goes on where it failed. Conflict `job_not_failed`."""
    other = Conflict("Only a job that failed can be tried again.", code="job_not_failed")
    with transaction.atomic():
        _move(job, (JobStatus.FAILED,), JobStatus.QUEUED, else_refuse=other, verb="job.retry", actor=actor)
        _ring_after_commit(job)
    return job


def _move(
    job: Job, was: tuple[JobStatus, ...], status: JobStatus, *, else_refuse: Conflict, verb: str, actor: Actor
) -> Job:
    """To another status, without anybody's claim on it."""
    with transaction.atomic():
        before = job.status
        finished_at = timezone.now() if status == JobStatus.CANCELLED else None
        moved = Job.objects.filter(id=job.id, status__in=was).update(
            status=status, claim=None, attempts=0, error="", finished_at=finished_at
        )
        if not moved:
            raise else_refuse
        job.refresh_from_db(fields=["status", "claim", "attempts", "error", "finished_at"])
        record(actor, verb, "job", job.id, before={"status": before}, after={"status": str(status)})
    return job


def _ring_after_commit(job: Job) -> None:
    # Robust: with Redis away the job stands in the database all the same, and the sweep finds it.
    transaction.on_commit(lambda: ring(job.merchant_id, job.id), robust=True)
