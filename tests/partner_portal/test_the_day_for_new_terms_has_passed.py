"""After the day for new terms the portal shows them and nothing else, until they are accepted."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from affiliates.deadlines import suspend_late
from affiliates.models import AfterDeadline, Partner
from fraud.terms import publish
from merchants import tenancy
from tests.factories import ACTOR

pytestmark = pytest.mark.django_db

PAGES = ("", "earnings/", "earnings.csv", "customers/", "links/", "assets/", "payouts/", "news/", "settings/", "files/")
IN_DAYS = timedelta(days=10)


def publish_terms(partner: Partner, after_deadline: str) -> None:
    with tenancy.tenant(partner.merchant_id):
        day = timezone.localdate() + timedelta(days=2)
        publish(program=partner.program, text="Be kind.", accept_by=day, after_deadline=after_deadline, actor=ACTOR)


@pytest.mark.parametrize("after_deadline", list(AfterDeadline))
def test_every_page_leads_to_the_terms_until_they_are_accepted(
    anna: Partner, browser: Client, portal: str, after_deadline: AfterDeadline
) -> None:
    publish_terms(anna, after_deadline)
    assert b"The terms of the program have changed." in browser.get(portal).content
    with time_machine.travel(timezone.now() + IN_DAYS):
        with tenancy.tenant(anna.merchant_id):
            assert suspend_late(now=timezone.now()) == int(after_deadline == AfterDeadline.SUSPEND)
        for page in PAGES:
            assert browser.get(portal + page).headers["Location"] == f"{portal}terms/", page
        text = browser.get(f"{portal}terms/").content.decode()
        assert "These terms were to be accepted by" in text
        assert "portal-nav" not in text, "nothing leads to where nothing is shown"
        assert "closed to new sales" not in text, "it says what to do, not that it is over"
        assert browser.post(f"{portal}terms/", {"number": "1"}).headers["Location"] == portal
        assert browser.get(portal).status_code == 200
    with tenancy.tenant(anna.merchant_id):
        anna.refresh_from_db()
    assert anna.status == "approved"


def test_the_way_out_stays_open(anna: Partner, browser: Client, portal: str) -> None:
    publish_terms(anna, AfterDeadline.REVIEW)
    with time_machine.travel(timezone.now() + IN_DAYS):
        assert browser.post(f"{portal}sign-out/").headers["Location"] == f"{portal}sign-in/"


def test_an_older_version_is_not_accepted_by_mistake(anna: Partner, browser: Client, portal: str) -> None:
    publish_terms(anna, AfterDeadline.REVIEW)
    with time_machine.travel(timezone.now() + IN_DAYS):
        answer = browser.post(f"{portal}terms/", {"number": "7"})
        assert answer.status_code == 422
        assert b"There is a newer version: read that one." in answer.content
        assert browser.get(portal).status_code == 302
