"""Commands that use the embedded servers, each in a process of its own, on data directories of their own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis

CHECKOUT = Path(__file__).resolve().parents[2]
DEADLINE_SECONDS = 60.0
HOLD = """
import json, os, sys
from config import embedded
with embedded.servers():
    print(json.dumps([os.environ["DATABASE_URL"], os.environ["REDIS_URL"]]), flush=True)
    sys.stdin.read()
"""


def eventually(probe: Callable[[], bool]) -> None:
    """Poll until it is true; the deadline is far beyond what any of it takes."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not probe():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """This process's environment without the servers that the test suite itself uses."""
    ours = {"DATABASE_URL", "REDIS_URL", "ACCRUE_TEST_SLOT"}
    return {key: value for key, value in os.environ.items() if key not in ours} | {
        "ACCRUE_DATA_DIR": str(data_dir),
        **more,
    }


@dataclass
class Holder:
    """A command that holds the servers until it is told to leave."""

    process: "subprocess.Popen[str]"
    database: str = ""
    redis: str = ""

    def ready(self) -> "Holder":
        assert self.process.stdout
        self.database, self.redis = json.loads(self.process.stdout.readline())
        return self

    def leave(self) -> None:
        self.process.communicate(timeout=DEADLINE_SECONDS)
        assert self.process.returncode == 0

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database, connect_timeout=5) as connection:
            cursor = connection.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def valkey(self) -> "redis.Redis":
        return redis.Redis.from_url(self.redis, socket_timeout=5)

    def serves(self) -> bool:
        try:
            self.sql("SELECT 1")
            with self.valkey() as client:
                return bool(client.ping())
        except (psycopg.OperationalError, redis.RedisError):
            return False


@dataclass
class Site:
    """A data directory and the commands that use it."""

    path: Path
    stack: ExitStack

    def hold(self, **more: str) -> Holder:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD],
            cwd=CHECKOUT,
            env=environment(self.path, **more),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.stack.enter_context(process)
        self.stack.callback(process.kill)
        return Holder(process)

    def supervisor(self, server: str) -> int:
        return int((self.path / server / "supervisor.lock").read_text())

    def server(self, server: str) -> int:
        name = {"postgres": "postmaster.pid", "valkey": "valkey.pid"}[server]
        return int((self.files(server) / name).read_text().split("\n")[0])

    def files(self, server: str) -> Path:
        away = self.path / "away"
        return (Path(away.read_text()) if away.exists() else self.path) / server / "files"

    def pids(self) -> set[int]:
        return {pid(server) for server in ("postgres", "valkey") for pid in (self.supervisor, self.server)}


def is_gone(pid: int) -> bool:
    """Ended: not there, or a zombie that only waits for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture
def site() -> Iterator[Site]:
    """Below /tmp, for pytest's own directories have mode 0700 and the servers of root are not root."""
    path = Path(tempfile.mkdtemp(prefix="accrue test ", dir="/tmp"))
    path.chmod(0o711)
    yield from _site(path)


@pytest.fixture(scope="module")
def running_site() -> Iterator[Site]:
    """One whose servers run on from test to test, because somebody always holds them."""
    path = Path(tempfile.mkdtemp(prefix="accrue-running-", dir="/tmp"))
    path.chmod(0o711)
    with contextmanager(_site)(path) as site:
        site.hold().ready()
        yield site


@pytest.fixture
def hidden_site() -> Iterator[Site]:
    """A data directory that only its owner can reach, as below /root."""
    path = Path(tempfile.mkdtemp(prefix="accrue-hidden-", dir="/tmp"))
    yield from _site(path / "data")
    path.rmdir()


def _site(path: Path) -> Generator[Site]:
    with ExitStack() as stack:
        yield Site(path, stack)
    subprocess.run([sys.executable, "-m", "config.embedded", "remove"], cwd=CHECKOUT, env=environment(path), check=True)
    shutil.rmtree(path)
