"""Mail that went nowhere: without EMAIL_URL messages are files, and in the demo these pages show them.

Anybody's sign-in links are in here, so the pages exist only when ACCRUE_SHOW_MAIL says so, as `manage.py demo` does.
"""

from email import message_from_bytes, policy
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin

_SHOWN = 100


def outbox(request: HttpRequest) -> HttpResponse:
    """The newest messages, newest first."""
    return render(request, "config/outbox.html", {"messages_sent": [_shown(file) for file in _files()[:_SHOWN]]})


@xframe_options_sameorigin
def message(request: HttpRequest, name: str) -> HttpResponse:
    """One message: `?as=html` is its HTML part alone, in which no script runs and nothing is loaded."""
    file = next((file for file in _files() if file.stem == name), None)
    if file is None:
        raise Http404
    found = _shown(file)
    if request.GET.get("as") == "html":
        csp = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; sandbox"
        return HttpResponse(found["html"], headers={"Content-Security-Policy": csp})
    return render(request, "config/outbox_message.html", {"mail": found})


def _files() -> list[Path]:
    """Django names them by time, so the newest is the last."""
    if not settings.SHOW_MAIL or not settings.EMAIL_FILE_PATH:
        raise Http404
    return sorted(Path(settings.EMAIL_FILE_PATH).glob("*.log"), reverse=True)


def _shown(file: Path) -> dict[str, str]:
    # The file ends with a line of dashes that is not part of the message.
    raw = file.read_bytes().rpartition(b"-" * 79)[0]
    mail = message_from_bytes(raw, policy=policy.default)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    return {
        "name": file.stem,
        "subject": str(mail["Subject"]),
        "from": str(mail["From"]),
        "to": str(mail["To"]),
        "date": str(mail["Date"]),
        "text": text.get_content() if text else "",
        "html": html.get_content() if html else "",
    }
