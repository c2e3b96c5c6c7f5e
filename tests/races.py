"""Races between real processes, each with a database connection of its own."""

import multiprocessing
from collections.abc import Callable
from typing import Any

from django.db import connections

from merchants.errors import DomainError

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
