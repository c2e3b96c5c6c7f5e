"""`manage.py demo`: the whole product in the foreground, with a demo merchant to look at.

Made to be interrupted at any moment: every step before the site runs can be repeated, and what runs ends with it.
"""

import hashlib
import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import BaseCommand, CommandError, call_command

from config import embedded
from config.embedded.locks import open_lock, try_exclusive
from config.files import replace
from config.foreground import Foreground, Part, PartFailed
from config.processes import tie_to_parent
from merchants.models import Locator

HOST = "127.0.0.1"
READY_SECONDS = 120.0
TICK_SECONDS = 0.2
RESTORE_SECONDS = 2.0
COLOURS = {"web": "36", "worker": "33", "beat": "35", "demo": "32"}


class Command(BaseCommand):
    help = "Migrate, seed when empty, then run web, worker and beat until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--with-parent", action="store_true", help="stop when the process that started this ends")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["with_parent"]:
            tie_to_parent(signal.SIGTERM)
        # Until the site runs there is nothing to stop in order: any of these ends the command, as Ctrl-C does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        port = _port()
        # The parts inherit it: whoever runs the demo reads the mail that would have been sent.
        os.environ["ACCRUE_SHOW_MAIL"] = "1"
        lock = self._only_one()
        try:
            _require_free(port)
            self._prepare()
            self._run(port)
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=130) from None
        finally:
            os.close(lock)

    def _only_one(self) -> int:
        """The lock that says that a demo of this checkout runs; it holds the demo's address for who comes second."""
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        path = settings.DATA_DIR / "demo.lock"
        lock = open_lock(path)
        if not try_exclusive(lock):
            os.close(lock)
            raise CommandError(
                f"A demo of this checkout runs already: {path.read_text()}. Stop it first (Ctrl-C there)."
            )
        os.ftruncate(lock, 0)
        os.write(lock, f"{settings.BASE_URL}, process {os.getpid()}".encode())
        return lock

    def _prepare(self) -> None:
        self._say("migrating")
        call_command("migrate", verbosity=0, interactive=False)
        if not Locator.objects.exists():
            self._say("seeding the demo merchant, once; about a minute")
            call_command("seed", base_url=settings.BASE_URL)
        if _collect_static():
            self._say("collected static files")

    def _run(self, port: int) -> None:
        self._say("starting web, worker and beat")
        try:
            with Foreground(parts(port), self._echo, sys.stdout.fileno()) as site:
                self._watch(site)
                site.say("demo", "stopping")
        except PartFailed as error:
            raise CommandError(f"{error} The demo stopped; its last lines above say why.") from error
        if site.deaf:
            # Django flushes these at the end, and nobody can read them.
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - for the rest of the process

    def _watch(self, site: Foreground) -> None:
        started = restored = time.monotonic()
        ready = False
        while site.running:
            site.tick(TICK_SECONDS)
            now = time.monotonic()
            if not ready and (ready := _answers()):
                for line in _summary():
                    site.say("demo", line)
            if not ready and now - started > READY_SECONDS:
                raise PartFailed(
                    f"The site does not answer at {_local_url()}/healthz after {READY_SECONDS:.0f} seconds."
                )
            if now - restored > RESTORE_SECONDS:
                embedded.restore()
                restored = now

    def _say(self, line: str) -> None:
        self._echo("demo", line)

    def _echo(self, name: str, line: str) -> None:
        label = f"{name:<7}"
        if self.stdout.isatty():
            label = f"\x1b[{COLOURS[name]}m{label}\x1b[0m"
        self.stdout.write(f"{label}| {line}")
        self.stdout.flush()


def _port() -> int:
    given = os.environ.get("PORT", "8000")
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise CommandError(f"PORT is {given!r}; set it to a number from 1 to 65535.")
    return int(given)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} cannot be used ({error.strerror}). "
                f"Stop what listens there, or choose another: make demo PORT={port + 1 if port < 65535 else 8000}"
            ) from error


def parts(port: int) -> list[Part]:
    python = [sys.executable, "-u", "-m"]
    # As root, Celery warns of tasks that arrive pickled. Ours are JSON, the only thing it accepts.
    celery = [sys.executable, "-u", "-W", "ignore:You're running the worker with superuser", "-m", "celery"]
    celery += ["--app", "config.celery", "--quiet"]
    web = [
        *("granian", "config.wsgi:application", "--interface", "wsgi", "--host", HOST, "--port", str(port)),
        # For two cores. Each thread holds a connection, and a server process that is asked more often has what it needs
        # at hand: six threads in three processes answer more than eight in two. Granian warns of three for two cores.
        *("--workers", "3", "--blocking-threads", "2", "--respawn-failed-workers", "--no-ws", "--log-level", "error"),
    ]
    schedule = settings.DATA_DIR / "beat"
    return [
        Part("web", [*python, *web]),
        Part("worker", [*celery, "worker", "--concurrency", "2", "--loglevel", "WARNING", "--without-gossip"]),
        Part("beat", [*celery, "beat", "--loglevel", "WARNING", "--schedule", str(schedule), "--pidfile="]),
    ]


def _local_url() -> str:
    return f"http://{HOST}:{_port()}"


def _answers() -> bool:
    try:
        with urllib.request.urlopen(f"{_local_url()}/healthz", timeout=2) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _collect_static() -> bool:
    """Collect and compress the static files unless they are the same as last time; compressing takes seconds."""
    files = [(path, storage.path(path)) for finder in get_finders() for path, storage in finder.list([])]
    states = [f"{path} {os.stat(source).st_mtime_ns} {os.stat(source).st_size}" for path, source in files]
    digest = hashlib.sha256("\n".join(states).encode()).hexdigest()
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == digest:
        return False
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    replace(stamp, digest)
    return True


def _summary() -> list[str]:
    """Where to look and how to get in, from what the seed wrote down."""
    path = settings.DATA_DIR / "demo.json"
    lines = ["", f"Accrue runs at {settings.BASE_URL}, Ctrl-C stops it", f"API reference: {settings.BASE_URL}/api/docs"]
    if not path.exists():
        return [*lines, "These merchants were not made by the demo, so it knows no log-ins.", ""]
    demo = _at_this_address(path)
    for merchant in demo["merchants"]:
        lines += ["", f"{merchant['name']} ({merchant['slug']}, {merchant['currency']})"]
        lines += [f"  API key  {merchant['api_key']}"]
        lines += [f"  {role:<8} {who['email']}  {who['password']}" for role, who in merchant["staff"].items()]
    operator = demo["operator"]
    lines += ["", f"Operators: {settings.BASE_URL}/admin/", f"  operator {operator['email']}  {operator['password']}"]
    lines += ["", "Partners"]
    for partner in demo["partners"]:
        ways_in = [partner["email"], partner.get("password"), partner.get("coupon")]
        lines.append(f"  {partner['merchant']:<14} {'  '.join(way for way in ways_in if way)}")
        # Who has not been there yet comes in by the link that sets a password.
        lines.append(f"  {'':<14} {partner.get('activation') or partner.get('portal', '')}")
    return [*lines, "", f"The same for programs: {path}", ""]


def _at_this_address(path: Path) -> dict[str, Any]:
    """The seed's notes, with the addresses of today: PORT may have changed since."""
    text = path.read_text()
    written: str = json.loads(text)["base_url"]
    if written != settings.BASE_URL:
        text = text.replace(json.dumps(written)[1:-1], json.dumps(settings.BASE_URL)[1:-1])
        replace(path, text)
    notes: dict[str, Any] = json.loads(text)
    return notes
