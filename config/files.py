"""Small files that several processes read and write at once: each appears complete, or not at all."""

import os
import secrets
from pathlib import Path


def create_once(path: Path, content: str) -> str:
    """Make a private file unless there is one; returns what it holds now.

    Written under another name and linked into place, so of two processes that race one wins, and both read the same.
    """
    if not path.exists():
        draft = _draft(path, content)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # Somebody else was first: theirs counts.
        finally:
            draft.unlink()
    return path.read_text()


def replace(path: Path, content: str) -> None:
    """Write a private file so that a reader sees the old content or the new, never half of it."""
    os.replace(_draft(path, content), path)


def _draft(path: Path, content: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft
