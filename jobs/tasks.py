"""The doorbell of jobs. The row is the work that is to do; a message only says which to look at."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task

from jobs import files, work
from jobs.models import Job
from merchants import tenancy

#: Far beyond any job; it ends a worker that hangs. Celery's general limit is for tasks of seconds.
_LONGEST = timedelta(hours=6).total_seconds()
#: A bell that the sweep rang and nobody heard for so long is dropped: it has rung again since.
_EXPIRES = timedelta(minutes=10).total_seconds()


@shared_task(name="jobs.run", time_limit=_LONGEST, soft_time_limit=_LONGEST - 60)
def run(*, merchant_id: str, job_id: str) -> None:
    """Work on a job, if it is to be had. Not a TenantTask: each piece has a transaction of its own."""
    work.run(UUID(merchant_id), UUID(job_id))


@shared_task(name="jobs.sweep")
def sweep() -> None:
    """Ring for every job that waits or whose worker fell silent: its bell may have been lost with Redis."""
    for merchant_id in tenancy.every_merchant("open jobs", having="jobs"):
        with tenancy.tenant(merchant_id):
            found = list(Job.objects.filter(work.due()).order_by("id").values_list("id", flat=True))
        for job_id in found:
            ring(merchant_id, job_id, expires=_EXPIRES)


@shared_task(name="jobs.sweep_files")
def sweep_files() -> None:
    """Remove files that were kept long enough. A storage that is away fails the task, and is asked again tomorrow."""
    for merchant_id in tenancy.every_merchant("files of jobs that are too old"):
        files.forget(merchant_id)


def ring(merchant_id: UUID, job_id: UUID, *, expires: float | None = None) -> None:
    """Ask a worker to look at this job. Without patience: a request must not wait for a Redis that is away."""
    run.apply_async(kwargs={"merchant_id": str(merchant_id), "job_id": str(job_id)}, expires=expires, retry=False)
