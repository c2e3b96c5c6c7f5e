"""Races between real processes, or threads, each with a database connection of its own."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from django.db import connection, connections

from merchants import tenancy
from merchants.errors import DomainError
from merchants.models import Merchant

_processes = multiprocessing.get_context("fork")
_LONGEST = 60


def race(*runners: Callable[[], object]) -> list[str]:
    """Run all at the same moment, each in a process; what became of each: "ok", or the code of its DomainError.

    Any other exception is its name and text, which no test expects.
    """
    connections.close_all()  # a forked connection would be shared
    start = _processes.Barrier(len(runners))
    outcomes: Any = _processes.SimpleQueue()
    running = [_processes.Process(target=_run, args=(runner, start, outcomes)) for runner in runners]
    for process in running:
        process.start()
    for process in running:
        process.join(_LONGEST)
        assert not process.is_alive(), "a runner hangs"
    return sorted(outcomes.get() for _ in running)


def _run(runner: Callable[[], object], start: Any, outcomes: Any) -> None:
    connections["default"].ensure_connection()
    start.wait(_LONGEST)
    try:
        runner()
    except DomainError as error:
        outcomes.put(error.code)
    except Exception as error:  # noqa: BLE001 - the test compares it
        outcomes.put(f"{type(error).__name__}: {error}")
    else:
        outcomes.put("ok")
    finally:
        connections.close_all()


class Forked:
    """A process that runs until it ends or is killed, and tells of its progress."""

    def __init__(self, pid: int, progress: Any) -> None:
        self.pid = pid
        self._progress = progress

    def wait_for_progress(self, times: int) -> None:
        """Wait until the process has said so many times that it got somewhere, or has ended."""
        for _ in range(times):
            if not self._progress.poll(_LONGEST) or self._progress.recv() is None:
                return


@contextmanager
def forked(runner: Callable[[Callable[[], None]], object]) -> Iterator[Forked]:
    """Run `runner(progress)` in a process of its own with its own connections; reaped at the end, killed or not."""
    connections.close_all()
    ours, theirs = _processes.Pipe(duplex=False)
    process = _processes.Process(target=_run_forked, args=(runner, theirs))
    process.start()
    theirs.close()
    assert process.pid is not None
    try:
        yield Forked(process.pid, _Ending(ours))
    finally:
        process.join(_LONGEST)
        assert not process.is_alive(), "the process hangs"
        ours.close()


class _Ending:
    """A pipe whose end counts as a last message."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def poll(self, seconds: float) -> bool:
        return bool(self._pipe.poll(seconds))

    def recv(self) -> object:
        try:
            return self._pipe.recv()
        except EOFError:
            return None


def _run_forked(runner: Callable[[Callable[[], None]], object], progress: Any) -> None:
    try:
        runner(lambda: progress.send(True))
    finally:
        progress.close()
        connections.close_all()


@contextmanager
def under_way(merchant: Merchant, work: Callable[[], object]) -> Iterator[None]:
    """`work` is done in a transaction of another thread, which ends when this block does."""
    done, over = Event(), Event()

    def run() -> None:
        try:
            with tenancy.tenant(merchant.id):
                work()
                done.set()
                assert over.wait(_LONGEST)
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    assert done.wait(_LONGEST)
    try:
        yield
    finally:
        over.set()
        thread.join(_LONGEST)


def in_thread(work: Callable[[], object]) -> Thread:
    """`work` under way in a thread with a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


def waits_for_a_lock() -> bool:
    """Whether anybody in this database waits for a lock, of a row or an advisory one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks w JOIN pg_locks here ON here.pid = w.pid WHERE NOT w.granted"
            " AND here.database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        return bool(cursor.fetchone()[0])
