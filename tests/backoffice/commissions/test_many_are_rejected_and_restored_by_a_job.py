"""More commissions than a request sees to: a job decides about each, and names what it left."""

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client

import commissions.verify
import payouts.verify
from affiliates.models import Partner
from backoffice import chosen
from commissions import in_bulk
from commissions.flags import Doubt, raise_doubts
from commissions.rejection import reject
from jobs import work
from jobs.models import Job
from ledger.accounts import partner_earned
from ledger.posting import balance
from merchants import tenancy
from merchants.models import Merchant
from payouts.manual import record_payout
from tests.factories import ACTOR
from tests.sales import sell

pytestmark = pytest.mark.django_db
AT = "/m/acme/"


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chosen, "AT_ONCE", 3)
    monkeypatch.setattr(in_bulk, "PIECE", 2)


@pytest.fixture
def seven(merchant: Merchant, anna: Partner) -> Partner:
    """Anna with seven commissions of $1.00."""
    with tenancy.tenant(merchant.id):
        for number in range(7):
            sell(anna, 1_000, order=f"A-{number}")
    return anna


def sent(browser: Client, merchant: Merchant, address: str, **how: Any) -> Job:
    """All matching, asked about and confirmed: the job that does it, not yet begun."""
    asked = browser.post(AT + address, {"all": "1", **how}).content.decode()
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)"', asked))
    answer = browser.post(AT + address, form | how | {"reason": "A bot"})
    assert answer.status_code == 302, answer.content
    with tenancy.tenant(merchant.id):
        job: Job = merchant.jobs.get(id=answer.headers["Location"].split("/")[-2])
    return job


def done(merchant: Merchant, job: Job) -> Job:
    work.run(merchant.id, job.id)
    with tenancy.tenant(merchant.id):
        return Job.objects.get(id=job.id)


def statuses(merchant: Merchant) -> list[str]:
    with tenancy.tenant(merchant.id):
        assert not [*commissions.verify.problems(), *payouts.verify.problems()]
        return list(merchant.commissions.order_by("id").values_list("status", flat=True))


def test_what_was_paid_meanwhile_is_left_and_named_and_the_rest_is_rejected(
    browser: Client, merchant: Merchant, seven: Partner
) -> None:
    job = sent(browser, merchant, "commissions/reject/")
    with tenancy.tenant(merchant.id):
        paid = seven.commissions.get(order__external_id="A-3")
        record_payout(
            partner=seven, commission_ids=[paid.id], transaction_id="T", paid_on=date(2026, 3, 1), actor=ACTOR
        )
    job = done(merchant, job)
    assert (job.status, job.done, job.total) == ("done", 7, 7)
    assert job.result["summary"] == "6 commissions rejected. 1 stayed as they were."
    assert job.result["left_out"][0].startswith("A-3: The commission on A-3 is paid")
    assert statuses(merchant) == ["rejected"] * 3 + ["paid"] + ["rejected"] * 3
    with tenancy.tenant(merchant.id):
        assert balance(partner_earned(seven.id), "USD") == 0
        rejected = merchant.audit_entries.filter(verb="commission.reject").values_list("actor_name", "after__reason")
        assert list(rejected) == [("Olga Owner", "A bot")] * 6


def test_a_worker_that_died_leaves_nothing_twice(browser: Client, merchant: Merchant, seven: Partner) -> None:
    job = done(merchant, sent(browser, merchant, "commissions/reject/"))
    with tenancy.tenant(merchant.id):
        # As if its state had been lost, which it cannot be: a second time over everything.
        Job.objects.filter(id=job.id).update(status="queued", state={})
    done(merchant, job)
    assert statuses(merchant) == ["rejected"] * 7
    with tenancy.tenant(merchant.id):
        assert merchant.audit_entries.filter(verb="commission.reject").count() == 7


def test_restored_are_those_that_were_rejected(browser: Client, merchant: Merchant, seven: Partner) -> None:
    with tenancy.tenant(merchant.id):
        for commission in seven.commissions.order_by("id")[:4]:
            reject(commission, reason="Too fast", actor=ACTOR)
    job = done(merchant, sent(browser, merchant, "commissions/restore/?status=rejected"))
    assert job.result["summary"] == "4 commissions restored."
    assert statuses(merchant) == ["approved"] * 7
    with tenancy.tenant(merchant.id):
        assert balance(partner_earned(seven.id), "USD") == 700


def test_the_queue_of_doubts_is_decided_about_by_a_job_too(browser: Client, merchant: Merchant, seven: Partner) -> None:
    with tenancy.tenant(merchant.id):
        ids = seven.commissions.order_by("id").values_list("id", flat=True)
        raise_doubts([Doubt(id, "velocity", 2, "Too fast.", {}) for id in ids[:5]], actor=ACTOR)
    job = done(merchant, sent(browser, merchant, "review/decide/", action="mistaken"))
    assert job.result["summary"] == "5 commissions decided."
    with tenancy.tenant(merchant.id):
        assert set(merchant.flags.values_list("outcome", "note")) == {("mistaken", "A bot")}


def test_others_than_were_asked_about_are_not_touched(browser: Client, merchant: Merchant, seven: Partner) -> None:
    asked = browser.post(f"{AT}commissions/reject/", {"all": "1"}).content.decode()
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)"', asked))
    with tenancy.tenant(merchant.id):
        sell(seven, 1_000, order="A-8")
    answer = browser.post(f"{AT}commissions/reject/", form | {"reason": "A bot"})
    assert "Meanwhile other commissions match" in answer.content.decode()
    with tenancy.tenant(merchant.id):
        assert not merchant.jobs.exists()
