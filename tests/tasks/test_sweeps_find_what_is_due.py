"""Sweeps and the tasks they ring for, through a real broker where that is what matters."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import redis
from celery import current_app, shared_task
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from django.db import connection
from django.utils import timezone

from affiliates.models import Partner
from commissions import tasks as commission_tasks
from commissions.models import Commission
from fraud import tasks as fraud_tasks
from merchants import tenancy
from merchants.models import Merchant
from merchants.tenancy import TenancyError, TenantTask, tenant
from stats import tasks as stats_tasks
from stats.marks import mark
from tests.factories import ACTOR, LinkFactory, MerchantFactory, PartnerFactory
from tracking import click_stream, clicks, idempotency, ingest
from tracking import tasks as tracking_tasks
from tracking.events import Sale

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def queue() -> redis.Redis:
    """The broker's own queue of this test run, empty."""
    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.delete("celery")
    return broker


@shared_task(name="tests.count_partners", base=TenantTask)
def count_partners() -> int:
    """A query that somebody forgot to scope."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM affiliates_partner")
        (count,) = cursor.fetchone()
    return int(count)


def partners_of(merchant: Merchant, number: int) -> None:
    with tenant(merchant.id):
        PartnerFactory.create_batch(number)


def test_a_task_sees_its_own_merchant_whatever_it_asks_for(merchant: Merchant, other_merchant: Merchant) -> None:
    partners_of(merchant, 1)
    partners_of(other_merchant, 2)
    assert count_partners.apply(kwargs={"merchant_id": str(merchant.id)}).get() == 1
    assert count_partners.apply(kwargs={"merchant_id": str(other_merchant.id)}).get() == 2
    assert count_partners.run() == 0, "outside a tenant there is nothing"


def test_every_task_of_a_merchant_insists_on_being_told_which(db: None) -> None:
    for task in (
        stats_tasks.refresh_merchant, commission_tasks.release_holds, tracking_tasks.forget_answers,
        fraud_tasks.screen_merchant, fraud_tasks.forget_addresses,
    ):  # fmt: skip
        assert isinstance(task, TenantTask)
        with pytest.raises(TypeError, match="merchant_id"):
            task.apply(throw=True)


def test_a_sweep_never_starts_inside_a_merchant(tenant: Merchant) -> None:
    for task in (stats_tasks.sweep, commission_tasks.sweep_holds, tracking_tasks.sweep_answers, fraud_tasks.sweep):
        with pytest.raises(TenancyError):
            task.apply(throw=True)


def test_only_merchants_with_open_marks_are_rung_for(
    merchant: Merchant, other_merchant: Merchant, queue: redis.Redis
) -> None:
    with tenant(other_merchant.id):
        mark(None, NOON, None)
        mark(None, NOON, None)
    # Other tests, those that commit, may have left merchants with open marks.
    found = tenancy.every_merchant("test", having="stale_marks")
    assert found.count(other_merchant.id) == 1
    assert merchant.id not in found
    stats_tasks.sweep.apply(throw=True)
    rung = queue.lrange("celery", 0, -1)
    assert len(rung) == len(found)
    assert all(b"stats.refresh_merchant" in message for message in rung)


def test_a_sweep_sees_marks_but_no_merchant_sees_anothers(merchant: Merchant, other_merchant: Merchant) -> None:
    with tenant(other_merchant.id):
        mark(None, NOON, None)
    with tenant(merchant.id), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM stats_stalemark")
        assert cursor.fetchone() == (0,)
        cursor.execute("DELETE FROM stats_stalemark")
        assert cursor.rowcount == 0


def test_a_refresh_that_left_something_rings_again(
    merchant: Merchant, queue: redis.Redis, django_capture_on_commit_callbacks: object
) -> None:
    with tenant(merchant.id):
        merchant.stale_marks.create(touched=[f"customer/{uuid4()}" for _ in range(stats_tasks.LIMIT)])
        mark(None, NOON, None)
    for rung in (1, 0):
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            stats_tasks.refresh_merchant.apply(kwargs={"merchant_id": str(merchant.id)}, throw=True)
        assert queue.llen("celery") == rung
        queue.delete("celery")
    with tenant(merchant.id):
        assert merchant.stale_marks.count() == 0


def sold(merchant: Merchant, code: str) -> None:
    with tenant(merchant.id):
        PartnerFactory(coupon_code=code)
        ingest.record([Sale(order_id="o", amount=100, currency="USD", coupon=code, placed_at=NOON)], actor=ACTOR)


def test_a_sale_reaches_the_rollups_through_worker_and_broker(committed_merchant: Merchant, queue: redis.Redis) -> None:
    sold(committed_merchant, f"C{uuid4().hex[:8]}")
    with start_worker(current_app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        # Messages are taken in order, and a solo worker does one after the other.
        stats_tasks.refresh_merchant.delay(merchant_id=str(committed_merchant.id))
        assert count_is(committed_merchant, 1)


def count_is(merchant: Merchant, orders: int) -> bool:
    """Wait, by asking the database, until the merchant's day says so."""
    until = timezone.now() + timedelta(seconds=30)
    while timezone.now() < until:
        with tenant(merchant.id):
            day = merchant.merchant_days.first()
        if day is not None and day.orders == orders:
            return True
    return False


