"""Several processes in the foreground of one terminal: their output, their deaths, their end.

The parts end with this process whatever ends it: told by a signal, it asks them and then makes them stop; killed, the
kernel tells them (`config.processes`). Each part leads a process group of its own, so Ctrl-C reaches only this process,
and whatever a part has started can be ended with it.
"""

import os
import select
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from config.processes import spawn

STOP_SECONDS = 15.0
RESTARTS = 5
RESTART_WINDOW_SECONDS = 60.0
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class PartFailed(Exception):
    """A part ends again and again; the message names it."""


@dataclass
class Part:
    """One process: how it is started, and what is left of a line it has not finished."""

    name: str
    command: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    unfinished: bytes = b""
    deaths: "deque[float]" = field(default_factory=lambda: deque(maxlen=RESTARTS))


class Foreground:
    """`with Foreground(parts, echo, 1) as site: while site.running: site.tick(0.2)`."""

    def __init__(self, parts: list[Part], echo: Callable[[str, str], None], output: int) -> None:
        self.parts = parts
        self.echo = echo
        self.signals = 0
        self.deaf = False
        self.selector = selectors.DefaultSelector()
        self.terminal = _terminal(output)

    @property
    def running(self) -> bool:
        """False once somebody said stop, or nobody can read the output any more."""
        return not (self.signals or self.deaf)

    def __enter__(self) -> Self:
        for number in STOPPING:
            # nohup means it: what was ignored at the start stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._note_signal)
        for part in self.parts:
            self._start(part)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Ask all, wait, then make what is left. A second Ctrl-C ends the waiting."""
        heard = self.signals
        for part in self.parts:
            if part.process:
                part.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while self._alive() and time.monotonic() < deadline and self.signals <= heard:
            self._drain(0.1)
        for part in self.parts:
            self._kill(part)
        self.selector.close()

    def tick(self, seconds: float) -> None:
        """Pass on output for so long, then start again what has ended. Raises PartFailed when that is no use."""
        self._drain(seconds)
        self.deaf = self.deaf or bool(self.terminal.poll(0))
        for part in self.parts:
            if self.running and part.process and part.process.poll() is not None:
                self._restart(part)

    def say(self, name: str, line: str) -> None:
        """Write a line; when nobody can read it any more (a closed pipe, a lost terminal), that is the end."""
        if self.deaf:
            return
        try:
            self.echo(name, line)
        except OSError:
            self.deaf = True

    def _note_signal(self, number: int, frame: object) -> None:
        self.signals += 1

    def _start(self, part: Part) -> None:
        part.process = spawn(
            part.command,
            death_signal=signal.SIGTERM,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            bufsize=0,
        )
        if part.process.stdout:
            os.set_blocking(part.process.stdout.fileno(), False)
            self.selector.register(part.process.stdout, selectors.EVENT_READ, part)

    def _restart(self, part: Part) -> None:
        status = part.process.returncode if part.process else None
        self._kill(part)
        now = time.monotonic()
        if len(part.deaths) == RESTARTS and now - part.deaths[0] < RESTART_WINDOW_SECONDS:
            raise PartFailed(f"{part.name} ended {RESTARTS + 1} times within a minute, last with status {status}.")
        part.deaths.append(now)
        self.say(part.name, f"ended with status {status}; starting it again")
        self._start(part)

    def _kill(self, part: Part) -> None:
        """End the whole group: a part that was killed may have left workers that hold its port."""
        if not part.process:
            return
        with suppress(ProcessLookupError):
            os.killpg(part.process.pid, signal.SIGKILL)
        part.process.wait()
        if part.process.stdout:
            self._read(part)
            with suppress(KeyError):
                self.selector.unregister(part.process.stdout)
            part.process.stdout.close()
        part.process = None

    def _alive(self) -> bool:
        return any(part.process and part.process.poll() is None for part in self.parts)

    def _drain(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not self.selector.get_map():
                time.sleep(left)
            for key, _ in self.selector.select(left):
                self._read(key.data)

    def _read(self, part: Part) -> None:
        if not (part.process and part.process.stdout):
            return
        try:
            chunk = os.read(part.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return
        if not chunk:
            with suppress(KeyError):
                self.selector.unregister(part.process.stdout)
        *lines, part.unfinished = (part.unfinished + chunk).split(b"\n")
        for line in lines:
            self.say(part.name, line.decode(errors="replace"))


def _terminal(output: int) -> select.poll:
    """Reports once the terminal, or the pipe that reads the output, is gone; typed input does not count.

    The signal is not enough: the kernel sends SIGHUP to the session's leader alone, and when that is `make` (`ssh -t
    host make demo`), it waits for its child instead of passing it on.
    """
    poll = select.poll()
    poll.register(output, 0)
    if os.isatty(0):
        poll.register(0, 0)
    return poll
