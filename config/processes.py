"""Starting processes that cannot outlive the one that started them, and stopping them.

Used for the embedded servers and for what `manage.py demo` runs. The kernel tells a child that its parent is gone
(PR_SET_PDEATHSIG), so a `kill -9` of the parent leaves nothing behind either.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def tied_to_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn`: the child gets this signal when its parent is gone.

    Popen runs it after it has changed the user, which would have cleared the setting. The parent may be gone
    before it is made, hence the look at who the parent is now. The signal mask is reset because whoever waits with
    `sigtimedwait` has blocked signals, and a child inherits that.
    """
    parent = os.getpid()

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        if _libc.prctl(PR_SET_PDEATHSIG, int(death_signal)) != 0 or os.getppid() != parent:
            os._exit(1)

    return prepare


def tie_to_parent(death_signal: signal.Signals) -> None:
    """The same for the running process: it gets the signal when the process that started it is gone."""
    _libc.prctl(PR_SET_PDEATHSIG, int(death_signal))


def spawn(command: list[str], *, death_signal: signal.Signals, **options: Any) -> "subprocess.Popen[bytes]":
    """Start a child that ends with this process. `options` are Popen's own."""
    if sys.platform != "linux":
        raise OSError("children that end with their parent need Linux")
    return subprocess.Popen(command, preexec_fn=tied_to_parent(death_signal), **options)


def stop(process: "subprocess.Popen[bytes]", steps: list[tuple[signal.Signals, float]]) -> None:
    """Ask a child to stop, ever less politely: each signal has its seconds before the next one follows."""
    for wanted, seconds in steps:
        if process.poll() is not None:
            return
        process.send_signal(wanted)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.wait()


def runs(pid: int, *, program: str, directory: Path) -> bool:
    """Whether this pid is a process of ours: that program, working in that directory.

    A pid file alone proves nothing: after a crash its number may belong to anybody. A directory that was removed under
    the process still counts.
    """
    try:
        executable = os.readlink(f"/proc/{pid}/exe")
        working = os.readlink(f"/proc/{pid}/cwd")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return Path(executable.removesuffix(" (deleted)")).name == program and working.removesuffix(" (deleted)") == str(
        directory
    )
