"""E-mail: rendered where the reason is, delivered after commit by the worker.

A message is `templates/email/<name>.txt` (its first line is the subject) and `<name>.html`, in the merchant's brand.
It is rendered inside the transaction, so it says what was true then, and handed to the worker only when that commits:
no e-mail about something that did not happen.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from merchants.models import Merchant
from pages.brand import legal_lines
from pages.tasks import deliver


def send(template: str, *, to: str, context: Mapping[str, Any], merchant: Merchant | None = None) -> None:
    """Send `template` to one address once the running transaction has committed."""
    full = {**context, "merchant": merchant, "base_url": settings.BASE_URL}
    subject, _, text = render_to_string(f"email/{template}.txt", full).strip().partition("\n")
    html = render_to_string(f"email/{template}.html", {**full, "subject": subject})
    _after_commit(subject, text, html, to=to, merchant=merchant)


def send_text(subject: str, text: str, *, to: str) -> None:
    """Send a message that somebody else has worded, in the house's frame, once the transaction has committed."""
    html = render_to_string("email/notice.html", {"subject": subject, "text": text})
    _after_commit(subject, text, html, to=to, merchant=None)


def _after_commit(subject: str, text: str, html: str, *, to: str, merchant: Merchant | None) -> None:
    sender = settings.DEFAULT_FROM_EMAIL
    message = {
        "subject": subject,
        "text": "\n\n".join(filter(None, (text.strip(), _foot(merchant)))) + "\n",
        "html": html,
        "to": to,
        "sender": f'"{_quoted(merchant.name)}" <{sender}>' if merchant else sender,
        "reply_to": merchant.reply_to if merchant else "",
    }
    transaction.on_commit(lambda: deliver.delay(**message))


def _foot(merchant: Merchant | None) -> str:
    """Who writes, below the text; the HTML has it in email/base.html."""
    if merchant is None:
        return ""
    lines = [*legal_lines(merchant), merchant.contact_email]
    lines += [
        f"{word}: {url}" for word, url in (("Terms", merchant.terms_url), ("Privacy", merchant.privacy_url)) if url
    ]
    return "\n".join(["-- ", f"Sent by {merchant.name} with Accrue.", *filter(None, lines)])


def _quoted(name: str) -> str:
    return name.replace("\\", "").replace('"', "'")
