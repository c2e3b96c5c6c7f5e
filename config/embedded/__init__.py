"""Embedded servers: a real PostgreSQL and a real Valkey when the environment names no other.

`with servers():` sets DATABASE_URL and REDIS_URL for its block. Those that are set already stay as they are, and
their server is not started. The others are shared by every command of a checkout: the first one starts a supervisor
(`config.embedded.supervisor`), the next ones find it, and some seconds after the last one it stops.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from config.embedded.errors import EmbeddedError
from config.embedded.lease import SERVERS, lease

__all__ = ["EmbeddedError", "data_dir", "restore", "servers"]

_held: list[tuple[str, Callable[[], str]]] = []


def data_dir() -> Path:
    """Where the embedded servers keep their data: `.data` in the checkout, or ACCRUE_DATA_DIR."""
    given = os.environ.get("ACCRUE_DATA_DIR")
    return Path(given).resolve() if given else Path(__file__).resolve().parent.parent.parent / ".data"


@contextmanager
def servers() -> Iterator[None]:
    """DATABASE_URL and REDIS_URL are set inside this block, by the operator or to the embedded servers."""
    missing = [server for server, variable in SERVERS.items() if not os.environ.get(variable)]
    with ExitStack() as stack:
        leases = [(server, stack.enter_context(lease(data_dir(), server))) for server in missing]
        try:
            for server, address in leases:
                os.environ[SERVERS[server]] = address()
            _held.extend(leases)
            yield
        finally:
            for held in leases:
                os.environ.pop(SERVERS[held[0]], None)
                if held in _held:
                    _held.remove(held)


def restore() -> None:
    """Bring back, at the same address, what this process holds and whose supervisor was killed. Cheap when all runs."""
    for server, address in _held:
        if address() != os.environ[SERVERS[server]]:
            raise EmbeddedError(f"The embedded {server} came back at another address. Start this command again.")
