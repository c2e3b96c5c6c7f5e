"""`manage.py demo` as a person meets it: what is in its way, what it prints, and that it takes everything along.

The merchants are a stand-in: planting the real ones takes a minute.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.config.conftest import CHECKOUT, DEADLINE_SECONDS, Site, environment, eventually, is_gone

NOTES = {
    "base_url": "http://localhost:1",
    "merchants": [
        {
            "slug": "acme",
            "name": "Acme Tea",
            "currency": "USD",
            "api_key": "sk_live_demo",
            "staff": {"owner": {"email": "owner@acme.example", "password": "leaf"}},
        }
    ],
    "partners": [
        {"merchant": "acme", "email": "anna@acme.example", "password": "bud", "coupon": "ANNA10",
         "portal": "http://localhost:1/p/anna"},
        {"merchant": "acme", "email": "new@acme.example", "activation": "http://localhost:1/activate/x"},
    ],
    "operator": {"email": "operator@acme.example", "password": "root"},
}  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def demo(site: Site, port: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "demo"],
        cwd=CHECKOUT,
        env=environment(site.path, PORT=str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def descendants(pid: int) -> set[int]:
    children = {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    return children.union(*(descendants(child) for child in children))


@pytest.fixture(scope="module")
def planted(running_site: Site) -> Site:
    """Migrated, with the mark of a merchant and the notes of a seed that ran at another address."""
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        cwd=CHECKOUT,
        env=environment(running_site.path),
        check=True,
    )
    running_site.hold().ready().sql(
        "INSERT INTO merchants_locator (kind, key, merchant_id) VALUES ('slug', 'acme', gen_random_uuid())"
    )
    (running_site.path / "demo.json").write_text(json.dumps(NOTES))
    return running_site


def test_it_starts_prints_and_ends_with_everything_it_started(planted: Site) -> None:
    port = free_port()
    first = demo(planted, port)
    assert first.stdout
    printed = ""
    while "The same for programs" not in printed:
        line = first.stdout.readline()
        assert line, printed
        printed += line
    for expected in (
        f"http://localhost:{port}",
        "sk_live_demo",
        "owner@acme.example  leaf",
        "bud  ANNA10",
        "operator@acme.example  root",
    ):
        assert expected in printed
    assert (planted.path / "demo.json").read_text() == json.dumps(NOTES).replace("localhost:1", f"localhost:{port}")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
        assert answer.status == 200

    second = demo(planted, free_port())
    said, _ = second.communicate(timeout=DEADLINE_SECONDS)
    assert second.returncode == 1
    assert f"runs already: http://localhost:{port}, process {first.pid}. Stop it first" in said

    # Web with two workers, worker with its pool, beat.
    pids = descendants(first.pid)
    assert len(pids) >= 5
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=DEADLINE_SECONDS)
    assert first.returncode == 0
    assert all(is_gone(pid) for pid in pids)


def test_kill_9_of_it_ends_what_it_started(planted: Site) -> None:
    victim = demo(planted, free_port())
    assert victim.stdout
    while "The same for programs" not in victim.stdout.readline():
        assert victim.poll() is None
    pids = descendants(victim.pid)
    os.kill(victim.pid, signal.SIGKILL)
    victim.communicate(timeout=DEADLINE_SECONDS)
    eventually(lambda: all(is_gone(pid) for pid in pids))


def test_a_port_that_is_taken_is_said_before_anything_starts(planted: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]
        refused = demo(planted, port)
        said, _ = refused.communicate(timeout=DEADLINE_SECONDS)
    assert refused.returncode == 1
    assert said.startswith(f"CommandError: Port {port} cannot be used")
    assert "choose another: make demo PORT=" in said
