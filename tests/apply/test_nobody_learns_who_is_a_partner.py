"""The page answers the same whoever's address it is; what the address is stands in its own mailbox alone."""

import re
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage

from affiliates.partners import reject
from merchants import tenancy
from tests.apply.conftest import PAGE, Door, link_in
from tests.factories import ACTOR, PartnerFactory

pytestmark = pytest.mark.django_db


def plain(body: bytes) -> str:
    return re.sub(r'value="[\w:.-]+"', "", body.decode())


def test_the_answer_is_the_same_for_a_partner_and_for_a_stranger(door: Door, mailoutbox: list[EmailMessage]) -> None:
    with tenancy.tenant(door.merchant.id):
        PartnerFactory(email="anna@example.com")
    answers = []
    for email in ("anna@example.com", "stranger@example.com"):
        answer = door.send(email=email)
        answers.append(
            (answer.status_code, answer.headers["Location"], plain(door.browser.get(f"{PAGE}sent/").content))
        )
    assert answers[0] == answers[1]
    told, asked = mailoutbox
    assert "You have a partner account at Acme already: sign in." in told.body
    assert "/confirm/" not in told.body
    assert "/confirm/" in asked.body


def test_an_applicant_who_waits_is_told_so_by_mail(door: Door, mailoutbox: list[EmailMessage]) -> None:
    door.send()
    door.confirm(link_in(mailoutbox[0]))
    door.send()
    assert "Acme has your application and is looking at it." in mailoutbox[1].body


def test_who_was_turned_down_waits_and_then_applies_again(door: Door, mailoutbox: list[EmailMessage]) -> None:
    door.send()
    door.confirm(link_in(mailoutbox[0]))
    with tenancy.tenant(door.merchant.id):
        reject(door.merchant.partners.get(), actor=ACTOR)
    door.send()
    assert "Apply again from" in mailoutbox[1].body
    door.clock.shift(timedelta(days=30))
    door.send(name="Bo Ek the second")
    door.confirm(link_in(mailoutbox[2]))
    with tenancy.tenant(door.merchant.id):
        partner = door.merchant.partners.get()
        assert (partner.status, partner.name) == ("applied", "Bo Ek the second")
        assert partner.applications.count() == 2
        assert door.merchant.audit_entries.filter(verb="partner.reapply").count() == 1


def test_two_applications_of_one_address_make_one_partner(door: Door, mailoutbox: list[EmailMessage]) -> None:
    door.send()
    door.send(name="Bo again")
    for message in mailoutbox:
        assert door.confirm(link_in(message)).status_code == 302
    assert b"Thank you" in door.browser.get(link_in(mailoutbox[1])).content
    with tenancy.tenant(door.merchant.id):
        assert door.merchant.partners.get().name == "Bo Ek"


def test_a_mailbox_gets_three_e_mails_however_often_somebody_applies(
    door: Door, mailoutbox: list[EmailMessage]
) -> None:
    for _ in range(5):
        assert door.send().status_code == 302
    assert len(mailoutbox) == 3
