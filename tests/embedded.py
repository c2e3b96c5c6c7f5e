"""pytest plugin (`-p tests.embedded`): the servers are there before Django's settings are read.

Every run takes a slot of its own, so that two runs at once in one checkout do not share a test database; every
xdist worker of a run has its own test database (pytest-django's doing) and its own Redis database.
"""

import os
from collections.abc import Generator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from config import embedded
from config.embedded.locks import open_lock, try_exclusive

SLOTS = 7
# Redis databases of one slot: its workers gw0 to gw6, and a run without workers. Number 0 is the product's.
DATABASES_PER_SLOT = 8

_open = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """A wrapper, because wrappers come before pytest-django's own hook, which imports the settings."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        _take_servers()
    slot = int(os.environ.get("ACCRUE_TEST_SLOT", "0"))
    number = 1 + slot * DATABASES_PER_SLOT + (int(worker.removeprefix("gw")) if worker else DATABASES_PER_SLOT - 1)
    os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}").geturl()
    return (yield)


def pytest_unconfigure() -> None:
    _open.close()


def _take_servers() -> None:
    ours = not os.environ.get("DATABASE_URL")
    _open.enter_context(embedded.servers())
    if ours:
        slot = _free_slot()
        os.environ["ACCRUE_TEST_SLOT"] = str(slot)
        os.environ["DATABASE_URL"] += f"_run{slot}"


def _free_slot() -> int:
    for slot in range(SLOTS):
        descriptor = open_lock(embedded.data_dir() / f"tests-{slot}.lock")
        if try_exclusive(descriptor):
            _open.callback(os.close, descriptor)
            return slot
        os.close(descriptor)
    raise pytest.UsageError(f"{SLOTS} runs of the tests are under way in this checkout; wait for one to end.")
