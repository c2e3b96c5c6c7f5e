"""Bulk decisions: about exactly those who were shown, each in the audit log, the others counted."""

import re

import pytest
from django.test import Client

from merchants import tenancy
from merchants.models import AuditEntry, Merchant
from tests.factories import PartnerFactory

pytestmark = pytest.mark.django_db
BULK = "/m/acme/partners/bulk/?q=Quinn"


def quinns(merchant: Merchant, count: int) -> None:
    with tenancy.tenant(merchant.id):
        for number in range(count):
            PartnerFactory(name=f"Quinn {number}", email=f"quinn{number}@example.com")


def statuses(merchant: Merchant) -> list[str]:
    with tenancy.tenant(merchant.id):
        return sorted(merchant.partners.filter(name__startswith="Quinn").values_list("status", flat=True))


def test_all_matching_are_those_who_were_shown_not_who_came_since(browser: Client, merchant: Merchant) -> None:
    quinns(merchant, 2)
    asked = browser.post(BULK, {"action": "suspend", "all": "1"}).content.decode()
    assert "Suspend 2 partners?" in asked
    ids = re.findall(r'name="id" value="([^"]+)"', asked)
    with tenancy.tenant(merchant.id):
        PartnerFactory(name="Quinn the late", email="late@example.com")
    browser.post(BULK, {"action": "suspend", "confirmed": "1", "all": "1", "id": ids})
    assert statuses(merchant) == ["approved", "suspended", "suspended"]
    with tenancy.tenant(merchant.id):
        assert AuditEntry.objects.filter(verb="partner.suspend").count() == 2


def test_whose_status_does_not_allow_it_stays_and_is_counted(browser: Client, merchant: Merchant) -> None:
    quinns(merchant, 1)
    with tenancy.tenant(merchant.id):
        ids = [str(id) for id in merchant.partners.filter(name="Quinn 0").values_list("id", flat=True)]
    said = browser.post(BULK, {"action": "approve", "confirmed": "1", "id": ids}, follow=True).content.decode()
    assert "0 partners approved. 1 had another status" in said
    assert statuses(merchant) == ["approved"]


def test_a_form_with_more_than_a_thousand_rows_is_taken(browser: Client, merchant: Merchant) -> None:
    quinns(merchant, 1)
    with tenancy.tenant(merchant.id):
        (mine,) = merchant.partners.filter(name="Quinn 0").values_list("id", flat=True)
    many = [str(mine)] * 2_000
    assert browser.post(BULK, {"action": "suspend", "confirmed": "1", "id": many}).status_code == 302
    assert statuses(merchant) == ["suspended"]


def test_nobody_chosen_changes_nothing_and_says_so(browser: Client, merchant: Merchant) -> None:
    quinns(merchant, 1)
    said = browser.post(BULK, {"action": "suspend", "id": ["nonsense"]}, follow=True).content.decode()
    assert "Choose at least one partner" in said
    assert statuses(merchant) == ["approved"]
