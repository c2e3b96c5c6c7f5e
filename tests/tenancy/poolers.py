"""Two ways in which threads share a few server connections: Django's own pool, and PgBouncer in transaction mode."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import psycopg
import pytest
from django.db import connections

from config.environment import database_from_url
from tests.processes.web import test_database_url

#: Server connections that all threads of a test share.
SIZE = 3
_STARTS_WITHIN = 20.0


@contextmanager
def djangos_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """New threads take their connections from a pool of this process."""
    monkeypatch.setenv("DATABASE_POOL", str(SIZE))
    with _settings(monkeypatch, test_database_url()):
        yield
        connections.create_connection("default").close_pool()


@contextmanager
def pgbouncer(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[None]:
    """New threads reach the server through a PgBouncer that hands connections on after each transaction."""
    monkeypatch.setenv("ACCRUE_POOLED", "1")
    with _running(folder) as port, _settings(monkeypatch, f"postgresql://pooled@127.0.0.1:{port}/pooled"):
        yield


@contextmanager
def _settings(monkeypatch: pytest.MonkeyPatch, url: str) -> Iterator[None]:
    """What a thread that has no connection yet connects with; this one's stays as it is."""
    defaults = connections.settings["default"]
    with monkeypatch.context() as patch:
        patch.setitem(connections.settings, "default", defaults | database_from_url(url))
        yield


@contextmanager
def _running(folder: Path) -> Iterator[int]:
    """PgBouncer before the test database; its port."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        assert not os.environ.get("CI"), "CI installs pgbouncer"
        pytest.skip("no pgbouncer here: apt-get install pgbouncer")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    settings = folder / "pgbouncer.ini"
    settings.write_text(_settings_file(port))
    with (folder / "pgbouncer.log").open("wb") as log:
        process = subprocess.Popen([program, str(settings)], stdout=log, stderr=log)
    try:
        _wait_for(port, process, folder / "pgbouncer.log")
        yield port
    finally:
        process.terminate()
        process.wait()


def _settings_file(port: int) -> str:
    there = psycopg.conninfo.conninfo_to_dict(test_database_url())
    server = {name: there[name] for name in ("host", "port", "dbname", "user", "password") if there.get(name)}
    lines = [
        "[databases]",
        "pooled = " + " ".join(f"{name}='{value}'" for name, value in server.items()),
        "[pgbouncer]",
        "listen_addr = 127.0.0.1",
        f"listen_port = {port}",
        "unix_socket_dir =",
        "auth_type = any",
        "pool_mode = transaction",
        f"default_pool_size = {SIZE}",
        "max_client_conn = 200",
    ]
    if os.getuid() == 0:
        lines.append("user = nobody")  # it will not run as root
    return "\n".join(lines) + "\n"


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = monotonic() + _STARTS_WITHIN
    while True:
        try:
            return psycopg.connect(f"postgresql://pooled@127.0.0.1:{port}/pooled", connect_timeout=2).close()
        except psycopg.OperationalError:
            if process.poll() is not None or monotonic() > end:
                raise AssertionError(log.read_text()) from None
