"""The product's web server, started as `manage.py demo` starts it, and what it takes of memory."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.management.commands import demo

START_SECONDS = 30.0


@contextmanager
def web() -> Iterator[tuple[int, int]]:
    """Granian with the demo's flags on a free port: the port, and the process id of the parent."""
    port = _free_port()
    with part("web", port) as process:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError("the web server did not start")
            time.sleep(0.1)
        yield port, process.pid


@contextmanager
def part(name: str, port: int = 0) -> "Iterator[subprocess.Popen[bytes]]":
    """One of the demo's processes: web, worker or beat."""
    (command,) = (part.command for part in demo.parts(port) if part.name == name)
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def resident(parent: int) -> list[int]:
    """Megabytes of each child of `parent`, largest first."""
    children = [int(id) for id in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    pages = [int(Path(f"/proc/{child}/statm").read_text().split()[1]) for child in children]
    return sorted((count * os.sysconf("SC_PAGE_SIZE") // 1_000_000 for count in pages), reverse=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
