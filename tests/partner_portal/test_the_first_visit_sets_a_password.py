"""Activation and reset: a link that works once, and a page that tells nobody whom it was sent to."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from affiliates import activation
from affiliates.models import Partner
from affiliates.partners import check_password
from merchants import tenancy
from merchants.models import Merchant
from merchants.settings import update_merchant
from partner_portal import attempts
from tests.factories import ACTOR, PASSWORD
from tests.partner_portal.conftest import plain

Committing = Callable[[], Any]


@pytest.fixture
def link(partner: Partner) -> str:
    """Anna's first link."""
    return f"/p/{partner.portal_code}/activate/{activation.activation_token(partner, now=timezone.now())}/"


def test_the_link_sets_a_password_and_leads_in(client: Client, merchant: Merchant, partner: Partner, link: str) -> None:
    assert b"Welcome, Anna" in client.get(link).content
    answer = client.post(link, {"password": PASSWORD})
    assert answer.headers["Location"] == f"/p/{partner.portal_code}/"
    assert b"Hi Anna" in client.get(answer.headers["Location"]).content
    with tenancy.tenant(merchant.id):
        assert check_password(merchant.partners.get(id=partner.id), PASSWORD)
        entry = merchant.audit_entries.get(verb="partner.set_password")
    assert (entry.actor_kind, entry.actor_id) == ("partner", partner.id)


def test_it_works_once(client: Client, link: str) -> None:
    client.post(link, {"password": PASSWORD})
    for answer in (Client().get(link), Client().post(link, {"password": "somebody else's"})):
        assert answer.status_code == 410
        assert b"used already" in answer.content


def test_looking_at_it_uses_nothing_up(client: Client, link: str) -> None:
    for _ in range(3):
        assert client.get(link).status_code == 200
        assert client.head(link).status_code == 200


def test_a_weak_password_is_refused_beside_the_field(client: Client, link: str) -> None:
    answer = client.post(link, {"password": "short"})
    assert answer.status_code == 422
    assert b"at least 10 characters" in answer.content
    assert b'aria-invalid="true"' in answer.content


def test_an_old_link_and_another_partners_are_over(client: Client, merchant: Merchant, partner: Partner) -> None:
    old = activation.activation_token(partner, now=timezone.now() - timedelta(days=8))
    assert b"too old" in client.get(f"/p/{partner.portal_code}/activate/{old}/").content
    assert client.get(f"/p/{partner.portal_code}/activate/x/").status_code == 410
    assert client.get("/p/nobody2345/activate/x/").status_code == 404


def asked(client: Client, partner: Partner, email: str, committing: Committing) -> Any:
    """Ask the portal for a link to `email`, and let the worker do its part."""
    with committing():
        return client.post(f"/p/{partner.portal_code}/link/", {"email": email})


def the_link(message: EmailMessage) -> str:
    """The path of the link in a message's text, which is also in its HTML."""
    found = re.search(r"http://\S+?(/p/\S+)", str(message.body))
    assert found
    (html,) = message.alternatives  # type: ignore[attr-defined]
    assert found[0] in html[0]
    return found[1]


def test_the_first_link_can_be_sent_again(
    client: Client, merchant: Merchant, partner: Partner, committing: Committing, mailoutbox: list[EmailMessage]
) -> None:
    with tenancy.tenant(merchant.id):
        update_merchant(merchant, changes={"brand_color": "#f2b63c", "reply_to": "hello@acme.example"}, actor=ACTOR)
    asked(client, partner, " Anna@Example.com", committing)
    (message,) = mailoutbox
    assert (message.to, message.subject) == (["anna@example.com"], "Your partner account at Acme")
    assert message.reply_to == ["hello@acme.example"]
    assert "background:#f2b63c;color:#14161c" in message.alternatives[0][0]  # type: ignore[attr-defined]
    assert client.post(the_link(message), {"password": PASSWORD}).status_code == 302


def test_a_forgotten_password_is_set_anew_within_the_hour(
    client: Client, anna: Partner, committing: Committing, mailoutbox: list[EmailMessage]
) -> None:
    asked(client, anna, anna.email, committing)
    (message,) = mailoutbox
    assert message.subject == "Set a new password for Acme"
    assert client.post(the_link(message), {"password": "another good sentence"}).status_code == 302
    with pytest.raises(Exception, match="too old"):
        activation.check_token(
            anna, activation.reset_token(anna, now=timezone.now()), now=timezone.now() + timedelta(minutes=61)
        )


def test_the_answer_is_the_same_for_everybody(
    client: Client, merchant: Merchant, anna: Partner, committing: Committing, mailoutbox: list[EmailMessage]
) -> None:
    answers = [asked(client, anna, email, committing) for email in (anna.email, "eve@example.com", "no e-mail")]
    assert len({plain(answer.content) for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {200}
    assert [message.to for message in mailoutbox] == [[anna.email]]


def test_nobody_fills_a_mailbox(
    client: Client, anna: Partner, committing: Committing, mailoutbox: list[EmailMessage]
) -> None:
    for _ in range(attempts.LINKS + 2):
        asked(client, anna, anna.email, committing)
    assert len(mailoutbox) == attempts.LINKS
