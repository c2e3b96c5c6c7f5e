"""Hundreds marked paid at once: a payout for each partner, through the books, partner by partner."""

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client

from affiliates.models import Partner
from backoffice import chosen
from jobs import work
from jobs.models import Job
from ledger import verify
from merchants import tenancy
from merchants.models import Merchant
from payouts import in_bulk
from tests.factories import ACTOR, CommissionFactory, PartnerFactory

pytestmark = pytest.mark.django_db
PAID, UNPAID = "/m/acme/commissions/paid/", "/m/acme/commissions/unpaid/"


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chosen, "AT_ONCE", 3)
    monkeypatch.setattr(in_bulk, "PIECE", 2)


@pytest.fixture
def partners(merchant: Merchant) -> list[Partner]:
    """Three with two commissions of $10.00 each, and one who owes $5.00 and has nothing else."""
    with tenancy.tenant(merchant.id):
        made = [PartnerFactory(name=f"Partner {n}") for n in range(4)]
        for partner in made[:3]:
            CommissionFactory.create_batch(2, partner=partner)
        CommissionFactory(partner=made[3], amount=-500)
    return made


def sent(browser: Client, merchant: Merchant, address: str, **how: Any) -> Job:
    """All matching, asked about and confirmed: the job that does it, done."""
    asked = browser.post(address, {"all": "1"}).content.decode()
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)"', asked))
    answer = browser.post(address, form | how)
    assert answer.status_code == 302, answer.content
    with tenancy.tenant(merchant.id):
        job = merchant.jobs.get(id=answer.headers["Location"].split("/")[-2])
    work.run(merchant.id, job.id)
    with tenancy.tenant(merchant.id):
        return Job.objects.get(id=job.id)


def test_each_partner_is_paid_once_and_whoever_cannot_be_is_named(
    browser: Client, merchant: Merchant, partners: list[Partner]
) -> None:
    job = sent(browser, merchant, PAID, transaction_id="RUN-1", paid_on="2026-03-02")
    assert (job.status, job.done, job.total) == ("done", 7, 7)
    assert job.result["summary"] == "3 payouts recorded. 1 commission stayed as they were."
    assert job.result["left_out"][0].startswith("Partner 3: There is nothing to pay")
    with tenancy.tenant(merchant.id):
        payouts = merchant.payouts.order_by("partner__name").values_list("partner__name", "amount", "transaction_id")
        assert list(payouts) == [(f"Partner {n}", 2_000, "RUN-1") for n in range(3)]
        assert merchant.commissions.filter(status="paid").count() == 6
        assert list(verify.problems()) == []
        assert set(merchant.audit_entries.filter(verb="payout.record").values_list("actor_name", flat=True)) == {
            "Olga Owner"
        }


def test_paid_again_by_a_retry_changes_nothing(browser: Client, merchant: Merchant, partners: list[Partner]) -> None:
    job = sent(browser, merchant, PAID, transaction_id="RUN-1", paid_on="2026-03-02")
    with tenancy.tenant(merchant.id):
        # As if its state had been lost, which it cannot be: a second time over everything.
        Job.objects.filter(id=job.id).update(status="queued", state={})
    work.run(merchant.id, job.id)
    with tenancy.tenant(merchant.id):
        assert merchant.payouts.count() == 3


def test_unpaid_goes_payout_by_payout_and_names_what_paid_more(
    browser: Client, merchant: Merchant, partners: list[Partner]
) -> None:
    sent(browser, merchant, PAID, transaction_id="RUN-1", paid_on="2026-03-02")
    with tenancy.tenant(merchant.id):
        ids = list(merchant.commissions.filter(status="paid").order_by("id").values_list("id", flat=True))
        job = in_bulk.start_marking_unpaid(merchant=merchant, commission_ids=ids[1:], reason="bounced", actor=ACTOR)
    work.run(merchant.id, job.id)
    with tenancy.tenant(merchant.id):
        job = Job.objects.get(id=job.id)
        assert job.result["summary"] == "2 payouts reversed. 1 commission stayed as they were."
        assert "RUN-1 paid 1 more commission" in job.result["left_out"][0]
        assert merchant.payouts.filter(status="reversed").count() == 2
    last = sent(browser, merchant, UNPAID, reason="bounced")
    assert last.result["summary"] == "1 payout reversed."
    with tenancy.tenant(merchant.id):
        assert not merchant.commissions.filter(status="paid").exists()
        assert list(verify.problems()) == []


def test_the_day_is_checked_by_the_form_before_any_job(
    browser: Client, merchant: Merchant, partners: list[Partner]
) -> None:
    asked = browser.post(PAID, {"all": "1"}).content.decode()
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)"', asked))
    answer = browser.post(PAID, form | {"transaction_id": "", "paid_on": str(date(2026, 3, 2))})
    assert answer.status_code == 422
    with tenancy.tenant(merchant.id):
        assert not merchant.jobs.exists()
