"""The web server as a process of its own, on the test database, to be called and killed."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from django.db import connection

_STARTS_WITHIN = 60.0


class Web:
    """A granian with two workers on a port of loopback."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def environment(self, own: dict[str, str] | None = None) -> dict[str, str]:
        """What a process on the test database is started with."""
        return os.environ | {"DATABASE_URL": test_database_url()} | (own or {})

    def start(self, own: dict[str, str] | None = None) -> None:
        """Start it and wait until it answers; `own` is added to its environment."""
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--workers", "2"]
        self._process = subprocess.Popen(
            [*command, "--port", str(self.port), "--no-access-log", "--log-level", "error", "config.wsgi:application"],
            env=self.environment(own),
            start_new_session=True,
        )
        deadline = _deadline(_STARTS_WITHIN)
        while not self._answers():
            assert self._process.poll() is None, "the web server ended by itself"
            assert not deadline(), "the web server does not answer"

    def kill(self) -> None:
        """kill -9: main process and workers at once."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _answers(self) -> bool:
        try:
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            client.request("GET", "/healthz", headers={"Host": "localhost"})
            return client.getresponse().status == 200
        except OSError:
            return False


@contextmanager
def running_web() -> Iterator[Web]:
    """A web server for the length of a block."""
    web = Web()
    web.start()
    try:
        yield web
    finally:
        web.kill()


def test_database_url() -> str:
    """The database that the tests run on, which has another name than DATABASE_URL says."""
    at = connection.settings_dict
    user = f"{quote(at['USER'])}:{quote(at['PASSWORD'])}"
    host = quote(at["HOST"], safe="")
    return f"postgresql://{user}@{host}:{at['PORT'] or 5432}/{quote(at['NAME'])}"


def _deadline(seconds: float):  # type: ignore[no-untyped-def]
    from time import monotonic

    end = monotonic() + seconds
    return lambda: monotonic() > end
