"""The doorbell may be lost, and files go after a week."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import redis
import time_machine
from celery import current_app
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from kombu import pools

from jobs import files, tasks, work
from jobs.models import Job
from jobs.start import start
from merchants import tenancy
from merchants.models import Merchant
from tests.factories import ACTOR
from tests.races import race


def queued(merchant: Merchant, name: str = "test.count", **parameters: object) -> Job:
    with tenancy.tenant(merchant.id):
        return start(name, merchant=merchant, parameters={"pieces": 1, **parameters}, actor=ACTOR)


@pytest.fixture
def queue() -> redis.Redis:
    """The queue of jobs of this test run, empty."""
    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.delete("jobs")
    return broker


def rung(queue: redis.Redis) -> int:
    return sum(b"jobs.run" in message for message in queue.lrange("jobs", 0, -1))


def rung_for(queue: redis.Redis, job: Job) -> bool:
    bodies = [base64.b64decode(json.loads(message)["body"]) for message in queue.lrange("jobs", 0, -1)]
    return any(str(job.id).encode() in body for body in bodies)


def test_a_job_rings_in_a_queue_of_its_own(
    merchant: Merchant, queue: redis.Redis, django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        queued(merchant)
    assert rung(queue) == 1


def test_without_redis_a_job_is_started_all_the_same(committed_merchant: Merchant, queue: redis.Redis) -> None:
    def start_without_redis() -> None:
        current_app.conf.broker_url = "redis://127.0.0.1:1/0"
        current_app._after_fork()  # type: ignore[attr-defined] # no connection of the parent's
        pools.reset()
        queued(committed_merchant)

    assert race(start_without_redis) == ["ok"]
    assert rung(queue) == 0
    with tenancy.tenant(committed_merchant.id):
        job = committed_merchant.jobs.get()
    assert job.status == "queued"
    tasks.sweep.apply(throw=True)
    assert rung_for(queue, job)


def test_the_sweep_rings_for_what_waits_and_for_nothing_that_is_over(
    merchant: Merchant, other_merchant: Merchant, queue: redis.Redis
) -> None:
    waiting, over = queued(merchant), queued(other_merchant)
    work.run(other_merchant.id, over.id)
    found = tenancy.every_merchant("test", having="jobs")
    assert merchant.id in found
    assert other_merchant.id not in found, "the sweep's policy shows open jobs alone"
    tasks.sweep.apply(throw=True)
    assert rung_for(queue, waiting)
    assert not rung_for(queue, over)


def test_a_file_is_kept_for_a_week(merchant: Merchant, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    job = queued(merchant, "test.make", folder=str(folder), text="hello")
    work.run(merchant.id, job.id)
    with tenancy.tenant(merchant.id):
        job = Job.objects.get(id=job.id)
    assert job.saved_as == "greeting.txt"
    with default_storage.open(job.file) as file:
        assert file.read() == b"hello"
    # One that a worker left behind when it died.
    default_storage.save(f"jobs/{merchant.id}/{uuid4()}.xlsx", ContentFile(b"orphan"))
    assert files.forget(merchant.id) == 0
    with time_machine.travel(datetime.now(UTC) + files.KEPT + timedelta(hours=1)):
        assert files.forget(merchant.id) == 2
    assert not default_storage.exists(job.file)
    with tenancy.tenant(merchant.id):
        assert (Job.objects.get(id=job.id).file, Job.objects.get(id=job.id).saved_as) == ("", "greeting.txt")


def test_a_merchant_without_files_has_nothing_to_forget(merchant: Merchant) -> None:
    assert files.forget(merchant.id) == 0
