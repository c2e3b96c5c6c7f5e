"""E-mail: rendered where the reason is, delivered after commit by the worker.

What goes out in a merchant's name is one of `merchants.letters`, in the merchant's words and brand. It is rendered
inside the transaction, so it says what was true then, and handed to the worker only when that commits: no e-mail about
something that did not happen.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from merchants.letters import LETTERS, Letter, Words, pieces, samples, substituted, words_of
from merchants.models import Merchant
from pages.brand import legal_lines
from pages.tasks import deliver

_LINK = "link"


@dataclass(frozen=True, slots=True)
class Message:
    """As it is read."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a paragraph."""

    text: str
    is_written: bool = False
    """By the merchant: an address in it may become a link. In a partner's name it may not."""
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A part of a message; the button, or text."""

    pieces: list[Piece]
    is_button: bool = False
    is_small: bool = False
    """Below the button stands what few need to read."""


def send(letter: str, *, to: str, context: Mapping[str, object], merchant: Merchant) -> None:
    """Send one of `LETTERS` to one address once the running transaction has committed.

    `context` has a value for each of its placeholders but `{merchant}`. KeyError without.
    """
    found = LETTERS[letter]
    given = {"merchant": merchant.name, **context}
    values = {name: str(given[name]) for name in found.placeholders}
    _after_commit(written(found, words_of(merchant, found), values, merchant=merchant), to=to, merchant=merchant)


def send_sample(letter: Letter, *, to: str, merchant: Merchant) -> None:
    """Send it as partners get it, with made-up names and a subject that says so."""
    message = sample(letter, words_of(merchant, letter), merchant=merchant)
    marked = Message(f"[Test] {message.subject}", message.text, message.html)
    _after_commit(marked, to=to, merchant=merchant)


def sample(letter: Letter, words: Words, *, merchant: Merchant) -> Message:
    """The message with made-up names. Its link leads to the front page, for the real ones are secrets."""
    values = samples(letter, merchant=merchant, link=f"{settings.BASE_URL}/")
    return written(letter, words, values, merchant=merchant)


def written(
    letter: Letter, words: Words, values: Mapping[str, str], *, merchant: Merchant, unsubscribe: str = ""
) -> Message:
    """The message, with the values in the places of their names, and below it where to `unsubscribe`, if anywhere."""
    # A name with a line break in it must not write headers.
    subject = " ".join(substituted(words.subject, values).split())
    context = {
        "subject": subject,
        "paragraphs": _paragraphs(words.body, values),
        "link": values[_LINK],
        "button": letter.button,
        "merchant": merchant,
        "unsubscribe": unsubscribe,
    }
    foot = _foot(merchant) + (f"\nNo more announcements by e-mail: {unsubscribe}" if unsubscribe else "")
    body = re.sub(r"\n\s*\n\s*", "\n\n", substituted(words.body, values)).strip()
    text = "\n\n".join((body, foot)) + "\n"
    return Message(subject, text, render_to_string("email/letter.html", context))


def _paragraphs(body: str, values: Mapping[str, str]) -> list[Paragraph]:
    found: list[Paragraph] = []
    for text in re.split(r"\n\s*\n", body.strip()):
        is_button = text.strip() == f"{{{_LINK}}}"
        parts = [
            Piece(values[piece] if named else piece, is_written=not named, is_link=named and piece == _LINK)
            for piece, named in pieces(text, values)
        ]
        # A paragraph of nothing but a name for which there is no value is not there.
        if not any(part.text.strip() for part in parts):
            continue
        found.append(Paragraph(parts, is_button, is_small=any(each.is_button for each in found)))
    return found


def send_text(subject: str, text: str, *, to: str) -> None:
    """Send a message that somebody else has worded, in the house's frame, once the transaction has committed."""
    html = render_to_string("email/notice.html", {"subject": subject, "text": text})
    _after_commit(Message(subject, text.strip() + "\n", html), to=to, merchant=None)


def _after_commit(message: Message, *, to: str, merchant: Merchant | None) -> None:
    arguments = {
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "to": to,
        "sender": sender_of(merchant) if merchant else settings.DEFAULT_FROM_EMAIL,
        "reply_to": merchant.reply_to if merchant else "",
    }
    transaction.on_commit(lambda: deliver.delay(**arguments))


def sender_of(merchant: Merchant) -> str:
    """Our address, in the merchant's name."""
    return f'"{_quoted(merchant.name)}" <{settings.DEFAULT_FROM_EMAIL}>'


def _foot(merchant: Merchant) -> str:
    """Who writes, below the text; the HTML has it in email/base.html."""
    links = (("Terms", merchant.terms_url), ("Privacy", merchant.privacy_url))
    lines = [*legal_lines(merchant), merchant.contact_email, *(f"{word}: {url}" for word, url in links if url)]
    return "\n".join(["-- ", f"Sent by {merchant.name} with Accrue.", *filter(None, lines)])


def _quoted(name: str) -> str:
    return name.replace("\\", "").replace('"', "'")
