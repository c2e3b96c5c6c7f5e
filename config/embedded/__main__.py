"""`python -m config.embedded`: what the leases start (`supervise`), and `remove` for `make clean`."""

import logging
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from config.embedded import data_dir
from config.embedded.errors import EmbeddedError
from config.embedded.home import Home, digest, find_home, remembered
from config.embedded.lease import SERVERS
from config.embedded.locks import is_held, open_lock, try_exclusive
from config.embedded.server import Server
from config.embedded.supervisor import Supervisor

LOCK_SECONDS = 2.0
STOP_SECONDS = 30.0
LOG_BYTES = 5_000_000

logger = logging.getLogger("config.embedded")


def main(arguments: list[str]) -> int:
    match arguments:
        case ["supervise", name, directory]:
            return supervise(name, Path(directory))
        case ["remove"]:
            return remove(data_dir())
    print("usage: python -m config.embedded remove", file=sys.stderr)
    return 2


def supervise(name: str, directory: Path) -> int:
    """Take the lock of this server, go to the background, run it until nobody needs it."""
    server = _load(name)
    control = directory / name
    try:
        home = find_home(control, server.binaries())
        lock = _only_one(control / "supervisor.lock")
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
    _go_to_background(control / "log", lock)
    try:
        Supervisor(server(home)).run()
    except Exception:
        logger.exception("The supervisor of %s gives up", name)
        return 1
    return 0


def remove(directory: Path) -> int:
    """Stop the servers of this data directory, then remove what they keep outside of it."""
    controls = [directory / name for name in SERVERS]
    for control in controls:
        if is_held(control / "supervisor.lock"):
            os.kill(int((control / "supervisor.lock").read_text()), signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for control in controls:
        while is_held(control / "supervisor.lock"):
            if time.monotonic() > deadline:
                print(f"The embedded {control.name} does not stop; see {control / 'log'}.", file=sys.stderr)
                return 1
            time.sleep(0.05)
        shutil.rmtree(Home.runtime_of(control), ignore_errors=True)
    away = remembered(directory)
    if away and away.name.startswith(f"accrue-{digest(directory)}-"):
        shutil.rmtree(away)
    return 0


def _load(name: str) -> type[Server]:
    """A supervisor loads the one server that it is for: each brings a library or two."""
    if name == "postgres":
        from config.embedded.postgres import Postgres

        return Postgres
    from config.embedded.valkey import Valkey

    return Valkey


def _only_one(path: Path) -> int:
    """The lock that says that a supervisor runs. A command that looks whether it is held holds it for a moment."""
    descriptor = open_lock(path)
    deadline = time.monotonic() + LOCK_SECONDS
    while not try_exclusive(descriptor):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"{path} is held: a supervisor runs already.")
        time.sleep(0.02)
    return descriptor


def _go_to_background(log: Path, lock: int) -> None:
    """Leave the terminal and the command that started this. The lock goes along with the process that stays."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".old"))
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s supervisor: %(message)s")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
