"""What runs in the foreground ends with it, however it ends, and a part that dies is started again, not for ever."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.config.conftest import CHECKOUT, DEADLINE_SECONDS, eventually, is_gone

# Two parts with a child each; one of them does not care for SIGTERM.
PROGRAM = """
import signal, sys
import config.foreground
from config.foreground import Foreground, Part, PartFailed

CHILD = "; ".join([
    "import os, signal, subprocess, sys, time",
    "{}",
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])",
    "print(os.getpid(), child.pid, flush=True)",
    "time.sleep(600)",
])
# As a terminal starts it: a suite that runs in the background hands down that some are ignored.
for number in config.foreground.STOPPING:
    signal.signal(number, signal.SIG_DFL)
config.foreground.STOP_SECONDS = 1.0
parts = [
    Part("polite", [sys.executable, "-c", CHILD.format("pass")]),
    Part("deaf", [sys.executable, "-c", CHILD.format("signal.signal(signal.SIGTERM, signal.SIG_IGN)")]),
]
if sys.argv[1:] == ["doomed"]:
    parts = [Part("doomed", [sys.executable, "-c", "print('no use', flush=True); raise SystemExit(3)"])]
try:
    with Foreground(parts, lambda name, line: print(name, line, flush=True), 1) as site:
        while site.running:
            site.tick(0.05)
except PartFailed as error:
    sys.exit(str(error))
"""


class Terminal:
    """The program, its output, and the processes it said it started."""

    def __init__(self, *arguments: str, real: bool = False) -> None:
        """`real`: the program reads from and writes to a terminal, which is gone when `output` is closed."""
        outside, inside = os.openpty() if real else os.pipe()
        self.parts: dict[str, list[int]] = {}
        self.output = os.fdopen(outside)
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=CHECKOUT,
            stdin=inside if real else None,
            stdout=inside,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(inside)

    def started(self) -> dict[str, list[int]]:
        """Each part's own pid and its child's."""
        while len(self.parts) < 2:
            name, *pids = self.output.readline().split()
            self.parts[name] = [int(pid) for pid in pids]
        return self.parts

    def pids(self) -> list[int]:
        return [pid for part in self.started().values() for pid in part]

    def clean_up(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.output.close()
        for leader, _ in self.parts.values():
            with suppress(ProcessLookupError):
                os.killpg(leader, signal.SIGKILL)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.clean_up()


@pytest.fixture
def real_terminal() -> Iterator[Terminal]:
    made = Terminal(real=True)
    yield made
    made.clean_up()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_parts_and_what_they_started(terminal: Terminal, number: signal.Signals) -> None:
    pids = terminal.pids()
    terminal.process.send_signal(number)
    assert terminal.process.wait(DEADLINE_SECONDS) == 0
    assert all(is_gone(pid) for pid in pids)


def test_a_closed_output_ends_it(terminal: Terminal) -> None:
    pids = terminal.pids()
    terminal.output.close()
    terminal.process.wait(DEADLINE_SECONDS)
    assert all(is_gone(pid) for pid in pids)


def test_a_lost_terminal_ends_it_though_no_signal_comes(real_terminal: Terminal) -> None:
    """As when `make` leads the session (`ssh -t host make demo`): the kernel sends SIGHUP to make, which keeps it."""
    pids = real_terminal.pids()
    real_terminal.output.close()
    assert real_terminal.process.wait(DEADLINE_SECONDS) == 0
    assert all(is_gone(pid) for pid in pids)


def test_kill_9_tells_the_parts(terminal: Terminal) -> None:
    polite = terminal.started()["polite"][0]
    terminal.process.kill()
    eventually(lambda: is_gone(polite))


def test_a_part_that_was_killed_is_started_again_without_what_it_left(terminal: Terminal) -> None:
    first = terminal.started()
    os.kill(first["polite"][0], signal.SIGKILL)
    lines = [terminal.output.readline(), terminal.output.readline()]
    assert lines[0] == "polite ended with status -9; starting it again\n"
    again = re.fullmatch(r"polite (\d+) (\d+)\n", lines[1])
    assert again
    terminal.parts["again"] = [int(pid) for pid in again.groups()]
    assert is_gone(first["polite"][1])
    assert not is_gone(first["deaf"][0])


def test_a_part_that_never_lives_ends_the_whole_and_says_which() -> None:
    terminal = Terminal("doomed")
    with terminal.output as output:
        assert output.read().count("doomed no use\n") == 6
    _, errors = terminal.process.communicate(timeout=DEADLINE_SECONDS)
    assert errors == "doomed ended 6 times within a minute, last with status 3.\n"
