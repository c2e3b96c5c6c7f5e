"""The user's side of an embedded server: hold it, find it, start its supervisor when there is none."""

import fcntl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from config.embedded.errors import EmbeddedError
from config.embedded.home import prepare_control
from config.embedded.locks import held, is_held

CHECKOUT = Path(__file__).resolve().parent.parent.parent
# Each server and the variable that names another one. Only its supervisor loads what knows it.
SERVERS = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
READY_SECONDS = 90.0


@contextmanager
def lease(data_dir: Path, server: str) -> Iterator[Callable[[], str]]:
    """Hold a server for the length of the block; yields what waits for it and returns its address.

    Starting and waiting are apart, so that both servers can start at the same time. The yielded function may be called
    again: it brings back a server whose supervisor was killed.
    """
    control = prepare_control(data_dir, server)
    with held(control / "users.lock", fcntl.LOCK_SH):
        _start(control, server)
        yield lambda: _wait(control, server)


def _start(control: Path, server: str) -> None:
    """Start a supervisor unless one runs. Serialised: two commands at once start one."""
    with held(control / "start.lock", fcntl.LOCK_EX):
        if is_held(control / "supervisor.lock"):
            return
        (control / "address").unlink(missing_ok=True)
        # It takes its lock before it goes to the background, so the lock is held when this returns.
        outcome = subprocess.run(
            [sys.executable, "-m", "config.embedded", "supervise", server, str(control.parent)],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if outcome.returncode != 0:
            raise EmbeddedError(f"The embedded {server} did not start:\n{outcome.stderr.strip()}")


def _wait(control: Path, server: str) -> str:
    """The address, once it answers. A supervisor that was just stopping, or was killed, is replaced once."""
    deadline = time.monotonic() + READY_SECONDS
    starts = 1
    while time.monotonic() < deadline:
        if not is_held(control / "supervisor.lock"):
            if starts > 1:
                raise EmbeddedError(f"The embedded {server} did not start:\n{_tail(control / 'log')}")
            starts += 1
            _start(control, server)
        try:
            return (control / "address").read_text()
        except FileNotFoundError:
            time.sleep(0.02)  # Not ready yet.
    raise EmbeddedError(f"The embedded {server} is not ready after {READY_SECONDS:.0f} s; see {control / 'log'}.")


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(no log)"
