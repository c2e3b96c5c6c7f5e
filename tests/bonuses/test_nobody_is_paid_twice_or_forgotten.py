"""Workers that meet, die, or come late, with real commits: each target pays once, and nobody is missed."""

import os
import signal
from collections.abc import Callable
from threading import Event
from uuid import uuid4

import pytest

from affiliates.models import Partner
from bonuses import reaching, tasks
from bonuses import verify as bonuses_verify
from bonuses.models import Bonus, Rung
from bonuses.plans import create_bonus
from commissions import verify as commissions_verify
from ledger import verify as ledger_verify
from merchants import tenancy
from merchants.models import Merchant
from stats import rollup
from tests.factories import ACTOR, PartnerFactory
from tests.races import forked, in_thread, race, waits_for_a_lock
from tracking import ingest
from tracking.events import Refund, Sale
from tracking.refunds import record_refund


@pytest.fixture
def bea(committed_merchant: Merchant) -> Partner:
    with tenancy.tenant(committed_merchant.id):
        made: Partner = PartnerFactory(email=f"{uuid4().hex[:8]}@example.com")
    return made


def promise(merchant: Merchant, bea: Partner, **terms: str) -> Bonus:
    with tenancy.tenant(merchant.id):
        return create_bonus(
            program=bea.program, name=terms.get("name", "All"), measure="orders", period="month", currency="USD",
            ladder=[Rung(3, 100), Rung(6, 200)], actor=ACTOR,
        )  # fmt: skip


def sell(merchant: Merchant, bea: Partner, *numbers: int) -> None:
    sales = [Sale(order_id=f"o{n}", amount=100, currency="USD", partner=str(bea.id)) for n in numbers]
    tenancy.run(merchant.id, lambda: ingest.record(sales, actor=ACTOR), tries=10)


def rolled_up(merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        while rollup.refresh(wait=True):
            pass


def settled(merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        while reaching.settle():
            pass


def given(merchant: Merchant) -> list[tuple[int, str]]:
    with tenancy.tenant(merchant.id):
        rows = merchant.commissions.filter(order=None).order_by("id")
        assert [
            problem for proof in (ledger_verify, commissions_verify, bonuses_verify) for problem in proof.problems()
        ] == []
        return [(row.amount - row.reversed, row.status) for row in rows]


def test_two_workers_at_once_pay_once(committed_merchant: Merchant, bea: Partner) -> None:
    merchant = committed_merchant
    promise(merchant, bea)
    sell(merchant, bea, *range(6))
    rolled_up(merchant)
    assert race(*[lambda: settled(merchant)] * 4) == ["ok"] * 4
    settled(merchant)
    assert given(merchant) == [(100, "pending"), (200, "pending")]


def test_sales_refunds_and_workers_that_meet_end_where_the_figures_are(
    committed_merchant: Merchant, bea: Partner
) -> None:
    merchant = committed_merchant
    promise(merchant, bea)
    sell(merchant, bea, *range(6))
    rolled_up(merchant)

    def selling() -> None:
        for number in range(10, 14):
            sell(merchant, bea, number)

    def refunding() -> None:
        for number in range(6):
            with tenancy.tenant(merchant.id):
                record_refund(Refund(order_id=f"o{number}", refund_id="r"), actor=ACTOR)

    def working() -> None:
        for _ in range(15):
            with tenancy.tenant(merchant.id):
                rollup.refresh(1)
            with tenancy.tenant(merchant.id):
                reaching.settle(limit=1)

    assert race(selling, refunding, working, working) == ["ok"] * 4
    rolled_up(merchant)
    settled(merchant)
    # Ten orders, six of them refunded: four are left.
    found = given(merchant)
    assert found[0] == (100, "pending")
    assert sum(amount for amount, _ in found) == 100


def test_a_worker_that_is_killed_leaves_its_marks_to_the_next(committed_merchant: Merchant, bea: Partner) -> None:
    merchant = committed_merchant
    promise(merchant, bea)
    sell(merchant, bea, 1, 2, 3)
    rolled_up(merchant)

    def dies(progress: Callable[[], None]) -> None:
        with tenancy.tenant(merchant.id):
            assert reaching.settle() == 1
            assert merchant.commissions.filter(order=None).count() == 1
            progress()
            Event().wait(60)  # it has given everything, and committed nothing

    with forked(dies) as worker:
        worker.wait_for_progress(1)
        os.kill(worker.pid, signal.SIGKILL)
    assert given(merchant) == []
    settled(merchant)
    assert given(merchant) == [(100, "pending")]


def test_a_second_worker_leaves_the_merchant_to_the_first(committed_merchant: Merchant, bea: Partner) -> None:
    merchant, looked, go_on = committed_merchant, Event(), Event()
    promise(merchant, bea)
    sell(merchant, bea, 1, 2, 3)
    rolled_up(merchant)

    def first() -> None:
        with tenancy.tenant(merchant.id):
            assert reaching.settle() == 1
            looked.set()
            assert go_on.wait(30)

    thread = in_thread(first)
    assert looked.wait(30)
    sell(merchant, bea, 4, 5, 6)
    rolled_up(merchant)
    with tenancy.tenant(merchant.id):
        assert reaching.settle() == 0
        assert merchant.bonuses_due.count() == 2, "the mark that the first has taken and not committed, and the new one"
    go_on.set()
    thread.join()
    settled(merchant)
    assert given(merchant) == [(100, "pending"), (200, "pending")]


def test_who_makes_the_first_bonus_waits_for_the_rollups_of_this_moment(
    committed_merchant: Merchant, bea: Partner
) -> None:
    """A worker that began before there was a bonus tells nobody; its figures are seen all the same."""
    merchant, working, go_on = committed_merchant, Event(), Event()
    sell(merchant, bea, 1, 2, 3)

    def worker() -> None:
        with tenancy.tenant(merchant.id):
            rollup.refresh()
            working.set()
            assert go_on.wait(30)

    thread = in_thread(worker)
    assert working.wait(30)
    making = in_thread(lambda: [promise(merchant, bea)].clear())
    while not waits_for_a_lock():
        assert making.is_alive(), "it does not wait"
    go_on.set()
    thread.join()
    making.join()
    settled(merchant)
    assert given(merchant) == [(100, "pending")]


def test_of_two_people_who_make_the_same_at_once_one_is_told_of_the_other(
    committed_merchant: Merchant, bea: Partner
) -> None:
    merchant = committed_merchant
    outcomes = race(*[lambda: promise(merchant, bea)] * 3)
    assert outcomes == ["bonus_overlaps", "bonus_overlaps", "ok"]


def test_the_sweep_rings_for_those_alone_who_have_something(
    committed_merchant: Merchant, bea: Partner, tasks_at_once: None
) -> None:
    merchant = committed_merchant
    promise(merchant, bea)
    sell(merchant, bea, 1, 2, 3)
    assert merchant.id not in tenancy.every_merchant("test", having="bonuses_due")
    rolled_up(merchant)
    assert merchant.id in tenancy.every_merchant("test", having="bonuses_due")
    tasks.sweep()
    assert given(merchant) == [(100, "pending")]
    assert merchant.id not in tenancy.every_merchant("test", having="bonuses_due")
