"""Workers that recompute at the same moment, with real commits: the newest look at the source always wins."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from uuid import uuid4

import pytest
from django.db import connection

from merchants import tenancy
from merchants.models import Merchant
from stats import rollup, verify
from stats.marks import mark_everything
from tests.factories import ACTOR, PartnerFactory
from tests.races import race
from tests.stats.plainly import recomputed, rollups
from tracking import ingest
from tracking.events import Refund, Sale, SaleCustomer
from tracking.refunds import record_refund

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def coupon(committed_merchant: Merchant) -> str:
    code = f"C{uuid4().hex[:8]}"
    with tenancy.tenant(committed_merchant.id):
        PartnerFactory(coupon_code=code)
    return code


def sell(merchant: Merchant, coupon: str, *numbers: int) -> None:
    """Sales of one partner, two customers, on two days."""
    sales = [
        Sale(
            order_id=f"o{n}",
            amount=100 + n,
            currency="USD",
            coupon=coupon,
            customer=SaleCustomer(external_id=f"c{n % 2}"),
            placed_at=NOON - timedelta(days=n % 2),
        )
        for n in numbers
    ]
    tenancy.run(merchant.id, lambda: ingest.record(sales, actor=ACTOR), tries=10)


def assert_right(merchant: Merchant) -> None:
    """Rollups equal their source, once nothing is open any more."""
    with tenancy.tenant(merchant.id):
        while rollup.refresh():
            pass
        assert merchant.stale_marks.count() == 0
        assert rollups(merchant) == recomputed(merchant)
        assert list(verify.problems()) == []


def refreshing(merchant: Merchant, times: int) -> Callable[[], None]:
    """A worker that refreshes again and again, a mark at a time, so that workers meet often."""

    def work() -> None:
        for _ in range(times):
            with tenancy.tenant(merchant.id):
                rollup.refresh(1)

    return work


def selling(merchant: Merchant, coupon: str, numbers: range) -> Callable[[], None]:
    def work() -> None:
        for number in numbers:
            sell(merchant, coupon, number)

    return work


def refunding(merchant: Merchant, numbers: range) -> Callable[[], None]:
    def work() -> None:
        for number in numbers:
            with tenancy.tenant(merchant.id):
                record_refund(Refund(order_id=f"o{number}", refund_id="r", amount=50), actor=ACTOR)

    return work


def test_workers_that_meet_leave_what_the_source_says(committed_merchant: Merchant, coupon: str) -> None:
    merchant = committed_merchant
    sell(merchant, coupon, *range(10))
    outcomes = race(
        selling(merchant, coupon, range(100, 130)),
        refunding(merchant, range(10)),
        refreshing(merchant, 40),
        refreshing(merchant, 40),
    )
    assert outcomes == ["ok"] * 4
    assert_right(merchant)


def in_thread(work: Callable[[], None]) -> Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


def test_a_second_worker_leaves_the_merchant_to_the_first(committed_merchant: Merchant, coupon: str) -> None:
    merchant, taken, go_on = committed_merchant, Event(), Event()
    sell(merchant, coupon, 1)

    def first() -> None:
        with tenancy.tenant(merchant.id):
            assert rollup.refresh() == 2
            taken.set()
            assert go_on.wait(30)

    thread = in_thread(first)
    assert taken.wait(30)
    sell(merchant, coupon, 3)  # same partner, day and customer, while the first has not committed what it saw
    with tenancy.tenant(merchant.id):
        assert rollup.refresh() == 0
        assert merchant.stale_marks.count() == 2
    go_on.set()
    thread.join()
    with tenancy.tenant(merchant.id):
        assert merchant.partner_days.get().orders == 1
        assert merchant.stale_marks.count() == 1
    assert_right(merchant)
    with tenancy.tenant(merchant.id):
        assert merchant.partner_days.get().orders == 2


def test_a_change_that_commits_late_keeps_its_mark(committed_merchant: Merchant, coupon: str) -> None:
    merchant, written, commit = committed_merchant, Event(), Event()
    sell(merchant, coupon, 5)  # the customer is known, so that two sales to them do not wait for each other

    def late() -> None:
        with tenancy.tenant(merchant.id):
            sell(merchant, coupon, 1)
            written.set()
            assert commit.wait(30)

    thread = in_thread(late)
    assert written.wait(30)
    sell(merchant, coupon, 3)  # its mark has a higher id and is seen first
    with tenancy.tenant(merchant.id):
        assert rollup.refresh() == 4
        assert merchant.partner_days.get().orders == 2
    commit.set()
    thread.join()
    assert_right(merchant)
    with tenancy.tenant(merchant.id):
        assert merchant.partner_days.get().orders == 3


def test_a_page_does_not_wait_long_for_a_worker(committed_merchant: Merchant, coupon: str) -> None:
    merchant, working, stop = committed_merchant, Event(), Event()
    sell(merchant, coupon, 1)

    def worker() -> None:
        with tenancy.tenant(merchant.id):
            mark_everything()
            rollup.refresh()
            working.set()
            assert stop.wait(30)

    thread = in_thread(worker)
    assert working.wait(30)
    with tenancy.tenant(merchant.id):
        customer = merchant.customers.get()
        rollup.refresh_customer(customer.id)
        assert merchant.customer_totals.count() == 0, "only the worker has looked, and it has not committed"
        assert merchant.customers.count() == 1, "the transaction goes on"
    stop.set()
    thread.join()
    assert_right(merchant)
