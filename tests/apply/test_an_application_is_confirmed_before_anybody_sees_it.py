"""From the form through the mailbox to the list of staff: nothing by looking, everything once."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from affiliates.models import Application
from affiliates.program_terms import publish_terms
from affiliates.programs import create_group, delete_group
from affiliates.questions import delete_question, update_question
from affiliates.tasks import forget_applications
from merchants import tenancy
from tests.apply.conftest import PAGE, Door, link_in
from tests.factories import ACTOR

pytestmark = pytest.mark.django_db


def test_the_page_says_what_the_merchant_says_and_asks_what_it_asks(door: Door) -> None:
    page = door.browser.get(PAGE).content.decode()
    assert "Earn with us." in page
    assert "How do you reach people?" in page
    assert "Be kind." in page
    assert "version 1" in page


def test_staff_see_nothing_until_the_address_is_confirmed(door: Door, mailoutbox: list[EmailMessage]) -> None:
    assert door.send().headers["Location"] == f"{PAGE}sent/"
    (message,) = mailoutbox
    assert message.to == ["bo@example.com"]
    assert "Bo Ek" not in message.body, "whoever fills in the form must not write into other people's mailboxes"
    with tenancy.tenant(door.merchant.id):
        assert not door.merchant.partners.exists()
    link = link_in(message)
    looked = door.browser.get(link)
    assert looked.status_code == 200
    with tenancy.tenant(door.merchant.id):
        assert not door.merchant.partners.exists(), "programs look at links too: looking confirms nothing"
    assert door.confirm(link).headers["Location"] == link
    assert b"Thank you, Bo Ek" in door.browser.get(link).content
    with tenancy.tenant(door.merchant.id):
        partner = door.merchant.partners.get()
        assert (partner.email, partner.status) == ("bo@example.com", "applied")
        sent = partner.applications.get()
        assert (sent.website, sent.answers[0]["answer"]) == ("https://bo.example/", "A weekly podcast.")
        assert sent.terms is not None
        assert partner.terms_acceptances.get().accepted_at == sent.created_at


def test_confirming_twice_makes_one_partner(door: Door, mailoutbox: list[EmailMessage]) -> None:
    door.send()
    link = link_in(mailoutbox[0])
    door.confirm(link)
    door.confirm(link)
    with tenancy.tenant(door.merchant.id):
        assert door.merchant.partners.count() == 1
        assert door.merchant.audit_entries.filter(verb="application.confirm").count() == 1


def test_a_form_sent_twice_is_one_application_and_one_e_mail(door: Door, mailoutbox: list[EmailMessage]) -> None:
    stamp = door.opened()["stamp"]
    first, second = door.send(stamp=stamp), door.send(stamp=stamp)
    assert first.headers["Location"] == second.headers["Location"]
    with tenancy.tenant(door.merchant.id):
        assert door.merchant.applications.count() == 1
    assert len(mailoutbox) == 1


def test_a_slip_in_the_address_is_corrected_and_the_link_before_is_over(
    door: Door, mailoutbox: list[EmailMessage]
) -> None:
    stamp = door.opened()["stamp"]
    door.send(stamp=stamp, email="bob@example.com")
    door.send(stamp=stamp, email="bo@example.com")
    wrong, right = mailoutbox
    assert door.confirm(link_in(wrong)).status_code == 410
    assert door.confirm(link_in(right)).status_code == 302
    with tenancy.tenant(door.merchant.id):
        assert door.merchant.partners.get().email == "bo@example.com"


def test_a_link_lasts_a_week_and_what_nobody_confirmed_goes(door: Door, mailoutbox: list[EmailMessage]) -> None:
    door.send()
    door.clock.shift(timedelta(days=7, minutes=1))
    answer = door.browser.get(link_in(mailoutbox[0]))
    assert answer.status_code == 410
    assert b"This link is too old." in answer.content
    forget_applications.apply(kwargs={"merchant_id": str(door.merchant.id)}, throw=True)
    with tenancy.tenant(door.merchant.id):
        assert not door.merchant.applications.exists()


def test_an_answer_keeps_the_question_as_it_was_asked(door: Door, mailoutbox: list[EmailMessage]) -> None:
    door.send()
    door.confirm(link_in(mailoutbox[0]))
    with tenancy.tenant(door.merchant.id):
        update_question(door.question, changes={"label": "Whom do you reach?"}, actor=ACTOR)
        delete_question(door.question, actor=ACTOR)
        (answer,) = door.merchant.applications.get().answers
    assert (answer["label"], answer["version"], answer["answer"]) == (
        "How do you reach people?", 1, "A weekly podcast."
    )  # fmt: skip


def test_questions_or_terms_that_changed_meanwhile_are_shown_before_anything_is_kept(door: Door) -> None:
    stamp = door.opened()["stamp"]
    with tenancy.tenant(door.merchant.id):
        publish_terms(program=door.program, text="Be kind, and brief.", actor=ACTOR)
    answer = door.send(stamp=stamp)
    assert answer.status_code == 422
    assert b"were changed while you wrote" in answer.content
    assert b"A weekly podcast." in answer.content, "what was typed stays"
    with tenancy.tenant(door.merchant.id):
        assert not door.merchant.applications.exists()


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "required"),
        ("email", "nobody", "valid email"),
        ("website", "javascript:alert(1)", "address of a page"),
        ("terms", "", "Accept the terms"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(door: Door, field: str, value: str, says: str) -> None:
    answer = door.send(**{field: value})
    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_a_program_that_is_closed_says_so_and_takes_nothing(door: Door) -> None:
    stamp = door.opened()["stamp"]
    with tenancy.tenant(door.merchant.id):
        door.merchant.programs.update(applications_open=False)
    assert b"takes no new partners right now" in door.browser.get(PAGE).content
    assert b"takes no new partners right now" in door.send(stamp=stamp).content
    with tenancy.tenant(door.merchant.id):
        assert not door.merchant.applications.exists()


def test_the_page_of_a_group_leads_into_the_group(door: Door, mailoutbox: list[EmailMessage]) -> None:
    with tenancy.tenant(door.merchant.id):
        group = create_group(program=door.program, name="Podcasters", landing_text="For your ears.", actor=ACTOR)
    address = f"{PAGE}?group={group.id}"
    page = door.browser.get(address).content.decode()
    assert "For your ears." in page
    assert "Earn with us." not in page
    door.send(to=address, stamp=door.opened(address)["stamp"])
    door.confirm(link_in(mailoutbox[0]))
    with tenancy.tenant(door.merchant.id):
        assert door.merchant.partners.get().group == group


def test_another_merchants_link_is_nobodys(door: Door, other_merchant: object, mailoutbox: list[EmailMessage]) -> None:
    door.send()
    link = link_in(mailoutbox[0]).replace("/acme/", "/rival/")
    assert Client().get(link).status_code in (404, 410)
    with tenancy.tenant(door.merchant.id):
        assert Application.objects.get().confirmed_at is None


def test_a_group_that_was_deleted_meanwhile_keeps_nobody_out(door: Door, mailoutbox: list[EmailMessage]) -> None:
    with tenancy.tenant(door.merchant.id):
        group = create_group(program=door.program, name="Podcasters", actor=ACTOR)
    address = f"{PAGE}?group={group.id}"
    door.send(to=address, stamp=door.opened(address)["stamp"])
    with tenancy.tenant(door.merchant.id):
        delete_group(group, actor=ACTOR)
    door.confirm(link_in(mailoutbox[0]))
    with tenancy.tenant(door.merchant.id):
        assert door.merchant.partners.get().group is None
    assert b"Podcasters" not in door.browser.get(address).content
