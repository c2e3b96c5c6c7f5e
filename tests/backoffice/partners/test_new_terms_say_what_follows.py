"""What staff read about a version of the terms that partners are asked to accept by a day."""

from datetime import timedelta

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from pytest_django import DjangoCaptureOnCommitCallbacks

from affiliates.models import AfterDeadline, Partner
from fraud.terms import accept, publish
from merchants import tenancy
from merchants.models import Merchant
from tests.factories import ACTOR, PartnerFactory, ProgramFactory

pytestmark = pytest.mark.django_db


def test_the_page_of_the_terms_says_who_has_not_accepted_them_and_what_follows(
    browser: Client, merchant: Merchant, anna: Partner
) -> None:
    day = timezone.localdate() + timedelta(days=2)
    with tenancy.tenant(merchant.id):
        terms = publish(
            program=anna.program, text="Be kind.", accept_by=day, after_deadline=AfterDeadline.REVIEW, actor=ACTOR
        )
    address = f"/m/acme/settings/applications/terms/{terms.id}/"
    text = browser.get(address).content.decode()
    assert "1 partner has not accepted it" in text
    assert "what they earn waits under Fraud review" in text
    assert anna.email in text
    announced = browser.get(f"/m/acme/announcements/new/?terms={terms.id}").content.decode()
    assert f"accept it by {date_format(day, 'F j, Y')}. After that what you earn waits until you accept." in announced
    browser.post("/m/acme/review/rules/terms/", {})
    assert "is off: nothing waits" in browser.get(address).content.decode()
    with time_machine.travel(timezone.now() + timedelta(days=9)):
        assert "The day has passed" in browser.get(address).content.decode()
    with tenancy.tenant(merchant.id):
        accept(anna, number=1, actor=ACTOR)
    assert "Everybody has accepted it" in browser.get(address).content.decode()


NEW = "/m/acme/settings/applications/terms/new/"


def put_in_force(browser: Client, **typed: str) -> str:
    """Fill in the form as it is shown, and what the page says after it."""
    form = browser.get(NEW)
    shown = form.context["form"]
    sent = {"once": str(shown["once"].value()), "text": "Be kind.", "after_deadline": "review", **typed}
    return browser.post(NEW, sent, follow=True).content.decode()


def test_partners_are_told_unless_somebody_says_no(
    browser: Client, merchant: Merchant, anna: Partner, mailoutbox: list[EmailMessage], tasks_at_once: None,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    with tenancy.tenant(merchant.id):
        PartnerFactory(name="Of another program", program=ProgramFactory())
    page = browser.get(NEW).content.decode()
    assert "Tell 1 partner by e-mail" in page
    assert 'id="id_tells"' in page
    assert browser.get(NEW).context["form"]["tells"].value() is True
    assert "The terms are in force.</" in put_in_force(browser, text="Nobody is told.")
    with django_capture_on_commit_callbacks(execute=True):
        said = put_in_force(browser, tells="on")
    assert "The terms are in force. 1 e-mail is on its way." in said
    assert "Announce it" in said, "and they can be told again, later"
    assert [letter.to for letter in mailoutbox] == [[anna.email]]
    with tenancy.tenant(merchant.id):
        told = merchant.announcements.get()
        assert (told.program_id, told.title) == (anna.program_id, "New terms of the program")
        assert merchant.program_terms.count() == 2
        name = merchant.programs.get(id=anna.program_id).name
    listed = browser.get("/m/acme/announcements/").content.decode()
    assert f'<td role="cell">{name}' in listed
    assert "All partners" not in listed


def test_a_second_click_tells_nobody_again(browser: Client, merchant: Merchant, anna: Partner) -> None:
    shown = browser.get(NEW).context["form"]
    sent = {"once": str(shown["once"].value()), "text": "Be kind.", "after_deadline": "review", "tells": "on"}
    addresses = {browser.post(NEW, sent)["Location"] for _ in range(2)}
    assert len(addresses) == 1
    again = browser.get(NEW).context["form"]
    browser.post(NEW, sent | {"once": str(again["once"].value())})
    with tenancy.tenant(merchant.id):
        assert merchant.announcements.count() == merchant.receipts.count() == merchant.program_terms.count() == 1


def test_where_nobody_would_get_a_letter_none_is_offered(browser: Client, merchant: Merchant) -> None:
    assert "by e-mail" not in browser.get(NEW).content.decode()
    assert "The terms are in force." in put_in_force(browser, tells="on")
    with tenancy.tenant(merchant.id):
        assert not merchant.announcements.exists()


def test_what_is_announced_later_is_for_the_program_too(browser: Client, merchant: Merchant, anna: Partner) -> None:
    with tenancy.tenant(merchant.id):
        terms = publish(program=anna.program, text="Be kind.", after_deadline=AfterDeadline.REVIEW, actor=ACTOR)
    new = f"/m/acme/announcements/new/?terms={terms.id}"
    shown = browser.get(new).context["form"]
    browser.post(new, {name: shown[name].value() for name in ("title", "body")} | {"once": str(shown["once"].value())})
    with tenancy.tenant(merchant.id):
        assert merchant.announcements.get().program_id == anna.program_id
