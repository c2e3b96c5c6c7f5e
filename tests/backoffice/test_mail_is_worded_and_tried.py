"""The e-mails on their pages: what each says, how it looks, a test to oneself, and back to the first words."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from merchants import tenancy
from merchants.letters import LETTERS, set_words, words_of
from merchants.models import Merchant
from pages import mail
from tests.factories import ACTOR

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tasks_at_once")]

Committing = Callable[..., AbstractContextManager[Any]]
AT = "/m/acme/settings/mail/"
WELCOME = LETTERS["activation"]


def save(browser: Client, **typed: str) -> Any:
    values = {"subject": "Hi {partner}", "body": "Come in.\r\n\r\n{link}", "seen": timezone.now().isoformat()}
    return browser.post(f"{AT}activation/", values | typed)


def subject_now(merchant: Merchant) -> str:
    with tenancy.tenant(merchant.id):
        return words_of(merchant, WELCOME).subject


def html_of(message: EmailMessage) -> str:
    return str(message.alternatives[0][0])  # type: ignore[attr-defined]


def test_every_letter_is_listed_and_shown(
    browser: Client, merchant: Merchant, django_assert_max_num_queries: Any
) -> None:
    browser.get(AT)  # writes the session down, and counts for the sidebar
    with django_assert_max_num_queries(12):
        listed = browser.get(AT).content.decode()
    for letter in LETTERS.values():
        assert f"{AT}{letter.name}/" in listed
        with django_assert_max_num_queries(12):
            assert browser.get(f"{AT}{letter.name}/").status_code == 200
        preview = browser.get(f"{AT}{letter.name}/preview/")
        assert (letter.button in preview.content.decode()) == ("{link}" in letter.body)
        assert not re.search(r"\{\w+\}", preview.content.decode())
        assert preview.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert preview.headers["Content-Security-Policy"].endswith("sandbox")
    assert browser.get(f"{AT}newsletter/").status_code == 404


def test_words_are_saved_and_sent(
    browser: Client,
    merchant: Merchant,
    partner: Partner,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Committing,
) -> None:
    assert save(browser).status_code == 302
    assert "Edited" in browser.get(AT).content.decode()
    with django_capture_on_commit_callbacks(execute=True), tenancy.tenant(merchant.id):
        context = {"partner": partner.name, "link": "https://example.com/x"}
        mail.send("activation", to=partner.email, context=context, merchant=merchant)
    (message,) = mailoutbox
    assert message.subject == "Hi Anna"
    assert message.body.startswith("Come in.\n\nhttps://example.com/x\n")
    assert 'href="https://example.com/x"' in html_of(message)


def test_what_people_are_called_runs_and_links_nothing(
    merchant: Merchant, mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: Committing
) -> None:
    with django_capture_on_commit_callbacks(execute=True), tenancy.tenant(merchant.id):
        body = "<b>Hi</b> {partner}, see https://acme.example/faq\n\n{link}"
        set_words(merchant, WELCOME, subject="For {partner}", body=body, actor=ACTOR)
        name = "<img src=x> https://evil.example {link} {% now 'Y' %}\nBcc: eve@evil.example"
        mail.send(
            "activation", to="a@b.example", context={"partner": name, "link": "https://x.example"}, merchant=merchant
        )
    (message,) = mailoutbox
    html = html_of(message)
    assert "&lt;b&gt;Hi&lt;/b&gt; &lt;img src=x&gt;" in html
    assert 'href="https://evil.example"' not in html
    assert 'href="https://acme.example/faq"' in html
    assert "{link} {% now" in html
    assert "\n" not in message.subject
    assert message.bcc == []


def test_what_cannot_be_sent_is_said_beside_the_field(browser: Client, merchant: Merchant) -> None:
    answer = save(browser, body="Hello {first_name}: {link}")
    assert answer.status_code == 422
    assert "There is no {first_name} in this e-mail." in answer.content.decode()
    assert "Hello {first_name}: {link}</textarea>" in answer.content.decode()
    assert save(browser, body="Hello").status_code == 422
    assert save(browser, subject="").status_code == 422
    assert subject_now(merchant) == WELCOME.subject


def test_words_are_looked_at_before_they_are_saved(browser: Client, merchant: Merchant) -> None:
    shown = browser.post(f"{AT}activation/preview/", {"subject": "Dear {partner}", "body": "Only this.\r\n\r\n{link}"})
    assert (shown.status_code, b"Dear Anna Berg" in shown.content) == (200, True)
    refused = browser.post(f"{AT}activation/preview/", {"subject": "Dear {x}", "body": "{link}"})
    assert (refused.status_code, b"There is no {x}" in refused.content) == (422, True)
    assert refused.headers["Content-Security-Policy"].endswith("sandbox")
    assert subject_now(merchant) == WELCOME.subject


def test_a_test_goes_to_whoever_asks(
    browser: Client,
    merchant: Merchant,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Committing,
) -> None:
    save(browser)
    with django_capture_on_commit_callbacks(execute=True):
        assert browser.get(f"{AT}activation/test/").status_code == 302
        assert browser.post(f"{AT}activation/test/").status_code == 302
    (message,) = mailoutbox
    assert (message.to, message.subject) == (["owner@example.com"], "[Test] Hi Anna Berg")


def test_the_first_words_come_back(browser: Client, merchant: Merchant) -> None:
    save(browser)
    assert browser.get(f"{AT}activation/reset/").status_code == 200
    assert subject_now(merchant) == "Hi {partner}"
    assert browser.post(f"{AT}activation/reset/").status_code == 302
    assert subject_now(merchant) == WELCOME.subject


def test_two_people_at_once_do_not_overwrite_each_other_unseen(browser: Client, merchant: Merchant) -> None:
    before = timezone.now().isoformat()
    with tenancy.tenant(merchant.id):
        set_words(merchant, WELCOME, subject="Theirs", body="{link}", actor=ACTOR)
    answer = save(browser, seen=before)
    assert answer.status_code == 422
    assert f"{ACTOR.name} changed subject" in answer.content.decode()
    assert subject_now(merchant) == "Theirs"


def test_anothers_words_are_anothers(browser: Client, merchant: Merchant, other_merchant: Merchant) -> None:
    with tenancy.tenant(other_merchant.id):
        set_words(other_merchant, WELCOME, subject="Rival words", body="{link}", actor=ACTOR)
    assert "Rival words" not in browser.get(AT).content.decode()
    assert browser.get("/m/rival/settings/mail/").status_code == 404
