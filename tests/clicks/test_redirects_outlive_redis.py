"""A web server under load whose Redis is killed and comes back: every visitor is led on, every click exists once."""

import http.client
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from threading import Event
from time import monotonic
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from django.test import override_settings

from affiliates.models import Link
from config.embedded.valkey import Valkey
from merchants import tenancy
from merchants.models import Merchant
from tests.clicks.conftest import BROWSER
from tests.factories import LinkFactory, PartnerFactory
from tests.processes.web import running_web
from tracking import click_stream, clicks

LONGEST = 60.0
CLIENTS = 3
#: Redirects before, during and after the outage, at least.
SOME = 60


class OwnValkey:
    """A Valkey of the test's own, to be killed; it writes to disk before it answers, as the product's does."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._command = [
            str(Valkey.binaries() / "valkey-server"), "--port", str(self.port), "--bind", "127.0.0.1",
            "--dir", str(folder), "--appendonly", "yes", "--save", "", "--logfile", str(folder / "log"),
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)
        until = monotonic() + LONGEST
        while not self._answers():
            assert monotonic() < until, "Valkey does not start"

    def kill(self) -> None:
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16) == b"+PONG\r\n"
        except OSError:
            return False


@pytest.fixture
def valkey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnValkey]:
    """This process and those it starts use it."""
    own = OwnValkey(tmp_path)
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{own.port}/0")
    click_stream.disconnect()
    with override_settings(REDIS_URL=os.environ["REDIS_URL"]):
        yield own
    click_stream.disconnect()
    click_stream.reset()
    own.kill()


def follow_until(stopped: Event, port: int, code: str, led: "Queue[UUID]") -> None:
    client = http.client.HTTPConnection("localhost", port, timeout=LONGEST)
    while not stopped.is_set():
        client.request("GET", f"/r/{code}", headers={"User-Agent": BROWSER})
        response = client.getresponse()
        response.read()
        assert response.status == 302
        led.put(UUID(parse_qs(urlsplit(response.headers["Location"]).query)["click_id"][0]))


def test_redis_is_killed_and_no_visitor_notices(committed_merchant: Merchant, valkey: OwnValkey) -> None:
    with tenancy.tenant(committed_merchant.id):
        link: Link = LinkFactory(partner=PartnerFactory(), code=f"l-{uuid4().hex[:12]}")
    led: Queue[UUID] = Queue()
    stopped = Event()

    def some_more() -> list[UUID]:
        return [led.get(timeout=LONGEST) for _ in range(SOME)]

    with running_web() as web, ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(follow_until, stopped, web.port, link.code, led) for _ in range(CLIENTS)]
        try:
            ids = some_more()
            valkey.kill()
            ids += some_more()
            with tenancy.tenant(committed_merchant.id):
                assert link.clicks.exists(), "during the outage clicks go straight to the database"
            valkey.start()
            survived = click_stream.waiting()
            assert survived > 0, "what was in the stream is still there"
            while click_stream.waiting() == survived:  # until the web server tries the stream again
                ids += some_more()
        finally:
            stopped.set()
        for client in clients:
            client.result(LONGEST)
    while not led.empty():
        ids.append(led.get())
    while clicks.drain(abandoned_ms=0):
        pass
    with tenancy.tenant(committed_merchant.id):
        assert sorted(link.clicks.values_list("id", flat=True)) == sorted(ids)
