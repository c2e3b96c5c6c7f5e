"""What staff read about a version of the terms that partners are asked to accept by a day."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from affiliates.models import AfterDeadline, Partner
from fraud.terms import accept, publish
from merchants import tenancy
from merchants.models import Merchant
from tests.factories import ACTOR

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
