"""A load generator that costs little: one thread, keep-alive connections, requests made before the clock starts.

Closed loop: every connection has one request under way and sends the next when the answer has come.
"""

import selectors
import socket
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: A run that hears nothing for this long has failed.
SILENCE = 30.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one run showed."""

    seconds: float
    latencies: list[float]
    """Seconds, in no order."""
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, of_hundred: int) -> float:
        """Milliseconds within which so many of a hundred requests were answered."""
        return statistics.quantiles(self.latencies, n=100)[of_hundred - 1] * 1000


class _Connection:
    """One keep-alive connection with one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SILENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self._sent_at = 0.0

    def send(self, request: bytes) -> None:
        self._received = b""
        self._sent_at = time.perf_counter()
        self.socket.sendall(request)

    def status(self) -> int | None:
        """Read; the answer's status when it is there whole."""
        chunk = self.socket.recv(1 << 20)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self._received += chunk
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return None
        return int(head[9:12])

    def waited(self) -> float:
        return time.perf_counter() - self._sent_at


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def run(port: int, requests: Sequence[bytes], *, connections: int, seconds: float, rate: float | None = None) -> Run:
    """Send `requests` over `connections` until time or requests are used up, at most `rate` of them a second."""
    waiting = _paced(requests, rate) if rate else iter(requests)
    selector = selectors.DefaultSelector()
    opened = [_Connection(port) for _ in range(connections)]
    for connection in opened:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    try:
        return _measure(selector, opened, waiting, seconds)
    finally:
        selector.close()
        for connection in opened:
            connection.socket.close()


def _paced(requests: Sequence[bytes], rate: float) -> Iterator[bytes]:
    started = time.perf_counter()
    for number, request in enumerate(requests):
        time.sleep(max(0.0, started + number / rate - time.perf_counter()))
        yield request


def _measure(
    selector: selectors.BaseSelector, opened: Sequence[_Connection], waiting: Iterator[bytes], seconds: float
) -> Run:
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    started = time.perf_counter()
    until = started + seconds
    under_way = sum(_next(connection, waiting) for connection in opened)
    while under_way:
        ready = selector.select(SILENCE)
        if not ready:
            raise TimeoutError(f"no answer for {SILENCE:.0f} seconds")
        for key, _ in ready:
            connection: _Connection = key.data
            status = connection.status()
            if status is None:
                continue
            latencies.append(connection.waited())
            statuses[status] = statuses.get(status, 0) + 1
            under_way -= 1
            if time.perf_counter() < until:
                under_way += _next(connection, waiting)
    return Run(time.perf_counter() - started, latencies, statuses)


def _next(connection: _Connection, waiting: Iterator[bytes]) -> int:
    request = next(waiting, None)
    if request is None:
        return 0
    connection.send(request)
    return 1
