"""A new version of the terms asks partners in the portal, says until when, and is accepted once."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from affiliates.program_terms import publish_terms
from merchants import tenancy
from merchants.models import Merchant
from tests.factories import ACTOR

pytestmark = pytest.mark.django_db


def publish(merchant: Merchant, text: str) -> None:
    with tenancy.tenant(merchant.id):
        in_a_month = timezone.localdate() + timedelta(days=30)
        publish_terms(program=merchant.programs.get(), text=text, accept_by=in_a_month, actor=ACTOR)


def test_a_new_version_asks_until_it_is_accepted(browser: Client, portal: str, merchant: Merchant) -> None:
    assert b"terms of the program have changed" not in browser.get(portal).content
    assert browser.get(f"{portal}terms/").status_code == 404
    for number, text in ((1, "Be kind."), (2, "Be kind, and brief.")):
        publish(merchant, text)
        asked = browser.get(portal).content.decode()
        assert "The terms of the program have changed." in asked
        assert "Read and accept them by" in asked
        assert text in browser.get(f"{portal}terms/").content.decode()
        assert browser.post(f"{portal}terms/", {"number": number}).status_code == 302
        assert b"terms of the program have changed" not in browser.get(portal).content
        assert b"You accepted it" in browser.get(f"{portal}terms/").content


def test_what_was_read_is_what_is_accepted(browser: Client, portal: str, merchant: Merchant, anna: Partner) -> None:
    publish(merchant, "Be kind.")
    publish(merchant, "Be kind, and brief.")
    answer = browser.post(f"{portal}terms/", {"number": 1})
    assert answer.status_code == 422
    assert b"There is a newer version: read that one." in answer.content
    browser.post(f"{portal}terms/", {"number": 2})
    browser.post(f"{portal}terms/", {"number": 2})
    with tenancy.tenant(merchant.id):
        assert [each.terms.number for each in anna.terms_acceptances.select_related("terms")] == [2]
        assert merchant.audit_entries.filter(verb="partner.accept_terms").count() == 1
