"""The supervisor: one process per server, which starts it, keeps it running and stops it when nobody needs it.

Who uses the server holds a shared lock on `users.lock` as long as it lives; the kernel drops it even after kill -9. The
supervisor asks for that lock exclusively: getting it means that nobody is left. It stops the server *while holding
it*, so that a newcomer waits until the stop is complete and then starts a new supervisor.
"""

import fcntl
import logging
import os
import shutil
import signal
import time
from collections import deque
from pathlib import Path
from subprocess import Popen

from config.embedded.errors import EmbeddedError
from config.embedded.locks import open_lock, try_exclusive
from config.embedded.server import Server
from config.files import replace
from config.processes import stop

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.5
START_TICK_SECONDS = 0.05
GRACE_SECONDS = 2.0
CHECK_SECONDS = 5.0
FAILED_CHECKS = 4
START_SECONDS = 60.0
# More deaths than this within the window mean that starting it again does not help.
RESTARTS = 5
RESTART_WINDOW_SECONDS = 60.0
# What the loop waits for; blocked, so that none is lost between two waits.
WAKING = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}


class Supervisor:
    """Runs one server until nobody uses it, or somebody says stop."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.control = server.home.control
        self.users = open_lock(self.control / "users.lock")
        self.process: Popen[bytes] | None = None
        self.deaths: deque[float] = deque(maxlen=RESTARTS)
        self.idle_since: float | None = None
        self.stopping = False

    def run(self) -> None:
        """Start, watch, stop. Returns when the server is stopped; raises when it cannot be kept running."""
        signal.pthread_sigmask(signal.SIG_BLOCK, WAKING)
        address = self.control / "address"
        try:
            self._stop_leftovers()
            self.server.prepare()
            process = self._start()
            if not self.stopping:
                self.server.settle()
                replace(address, self.server.address())
                logger.info("ready")
            self._watch(process)
        finally:
            # When the data directory was removed, another one, with its own supervisor, may be in its place by now.
            ours = not self._is_removed()
            if ours:
                address.unlink(missing_ok=True)
            if self.process:
                stop(self.process, self.server.steps)
            if ours and self.server.home.runtime.exists():
                shutil.rmtree(self.server.home.runtime)
            logger.info("stopped")

    def _stop_leftovers(self) -> None:
        for pid in self.server.leftovers():
            logger.warning("stopping process %s, left by a supervisor that was killed", pid)
            for wanted, seconds in [*self.server.steps, (signal.SIGKILL, 5.0)]:
                os.kill(pid, wanted)
                if _gone(self.server, pid, seconds):
                    break

    def _start(self) -> "Popen[bytes]":
        """Start the server and wait until it answers. One that dies on the way is started again, a few times.

        A killed PostgreSQL may leave its memory in use for a moment, until its last child has noticed.
        """
        deadline = time.monotonic() + START_SECONDS
        self.process = process = self.server.start()
        while not (self._answers() or self.stopping):
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{self.server.name} did not answer within {START_SECONDS:.0f} seconds.")
            if process.poll() is not None:
                self._note_death(process)
                self._wait(TICK_SECONDS)
                self.process = process = self.server.start()
            self._wait(START_TICK_SECONDS)
        return process

    def _watch(self, process: "Popen[bytes]") -> None:
        next_check = time.monotonic() + CHECK_SECONDS
        failed = 0
        while not (self.stopping or self._is_unused() or self._is_removed()):
            if process.poll() is not None:
                self._note_death(process)
                self.server.prepare()
                process = self._start()
            elif time.monotonic() > next_check:
                failed = 0 if self._answers() else failed + 1
                next_check = time.monotonic() + CHECK_SECONDS
                if failed:
                    logger.error("it runs, but did not answer (%s of %s)", failed, FAILED_CHECKS)
                if failed >= FAILED_CHECKS:
                    stop(process, self.server.steps)
                    failed = 0
            self._wait(TICK_SECONDS)

    def _answers(self) -> bool:
        try:
            self.server.check()
        except self.server.no_answer as error:
            logger.debug("no answer: %s", error)
            return False
        return True

    def _note_death(self, process: "Popen[bytes]") -> None:
        logger.error("it ended with status %s", process.returncode)
        now = time.monotonic()
        if len(self.deaths) == RESTARTS and now - self.deaths[0] < RESTART_WINDOW_SECONDS:
            raise EmbeddedError(f"{self.server.name} ended {RESTARTS + 1} times within a minute.")
        self.deaths.append(now)

    def _wait(self, seconds: float) -> None:
        """Sleep, but wake at once when a child ends or somebody says stop."""
        received = signal.sigtimedwait(WAKING, seconds)
        if received and received.si_signo != signal.SIGCHLD:
            logger.info("told to stop by signal %s", received.si_signo)
            self.stopping = True

    def _is_unused(self) -> bool:
        """Nobody has used the server for the grace; if so, the exclusive lock stays with this process."""
        if not try_exclusive(self.users):
            self.idle_since = None
            return False
        now = time.monotonic()
        self.idle_since = self.idle_since or now
        if now - self.idle_since >= GRACE_SECONDS:
            return True
        fcntl.flock(self.users, fcntl.LOCK_UN)
        return False

    def _is_removed(self) -> bool:
        """Somebody removed the data directory under the server: what runs here, nobody can find any more."""
        path = self.control / "users.lock"
        return not path.exists() or path.stat().st_ino != os.fstat(self.users).st_ino


def _gone(server: Server, pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if pid not in server.leftovers() or not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.05)
    return False
