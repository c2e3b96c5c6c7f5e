"""Bulk decisions: about exactly those who were shown, each in the audit log, the others counted."""

import re

import pytest
from django.test import Client

from affiliates.partners import update_partner
from backoffice import chosen
from jobs import work
from merchants import tenancy
from merchants.models import AuditEntry, Merchant
from pages import bulk_decisions as decisions
from tests.factories import ACTOR, PartnerFactory

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
    many = [str(mine)] * 1_000
    assert browser.post(BULK, {"action": "suspend", "confirmed": "1", "id": many}).status_code == 302
    assert statuses(merchant) == ["suspended"]


def test_nobody_chosen_changes_nothing_and_says_so(browser: Client, merchant: Merchant) -> None:
    quinns(merchant, 1)
    said = browser.post(BULK, {"action": "suspend", "id": ["nonsense"]}, follow=True).content.decode()
    assert "Choose at least one partner" in said
    assert statuses(merchant) == ["approved"]


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than two are many, and a piece is two."""
    monkeypatch.setattr(chosen, "AT_ONCE", 2)
    monkeypatch.setattr(decisions, "PIECE", 2)


@pytest.mark.usefixtures("few_at_once")
def test_more_than_one_request_sees_to_are_a_job_about_exactly_those_who_were_shown(
    browser: Client, merchant: Merchant
) -> None:
    quinns(merchant, 5)
    asked = browser.post(BULK, {"action": "suspend", "all": "1"}).content.decode()
    assert "Suspend 5 partners?" in asked
    assert 'name="id"' not in asked
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)"', asked))
    quinns_late = {"name": "Quinn the late", "email": "late@example.com"}
    with tenancy.tenant(merchant.id):
        late = PartnerFactory(**quinns_late)
    again = browser.post(BULK, form).content.decode()
    assert "Meanwhile other partners match" in again
    assert "Suspend 6 partners?" in again
    assert statuses(merchant) == ["approved"] * 6
    with tenancy.tenant(merchant.id):
        update_partner(late, changes={"name": "Somebody else"}, actor=ACTOR)
    answer = browser.post(BULK, form)
    assert answer.status_code == 302
    assert "/jobs/" in answer.headers["Location"]
    assert browser.post(BULK, form).headers["Location"] == answer.headers["Location"], "a second click"
    with tenancy.tenant(merchant.id):
        job = merchant.jobs.get()
        decisions.DECISIONS["suspend"].about(
            merchant.partners.filter(name="Quinn 0"), how=decisions.How(), actor=job.actor
        )
    assert (job.total, job.status) == (5, "queued")
    work.run(merchant.id, job.id)
    assert statuses(merchant) == ["suspended"] * 5
    page = browser.get(answer.headers["Location"]).content.decode()
    assert "4 partners suspended. 1 had another status and stayed as they were." in page
    with tenancy.tenant(merchant.id):
        names = merchant.audit_entries.filter(verb="partner.suspend").values_list("actor_name", flat=True)
        assert list(names) == ["Olga Owner"] * 5
