"""What is measured, and how: limit and product take turns, medians are compared."""

import http.client
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from affiliates.programs import default_program
from benchmarks import load, merchants, requests, site, yardstick
from benchmarks.places import MERCHANTS, Account
from benchmarks.report import Report
from merchants import tenancy
from rewards.details import Details, Tier
from stats.rollup import refresh
from tracking.backtest import compare
from tracking.proposals import propose

#: More than any machine answers in a second, so that no run ends before its time.
_MOST_SALES = 2_500
_MOST_CLICKS = 12_000
_BATCH_SECONDS = 15
_TRIED_ORDERS = 100_000
_LAG_RATE = 500
_LAG_SECONDS = 20
_LAG_NOTE = "Worker and beat run as in the demo. Target: 5 s."
#: Of the API, and of the back-office by whoever owns the merchant.
_LISTS = (
    "sales", "sales?coupon=C7", "sales?currency=EUR", "sales?order_id=past-77", "commissions",
    "commissions?status=approved", "commissions?status=rejected", "customers", "customers?q=customer",
    "customers?q=customer%201234", "customers?q=u4321", "partners", "partners?q=partner%2012", "balances", "stats/days",
)  # fmt: skip
_PAGES = (
    "", "overview/statuses/", "partners/", "customers/", "customers/?q=customer", "customers/?sort=-revenue",
    "customers/?sort=orders", "customers/?q=u1%20cust", "orders/",
    "orders/?q=past-77", "commissions/", "commissions/?status=approved",
    "payouts/",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """A run of the limit and the run of the product that followed it."""

    limit: float
    """Sales or clicks a second."""
    product: float
    run: load.Run


class Measures:
    """The parts of the benchmark; each adds a table to the report."""

    def __init__(self, report: Report, accounts: Sequence[Account], *, seconds: int, rounds: int) -> None:
        self._report = report
        self._accounts = accounts
        self._seconds = seconds
        self._rounds = rounds

    def single(self) -> None:
        """One sale a request."""
        with site.web() as (port, _):
            load.run(port, requests.sales(self._accounts, 1_000), connections=4, seconds=10)
            rows = [
                self._row(f"{connections} connections", self._pairs("sale", self._sales(port, connections)))
                for connections in (4, 8)
            ]
        self._report.table("One sale: `POST /api/v1/sales`", _COLUMNS, rows, _SINGLE_TARGETS)

    def batch(self) -> None:
        """A hundred and a thousand sales a request."""
        with site.web() as (port, _):
            rows = [
                self._row(f"batches of {size:,}", self._pairs("sale", self._batches(port, size), rounds=2))
                for size in (100, 1_000)
            ]
        note = f"Sales a second, 4 connections, runs of {_BATCH_SECONDS} seconds. Target: 2."
        self._report.table("Many sales: `POST /api/v1/sales/batch`", _COLUMNS, rows, note)

    def rules(self) -> None:
        """One sale of a merchant with 50 rules, tiers, a cap and three levels of recruiters."""
        accounts = [merchants.ruled(number) for number in range(1, MERCHANTS + 1)]
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        with site.web() as (port, _):
            load.run(port, requests.sales(accounts, 1_000), connections=4, seconds=10)
            rows = [
                self._row(f"{connections} connections", self._pairs("sale", self._sales(port, connections, accounts)))
                for connections in (4, 8)
            ]
        title = "One sale with 50 rules, tiers, a cap by month and three levels"
        self._report.table(title, _COLUMNS, rows, "Four commissions for most sales. Target: 0.25.")

    def history(self) -> None:
        """A rule tried on 100,000 orders of a year, three levels of recruiters above most of them."""
        account, levels = merchants.tried(orders=_TRIED_ORDERS)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        tiers = tuple(Tier(start, percent=Decimal(rate)) for start, rate in ((10, 11), (50, 12)))
        changes: dict[str, dict[str, Any]] = {
            "another rate": {"percent": 12},
            "tiers and a cap": {
                "percent": 12, "currency": "USD", "details": Details(tiers=tiers, cap_month=10**9),
            },
            "other levels": {"percent": 12, "rule": levels.rule, "details": merchants.LEVELS},
        }  # fmt: skip
        with tenancy.tenant(account.merchant_id):
            rows = [[what, f"{_tried(change):.1f}"] for what, change in changes.items()]
        self._report.table(
            f"Trying a rule on {_TRIED_ORDERS:,} orders", ["", "seconds"], rows, "Three levels above most. Target: 60."
        )

    def redirect(self) -> None:
        """Following a link."""
        with site.web() as (port, _):
            load.run(port, requests.clicks(4_000), connections=4, seconds=10)
            rows = [
                self._row(f"{connections} connections", self._pairs("click", self._clicks(port, connections)))
                for connections in (4, 8)
            ]
        note = "2,000 links, every visitor new, against one inserted row by 4 clients. Target: 0.4."
        self._report.table("A click: `GET /r/<code>`", _COLUMNS, rows, note)

    def memory(self) -> None:
        """What the web processes take after load of every kind."""
        with site.web() as (port, parent):
            load.run(port, requests.sales(self._accounts, 3_000), connections=8, seconds=10)
            load.run(port, requests.batches(self._accounts, 20, size=1_000), connections=4, seconds=30)
            load.run(port, requests.clicks(5_000), connections=8, seconds=10)
            rows = [[f"web worker {number}", str(size)] for number, size in enumerate(site.resident(parent), 1)]
        self._report.table("Memory after that", ["process", "resident MB"], rows, "Target: 200 MB.")

    def lag(self) -> None:
        """How far the figures are behind while sales come."""
        with site.part("worker"), site.part("beat"), site.web() as (port, _):
            time.sleep(3)  # the worker says nowhere when it is ready
            with _watched() as ages:
                run = load.run(
                    port, requests.batches(self._accounts, _LAG_RATE // 50 * _LAG_SECONDS, size=50), connections=2,
                    seconds=_LAG_SECONDS * 2, rate=_LAG_RATE / 50,
                )  # fmt: skip
            emptied = _until_no_mark()
        came = sum(run.statuses.values()) * 50 / run.seconds
        rows = [[f"{came:.0f}", f"{statistics.median(ages):.1f}", f"{max(ages):.1f}", f"{emptied:.1f}"]]
        columns = ["sales/s", "oldest open mark, median s", "at most s", "last one gone after s"]
        self._report.table("How far the figures are behind", columns, rows, _LAG_NOTE)

    def lists(self, *, orders: int) -> None:
        """The first page of every list for a merchant with many orders against one with 50,000."""
        few, many = (self._history(count) for count in (50_000, orders))
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        with site.web() as (port, _):
            rows = [self._list(port, name, few, many, {each.id: f"/api/v1/{name}" for each in (few, many)})
                    for name in _LISTS]  # fmt: skip
            rows += [self._list(port, f"page {name}", few, many, addresses) for name, addresses in _pages(few, many)]
        columns = ["list", "50,000: p50 ms", f"{orders:,}: p50 ms", "ratio"]
        self._report.table("Lists of a big merchant", columns, rows, "A page of 25, first page. Target: 1.5.")

    def export(self) -> None:
        """A file of half a million orders, read as a browser reads it, and what the web workers take meanwhile."""
        account = self._history(500_000)
        path = f"{merchants.addresses(account)['staff']}orders.csv"
        with site.web() as (port, parent):
            before = site.resident(parent)[0]
            seconds, size, most = _downloaded(port, path, account, parent)
        rows = [[f"{size / 1_000_000:.0f}", f"{seconds:.1f}", str(before), str(most)]]
        columns = ["MB", "seconds", "largest worker before, MB", "at most, MB"]
        self._report.table("Exporting orders.csv", columns, rows, "Target: 200 MB of memory.")

    def _history(self, orders: int) -> Account:
        account = merchants.merchant(f"past-{orders // 1000}-{int(time.time()) % 1_000_000}")
        merchants.fill(account, orders=orders)
        started, pieces = time.monotonic(), 0
        while _refreshed(account):
            pieces += 1
        print(f"{orders:,} orders rolled up in {time.monotonic() - started:.0f} s, {pieces} pieces", flush=True)
        return merchants.signed_in(account)

    def _list(self, port: int, name: str, few: Account, many: Account, addresses: Mapping[str, str]) -> list[str]:
        medians: dict[str, list[float]] = {few.id: [], many.id: []}
        for account in [few, many] * self._rounds:
            run = load.run(port, [requests.page(account, addresses[account.id])] * 25, connections=1, seconds=30)
            _require(run)
            medians[account.id].append(run.percentile(50))
        ratio = statistics.median(b / a for a, b in zip(medians[few.id], medians[many.id], strict=True))
        return [name, *(f"{statistics.median(found):.1f}" for found in medians.values()), f"{ratio:.2f}"]

    def _sales(
        self, port: int, connections: int, accounts: Sequence[Account] = ()
    ) -> Callable[[], tuple[float, load.Run]]:
        def measure() -> tuple[float, load.Run]:
            prepared = requests.sales(accounts or self._accounts, _MOST_SALES * self._seconds)
            run = load.run(port, prepared, connections=connections, seconds=self._seconds)
            return run.rate, run

        return measure

    def _batches(self, port: int, size: int) -> Callable[[], tuple[float, load.Run]]:
        def measure() -> tuple[float, load.Run]:
            prepared = requests.batches(self._accounts, _MOST_SALES * 4 * _BATCH_SECONDS // size, size=size)
            run = load.run(port, prepared, connections=4, seconds=_BATCH_SECONDS)
            return run.statuses.get(200, 0) * size / run.seconds, run

        return measure

    def _clicks(self, port: int, connections: int) -> Callable[[], tuple[float, load.Run]]:
        def measure() -> tuple[float, load.Run]:
            prepared = requests.clicks(_MOST_CLICKS * self._seconds)
            run = load.run(port, prepared, connections=connections, seconds=self._seconds)
            return run.rate, run

        return measure

    def _pairs(self, script: str, product: Callable[[], tuple[float, load.Run]], rounds: int = 0) -> list[Pair]:
        return [Pair(yardstick.rate(script, seconds=self._seconds), *product()) for _ in range(rounds or self._rounds)]

    def _row(self, name: str, pairs: Sequence[Pair]) -> list[str]:
        def median(of: Callable[[Pair], float]) -> float:
            return statistics.median(map(of, pairs))

        ratios = [pair.product / pair.limit for pair in pairs]
        p50, p99 = median(lambda pair: pair.run.percentile(50)), median(lambda pair: pair.run.percentile(99))
        refused = sum(count for pair in pairs for status, count in pair.run.statuses.items() if status >= 400)
        return [
            name,
            f"{median(lambda pair: pair.limit):,.0f}",
            f"{median(lambda pair: pair.product):,.0f}",
            f"**{statistics.median(ratios):.2f}**",
            f"{min(ratios):.2f} to {max(ratios):.2f}",
            f"{p50:.1f}",
            f"{p99:.1f}",
            str(refused),
        ]


def _refreshed(account: Account) -> int:
    """A piece of what is stale, in a transaction of its own, as the worker does it."""
    with tenancy.tenant(account.merchant_id):
        return refresh()


def _downloaded(port: int, path: str, account: Account, parent: int) -> tuple[float, int, int]:
    """Seconds, bytes, and the most megabytes that any worker had resident."""
    size, most, started = 0, 0, time.monotonic()
    waiting = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    waiting.request("GET", path, headers={"Host": "localhost", "Cookie": account.cookies})
    answer = waiting.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"the export answered {answer.status}")
    while piece := answer.read(1 << 20):
        size += len(piece)
        most = max(most, site.resident(parent)[0])
    return time.monotonic() - started, size, most


def _pages(few: Account, many: Account) -> Iterator[tuple[str, dict[str, str]]]:
    """Pages of the back-office and of a partner's portal, by account: name and address."""
    places = {account.id: merchants.addresses(account) for account in (few, many)}
    for path in _PAGES:
        yield path or "overview", {id: f"{found['staff']}{path}" for id, found in places.items()}
    for name in ("partner", "customer", "portal"):
        yield name, {id: found[name] for id, found in places.items()}


_SINGLE_TARGETS = "Targets: 0.28, then 0.35; p99 under 5 x p50."
_COLUMNS = ["", "limit/s", "product/s", "ratio", "of the pairs", "p50 ms", "p99 ms", "not answered well"]


def _require(run: load.Run) -> None:
    if set(run.statuses) != {200}:
        raise RuntimeError(f"a list answered {run.statuses}")


def _tried(change: Mapping[str, Any]) -> float:
    """Seconds that it takes."""
    program, now = default_program(actor=merchants.ACTOR), timezone.now()
    period = {"since": now - timedelta(days=364), "until": now}
    began = time.perf_counter()
    deque(compare(program.merchant, propose(program, kind="percentage", **period, **change)), maxlen=0)
    return time.perf_counter() - began


@contextmanager
def _watched() -> Iterator[list[float]]:
    """Ages of the oldest open mark, a second apart, while the block runs."""
    ages: list[float] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(1):
            ages.append(_oldest_mark())
        connection.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield ages
    finally:
        stop.set()
        watcher.join()


def _oldest_mark() -> float:
    """Seconds; 0 without any mark."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; SET LOCAL app.sweep = 'on'")
        cursor.execute("SELECT extract(epoch FROM clock_timestamp() - min(marked_at)) FROM stats_stalemark")
        (age,) = cursor.fetchone()
        cursor.execute("COMMIT")
    return float(age or 0)


def _until_no_mark() -> float:
    started = time.monotonic()
    while _oldest_mark() and time.monotonic() - started < 60:
        time.sleep(0.1)
    return time.monotonic() - started