def test_commissions_whose_hold_is_over_are_approved(merchant: Merchant) -> None:
    with tenant(merchant.id):
        partner: Partner = PartnerFactory()
        made = [
            merchant.commissions.create(
                partner=partner, currency="USD", base=0, amount=100, status="pending", held_until=until,
                explanation={}, occurred_at=NOON,
            )
            for until in (timezone.now() - timedelta(seconds=1), timezone.now() + timedelta(hours=1))
        ]  # fmt: skip
    commission_tasks.release_holds.apply(kwargs={"merchant_id": str(merchant.id)}, throw=True)
    with tenant(merchant.id):
        assert [Commission.objects.get(id=one.id).status for one in made] == ["approved", "pending"]


def test_clicks_are_drained(merchant: Merchant) -> None:
    with tenant(merchant.id):
        link = LinkFactory()
    click = clicks.Click(
        id=uuid4(),
        merchant_id=merchant.id,
        link_id=link.id,
        partner_id=link.partner_id,
        visitor=uuid4(),
        clicked_at=NOON,
    )
    clicks.keep(click)
    for _ in range(2):  # safe twice
        tracking_tasks.drain_clicks.apply(throw=True)
    assert click_stream.waiting() == 0
    with tenant(merchant.id):
        assert merchant.clicks.filter(id=click.id).count() == 1
        assert merchant.stale_marks.count() == 1


def test_old_answers_are_forgotten_and_young_ones_kept(merchant: Merchant) -> None:
    ages = {"young": timedelta(days=29), "old": timedelta(days=31)}
    with tenant(merchant.id):
        for key, age in ages.items():
            tried = idempotency.attempt(key, method="POST", path="/", body=b"")
            idempotency.keep(tried, idempotency.Answer(201, b"{}"))
            merchant.stored_answers.filter(key=key).update(created_at=timezone.now() - age)
    tracking_tasks.forget_answers.apply(kwargs={"merchant_id": str(merchant.id)}, throw=True)
    with tenant(merchant.id):
        assert [answer.key for answer in merchant.stored_answers.all()] == ["young"]


def test_sweeps_over_all_merchants_ring_for_each(merchant: Merchant, queue: redis.Redis) -> None:
    MerchantFactory()
    expected = len(tenancy.every_merchant("test"))
    for task in (commission_tasks.sweep_holds, tracking_tasks.sweep_answers):
        queue.delete("celery")
        task.apply(throw=True)
        assert queue.llen("celery") == expected


def test_beat_knows_only_tasks_that_exist() -> None:
    current_app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in current_app.conf.beat_schedule.values()}
    assert scheduled == {
        "stats.sweep", "tracking.drain_clicks", "commissions.sweep_holds", "tracking.sweep_answers", "jobs.sweep",
        "jobs.sweep_files", "fraud.sweep", "fraud.sweep_addresses", "bonuses.sweep",
        "affiliates.sweep_applications", "affiliates.sweep_deadlines",
    }  # fmt: skip
    assert scheduled <= set(current_app.tasks)
