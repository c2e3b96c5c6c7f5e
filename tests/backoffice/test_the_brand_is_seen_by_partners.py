"""Logo and legal details: set on the page of settings, seen in the portal, at its door and in e-mail."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from PIL import Image

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from pages import mail

pytestmark = pytest.mark.django_db

Committing = Callable[..., AbstractContextManager[Any]]
LEGAL = {
    "legal_name": "Acme Coffee GmbH",
    "legal_address": "Hauptstr. 1\n10115 Berlin",
    "tax_id": "DE123456789",
    "contact_email": "legal@acme.example",
    "terms_url": "https://acme.example/terms",
    "privacy_url": "https://acme.example/privacy",
}


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    """Uploads of this test."""
    settings.MEDIA_ROOT = tmp_path


def upload(browser: Client, content: bytes, name: str = "logo.png") -> Any:
    return browser.post("/m/acme/settings/logo/", {"logo": SimpleUploadedFile(name, content)})


def png(color: str = "red") -> bytes:
    file = BytesIO()
    Image.new("RGB", (96, 64), color).save(file, "PNG")
    return file.getvalue()


def again(merchant: Merchant) -> Merchant:
    with tenancy.tenant(merchant.id):
        merchant.refresh_from_db()
    return merchant


def address_on(page: str) -> str:
    found = re.search(r'src="([^"]*/logo/[^"]+)"', page)
    assert found is not None
    return found[1]


def test_a_logo_is_uploaded_and_seen_by_everybody(browser: Client, merchant: Merchant, partner: Partner) -> None:
    assert upload(browser, png()).status_code == 302
    address = address_on(browser.get("/m/acme/settings/").content.decode())
    assert address == address_on(Client().get(f"/p/{partner.portal_code}/sign-in/").content.decode())
    answer = Client().get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in answer.headers
    known = Client().get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_an_old_address_shows_the_logo_of_today_for_a_minute(browser: Client, merchant: Merchant) -> None:
    upload(browser, png("red"))
    old = address_on(browser.get("/m/acme/settings/").content.decode())
    upload(browser, png("blue"))
    answer = Client().get(old)
    assert Image.open(BytesIO(answer.content)).convert("RGB").getpixel((5, 5)) == (0, 0, 255)
    assert answer.headers["Cache-Control"] == "public, max-age=60"


def test_a_removed_logo_is_gone(browser: Client, merchant: Merchant, partner: Partner) -> None:
    upload(browser, png())
    assert browser.post("/m/acme/settings/logo/", {"remove": "1"}).status_code == 302
    assert Client().get("/logo/acme").status_code == 404
    assert "/logo/" not in Client().get(f"/p/{partner.portal_code}/sign-in/").content.decode()


def test_one_merchants_logo_is_not_anothers(browser: Client, merchant: Merchant, other_merchant: Merchant) -> None:
    upload(browser, png())
    assert Client().get(f"/logo/{other_merchant.slug}").status_code == 404
    assert Client().get("/logo/nobody").status_code == 404
    assert again(other_merchant).logo == ""


def test_what_is_no_picture_is_refused_beside_the_field(browser: Client, merchant: Merchant) -> None:
    for content, said in (
        (b"<svg/>", "Choose a PNG, JPEG or WebP file."),
        (bytes(2 * 1024 * 1024 + 1), "Choose a file of at most 2 MB."),
    ):
        answer = upload(browser, content)
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert browser.post("/m/acme/settings/logo/").status_code == 422
    assert again(merchant).logo == ""


def test_legal_details_stand_at_the_foot_of_portal_and_mail(
    browser: Client,
    merchant: Merchant,
    partner: Partner,
    mailoutbox: list[EmailMessage],
    tasks_at_once: None,
    django_capture_on_commit_callbacks: Committing,
) -> None:
    upload(browser, png())
    sent = {"seen": timezone.now().isoformat(), **LEGAL}
    assert browser.post("/m/acme/settings/legal/", sent).status_code == 302
    assert again(merchant).legal_address == "Hauptstr. 1\n10115 Berlin"
    page = Client().get(f"/p/{partner.portal_code}/sign-in/").content.decode()
    with django_capture_on_commit_callbacks(execute=True), tenancy.tenant(merchant.id):
        mail.send("portal_reset", to=partner.email, context={"partner": partner, "link": "x"}, merchant=merchant)
    (message,) = mailoutbox
    html = message.alternatives[0][0]  # type: ignore[attr-defined]
    for text in (page, html):
        for value in ("Acme Coffee GmbH", "Hauptstr. 1, 10115 Berlin", "Tax ID DE123456789", *list(LEGAL.values())[3:]):
            assert value in text
    assert 'src="http://localhost' in html
    assert "Acme Coffee GmbH" in message.body
    assert "https://acme.example/terms" in message.body


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("terms_url", "javascript:alert(1)"),
        ("privacy_url", "acme.example"),
        ("privacy_url", "https://"),
        ("terms_url", "https://[acme.example"),
        ("contact_email", "nobody"),
        ("legal_address", "x" * 501),
    ],
)
def test_legal_details_that_cannot_be_are_refused(browser: Client, merchant: Merchant, field: str, value: str) -> None:
    sent = {"seen": timezone.now().isoformat(), **LEGAL, field: value}
    assert browser.post("/m/acme/settings/legal/", sent).status_code == 422
    assert getattr(again(merchant), field) == ""
