"""Long work: in pieces, each counted once, by one worker at a time, whatever happens to the workers."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs import tasks, work
from jobs.models import Job
from jobs.start import cancel, retry, start
from merchants import tenancy
from merchants.errors import Conflict
from merchants.models import Merchant
from tests.factories import ACTOR
from tests.jobs import kinds
from tests.races import forked, race


def begun(merchant: Merchant, kind: str = "test.count", **parameters: Any) -> Job:
    with tenancy.tenant(merchant.id):
        return start(kind, merchant=merchant, parameters={"pieces": 4, **parameters}, actor=ACTOR)


def now(job: Job) -> Job:
    """As it stands in the database."""
    with tenancy.tenant(job.merchant_id):
        return Job.objects.get(id=job.id)


def counted(job: Job) -> list[int]:
    """The pieces that left their row, in order."""
    with tenancy.tenant(job.merchant_id):
        entries = job.merchant.audit_entries.filter(verb="test.piece", object_id=job.id).order_by("id")
        return [entry.after["number"] for entry in entries]


def silent(job: Job) -> None:
    """Its worker was last heard of long ago."""
    with tenancy.tenant(job.merchant_id):
        Job.objects.filter(id=job.id).update(heartbeat_at=timezone.now() - work.STALE - timedelta(seconds=1))


def test_a_job_goes_from_piece_to_piece_and_says_how_far_it_is(merchant: Merchant) -> None:
    job = begun(merchant)
    work.run(merchant.id, job.id)
    job = now(job)
    assert (job.status, job.done, job.total, job.percent) == ("done", 4, 4, 100)
    assert job.result == {"summary": "4."}
    assert job.started_at is not None
    assert job.finished_at is not None
    assert counted(job) == [0, 1, 2, 3]
    work.run(merchant.id, job.id)  # a bell that rings late
    assert counted(job) == [0, 1, 2, 3]


def test_a_second_click_is_the_same_job_until_it_is_over(merchant: Merchant) -> None:
    first = begun(merchant)
    assert begun(merchant).id == first.id
    assert begun(merchant, pieces=5).id != first.id
    work.run(merchant.id, first.id)
    assert begun(merchant).id != first.id


def test_what_is_refused_is_said_and_can_be_tried_again_from_there(merchant: Merchant) -> None:
    job = begun(merchant, refuses=2)
    work.run(merchant.id, job.id)
    job = now(job)
    assert (job.status, job.error, job.done) == ("failed", "Two is too many.", 2)
    with tenancy.tenant(merchant.id):
        Job.objects.filter(id=job.id).update(parameters={"pieces": 4})
        retry(job, actor=ACTOR)
        with pytest.raises(Conflict, match="Only a job that failed"):
            retry(job, actor=ACTOR)
    work.run(merchant.id, job.id)
    assert now(job).status == "done"
    assert counted(job) == [0, 1, 2, 3]


def test_a_mistake_of_ours_fails_the_job_and_is_in_the_log(
    merchant: Merchant, caplog: pytest.LogCaptureFixture
) -> None:
    job = begun(merchant, breaks=1)
    work.run(merchant.id, job.id)
    assert now(job).status == "failed"
    assert "server's log" in now(job).error
    assert "ZeroDivisionError" in caplog.text


def test_a_database_that_goes_away_from_a_sale_ends_the_attempt_and_not_the_job(committed_merchant: Merchant) -> None:
    job = begun(committed_merchant, loses=2)
    work.run(committed_merchant.id, job.id)
    assert (now(job).status, now(job).done) == ("queued", 2)


def test_a_cancelled_job_ends_before_its_next_piece_and_its_running_piece_is_undone(merchant: Merchant) -> None:
    waiting = begun(merchant)
    with tenancy.tenant(merchant.id):
        cancel(waiting, actor=ACTOR)
        with pytest.raises(Conflict, match="nothing to cancel"):
            cancel(waiting, actor=ACTOR)
    work.run(merchant.id, waiting.id)
    assert counted(waiting) == []
    running = begun(merchant, cancelled=2)
    work.run(merchant.id, running.id)
    assert counted(running) == [0, 1], "the write of the piece in which the claim went is refused"


def test_a_kind_of_another_version_is_refused_with_a_sentence(merchant: Merchant) -> None:
    job = begun(merchant)
    with tenancy.tenant(merchant.id):
        Job.objects.filter(id=job.id).update(kind="test.gone")
    work.run(merchant.id, job.id)
    assert "does not know this kind" in now(job).error


def test_a_job_that_kills_its_workers_is_given_up(merchant: Merchant) -> None:
    job = begun(merchant)
    with tenancy.tenant(merchant.id):
        old = timezone.now() - timedelta(days=1)
        Job.objects.filter(id=job.id).update(
            status="running", claim=uuid4(), heartbeat_at=old, attempts=work.MOST_ATTEMPTS
        )
    work.run(merchant.id, job.id)
    assert now(job).status == "failed"
    assert counted(job) == []


def test_the_database_knows_that_running_means_claimed(tenant: Merchant) -> None:
    job = begun(tenant)
    with pytest.raises(IntegrityError, match="job_claimed_while_running"), transaction.atomic():
        Job.objects.filter(id=job.id).update(status="running")


def test_two_workers_at_the_same_moment_are_one(committed_merchant: Merchant) -> None:
    job = begun(committed_merchant, pieces=20)
    worker = lambda: work.run(committed_merchant.id, job.id)  # noqa: E731
    assert race(worker, worker, worker) == ["ok"] * 3
    assert now(job).attempts == 1
    assert counted(job) == list(range(20))


@pytest.mark.parametrize("after", [signal.SIGKILL, signal.SIGCONT], ids=["killed", "only slow"])
def test_a_worker_that_fell_silent_is_replaced_and_no_piece_counts_twice(
    committed_merchant: Merchant, after: signal.Signals, request: pytest.FixtureRequest
) -> None:
    job = begun(committed_merchant)

    def stop_in_the_third_piece(progress: Callable[[], None]) -> None:
        kinds.stops_at.append(2)  # in this process alone
        work.run(committed_merchant.id, job.id)

    request.getfixturevalue("tasks_at_once")
    with forked(stop_in_the_third_piece) as worker:
        os.waitpid(worker.pid, os.WUNTRACED)
        assert (now(job).status, counted(job)) == ("running", [0, 1])
        tasks.sweep.apply(throw=True)
        assert now(job).status == "running", "it was heard of a moment ago"
        if after == signal.SIGKILL:
            os.kill(worker.pid, signal.SIGKILL)
        silent(job)
        tasks.sweep.apply(throw=True)
        assert now(job).status == "done"
        if after == signal.SIGCONT:
            os.kill(worker.pid, signal.SIGCONT)
    assert counted(job) == [0, 1, 2, 3]
    assert (now(job).status, now(job).attempts) == ("done", 2)
