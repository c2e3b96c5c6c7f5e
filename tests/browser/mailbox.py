"""What the running site wrote to somebody: its worker puts every e-mail into a file, a few to a file."""

import email
import re
import time
from collections.abc import Callable, Iterator
from email import policy

from tests.browser.conftest import PATIENCE, Running


def letter(running: Running, to: str, *, saying: str = "") -> str:
    """Subject and text of the newest message to this address that says this; waits for the worker."""
    return _waited(
        lambda: next((text for text in _letters(running, to) if saying in text), None), f"{saying!r} to {to}"
    )


def link_for(running: Running, to: str, part: str) -> str:
    """The newest link to this address with this in its path; waits for the worker."""
    link = re.compile(rf"http\S+/{part}/\S+")
    return _waited(
        lambda: next((found[0] for text in _letters(running, to) if (found := link.search(text))), None),
        f"a link to {part} to {to}",
    )


def _waited(look: Callable[[], str | None], what: str) -> str:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if (found := look()) is not None:
            return found
    raise AssertionError(f"nobody wrote {what}")


def _letters(running: Running, to: str) -> Iterator[str]:
    """Subjects and texts of the messages to this address, newest first.

    Django names a file by the second and by a place in memory: of two files of one second the name does not say which
    is older, and one file can hold several messages.
    """
    for file in sorted(running.mail.glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True):
        for written in reversed(file.read_bytes().split(b"-" * 79)):
            message = email.message_from_bytes(written.lstrip(), policy=policy.default)
            body = message.get_body(("plain",)) if message["To"] == to else None
            if body is not None:
                yield f"{message['Subject']}\n\n{body.get_content()}"
