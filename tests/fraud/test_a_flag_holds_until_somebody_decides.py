"""A doubt keeps a commission from being paid; a person decides; the rule is told how right it was."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from affiliates.partners import set_password
from commissions.flags import Doubt, raise_doubts
from commissions.hold import release_due, release_now
from commissions.models import Commission
from commissions.review import decide
from fraud import tasks
from fraud.preview import PREVIEW
from fraud.screening import SLACK, screen
from jobs import work
from jobs.models import Job
from jobs.start import start
from ledger.accounts import partner_earned
from merchants import tenancy
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant, User
from payouts.manual import record_payout
from tests.factories import ACTOR, PASSWORD, CommissionFactory, MembershipFactory, PartnerFactory
from tests.fraud.conftest import found, sell, switch_on
from tests.races import race
from tests.sales import give_ten_percent, refund
from tests.sales import sell as sell_long_ago
from tracking import ingest
from tracking.deletion import delete_order
from tracking.events import Sale
from tracking.reattribution import reattribute


def doubt(commission: Commission, rule: str = "velocity") -> None:
    raise_doubts([Doubt(commission.id, rule, 2, "Too fast.", {})], actor=ACTOR)


def now(commission: Commission) -> str:
    commission.refresh_from_db()
    return str(commission.status)


def test_the_end_of_the_hold_does_not_release_what_is_flagged(tenant: Merchant, anna: Partner) -> None:
    held, free = sell(anna, "held"), sell(anna, "free")
    doubt(held)
    later = timezone.now() + timedelta(days=31)
    assert release_due(now=later) == 1
    assert (now(held), now(free)) == ("pending", "approved")
    with pytest.raises(Conflict) as refused:
        release_now(held, reason="Hurry", actor=ACTOR)
    assert refused.value.code == "commission_flagged"
    decide(held, outcome="released", reason="Known customer", actor=ACTOR)
    assert release_due(now=later) == 1
    assert now(held) == "approved"


def test_what_was_approved_already_goes_back_on_hold_and_what_was_paid_stays(tenant: Merchant, anna: Partner) -> None:
    approved, paid = (sell_long_ago(anna, 1_000, order=order) for order in ("approved", "paid"))
    record_payout(partner=anna, commission_ids=[paid.id], transaction_id="T", paid_on=timezone.localdate(), actor=ACTOR)
    doubt(approved)
    doubt(paid)
    assert (now(approved), now(paid)) == ("pending", "paid")
    assert not paid.flags.exists()
    with pytest.raises(DomainError, match="approved"):
        record_payout(
            partner=anna, commission_ids=[approved.id], transaction_id="U", paid_on=timezone.localdate(), actor=ACTOR
        )


def test_rejecting_takes_it_back_in_the_books_and_closes_every_flag(tenant: Merchant, anna: Partner) -> None:
    commission = sell(anna, "bad", amount=10_000)
    doubt(commission)
    doubt(commission, "amount")
    decide(commission, outcome="rejected", reason="Stolen card", actor=ACTOR)
    assert now(commission) == "rejected"
    entries = tenant.entries.filter(account=partner_earned(anna.id)).values_list("amount", flat=True)
    assert sorted(entries) == [-1_000, 1_000]
    assert set(commission.flags.values_list("outcome", "note", "decided_by")) == {("rejected", "Stolen card", "test")}
    with pytest.raises(Conflict) as refused:
        decide(commission, outcome="released", reason="x", actor=ACTOR)
    assert refused.value.code == "commission_not_flagged"


def test_a_decided_doubt_is_not_raised_again(tenant: Merchant, anna: Partner) -> None:
    commission = sell(anna, "once")
    doubt(commission)
    decide(commission, outcome="mistaken", reason="A company's office", actor=ACTOR)
    doubt(commission)
    assert commission.flags.get().outcome == "mistaken"
    verbs = tenant.audit_entries.filter(object_id=commission.id).order_by("id").values_list("verb", flat=True)
    assert list(verbs)[-2:] == ["commission.flag", "commission.review"]


def test_each_commission_is_looked_at_once_and_only_from_when_a_rule_is_on(tenant: Merchant, anna: Partner) -> None:
    sell(anna, "before", country="KP")
    assert screen() == 0, "nothing is on"
    switch_on(tenant, "countries", countries="DE")
    for number in range(3):
        sell(anna, f"after-{number}", country="KP")
    CommissionFactory(partner=anna)  # by hand: somebody has just looked at it
    assert screen(limit=2) == 2
    assert screen(limit=2) == 1
    assert screen(limit=2) == 0
    orders = tenant.flags.values_list("commission__order__external_id", flat=True)
    assert sorted(orders) == ["after-0", "after-1", "after-2"]
    assert tenant.screened.count() == 3


def test_a_sale_that_was_committed_late_is_looked_at_all_the_same(tenant: Merchant, anna: Partner) -> None:
    switch_on(tenant, "countries", countries="DE")
    tenant.screenings.update(until=timezone.now())  # as far as a look came
    slow = sell(anna, "slow", country="KP")
    tenant.screenings.update(until=timezone.now() + SLACK / 2)  # a look that did not see it yet went further
    assert screen() == 1
    assert slow.flags.exists()


def test_a_merchant_without_rules_is_not_even_rung_for(merchant: Merchant, other_merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        switch_on(merchant, "velocity")
    assert tenancy.every_merchant("test", having="fraud_rules") == [merchant.id]


def test_the_sweep_looks_after_the_commit(merchant: Merchant, tasks_at_once: None) -> None:
    with tenancy.tenant(merchant.id):
        partner = PartnerFactory(name="Kim")
        give_ten_percent(partner)
        switch_on(merchant, "countries", countries="DE")
        sell(partner, "k", country="KP")
    tasks.sweep.apply(throw=True)
    with tenancy.tenant(merchant.id):
        assert merchant.flags.get().reason == "The order comes from KP, where you do not sell."


def test_two_workers_flag_nothing_twice(committed_merchant: Merchant) -> None:
    merchant = committed_merchant
    with tenancy.tenant(merchant.id):
        partner = PartnerFactory()
        give_ten_percent(partner)
        switch_on(merchant, "countries", countries="DE")
        sales = [
            Sale(order_id=f"o{n}", amount=100, currency="USD", partner=str(partner.id), country="KP") for n in range(40)
        ]
        assert all(outcome.error is None for outcome in ingest.record(sales, actor=ACTOR))

    def look() -> None:
        for _ in range(6):
            with tenancy.tenant(merchant.id):
                screen(limit=10)

    assert race(look, look, look) == ["ok"] * 3
    with tenancy.tenant(merchant.id):
        assert merchant.flags.count() == 40
        assert merchant.commissions.under_review().count() == 40


def test_a_rule_is_tried_on_history_and_flags_nothing(merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        partner = PartnerFactory(name="Kim")
        give_ten_percent(partner)
        for number in range(3):
            sell(partner, f"kp-{number}", country="KP", placed_at=timezone.now() - timedelta(days=10))
        sell(partner, "de", country="DE")
        sell(partner, "old", country="KP", placed_at=timezone.now() - timedelta(days=100))
        parameters = {"rule": "countries", "parameters": {"countries": ["DE"]}}
        job = start(PREVIEW, merchant=merchant, parameters=parameters, actor=ACTOR)
    work.run(merchant.id, job.id)
    with tenancy.tenant(merchant.id):
        result = Job.objects.get(id=job.id).result
        assert result["summary"] == ("Of 4 commissions of the last 90 days it would have stopped 3 ($30.00).")
        assert [each["order"] for each in result["examples"]] == ["kp-0", "kp-1", "kp-2"]
        assert not merchant.flags.exists()


@pytest.fixture
def queue(merchant: Merchant, partner: Partner) -> dict[str, Commission]:
    """Three of Anna's commissions under review."""
    with tenancy.tenant(merchant.id):
        give_ten_percent(partner)
        made = {order: sell(partner, order) for order in ("first", "second", "third")}
        raise_doubts([Doubt(made["first"].id, "self_referral", 3, "Same e-mail.", {})], actor=ACTOR)
        raise_doubts([Doubt(made["second"].id, "velocity", 2, "Too fast.", {})], actor=ACTOR)
        raise_doubts([Doubt(made["third"].id, "velocity", 2, "Too fast as well.", {})], actor=ACTOR)
    return made


def test_the_overview_counts_each_doubtful_commission_once(
    merchant: Merchant, queue: dict[str, Commission], owner: User
) -> None:
    with tenancy.tenant(merchant.id):
        raise_doubts([Doubt(queue["first"].id, "velocity", 2, "Too fast, too.", {})], actor=ACTOR)
    cache.clear()
    browser = Client()
    browser.force_login(owner)
    page = browser.get("/m/acme/").content.decode()
    assert re.search(r'Commissions to review</span><b class="pill">3</b>', page)


def test_staff_see_the_gravest_first_and_decide_about_several(
    merchant: Merchant, queue: dict[str, Commission], owner: User
) -> None:
    browser = Client()
    browser.force_login(owner)
    page = browser.get("/m/acme/review/").content.decode()
    assert page.index("Same e-mail.") < page.index("Too fast.")
    assert b"first" not in browser.get("/m/acme/review/?rule=velocity").content
    chosen = [str(queue[order].id) for order in ("second", "third")]
    asked = browser.post("/m/acme/review/decide/", {"action": "mistaken", "id": chosen})
    assert "2 commissions?" in asked.content.decode()
    assert browser.post(
        "/m/acme/review/decide/", {"action": "mistaken", "id": chosen, "confirmed": "1"}
    ).status_code == 422, "a reason is needed"  # fmt: skip
    answer = {"action": "mistaken", "id": chosen, "confirmed": "1", "reason": "An office"}
    assert "2 commissions released" in browser.post("/m/acme/review/decide/", answer, follow=True).content.decode()
    again = browser.post("/m/acme/review/decide/", answer, follow=True).content.decode()
    assert "choose commissions in the list first" in again
    browser.post("/m/acme/review/decide/", {"action": "rejected", "id": [str(queue["first"].id)], "confirmed": "1",
                                            "reason": "It was her"})  # fmt: skip
    rules = browser.get("/m/acme/review/rules/").content.decode()
    assert "100%" in rules  # self-referral: one of one
    assert "0%" in rules  # velocity: none of two
    with tenancy.tenant(merchant.id):
        assert {flag.outcome for flag in merchant.flags.all()} == {"mistaken", "rejected"}


def test_a_partner_reads_under_review_and_nothing_of_the_rule(
    merchant: Merchant, partner: Partner, queue: dict[str, Commission]
) -> None:
    with tenancy.tenant(merchant.id):
        set_password(partner, password=PASSWORD, actor=ACTOR)
    browser, portal = Client(), f"/p/{partner.portal_code}/"
    browser.post(f"{portal}sign-in/", {"email": partner.email, "password": PASSWORD})
    for address in ("", "earnings/", f"earnings/{queue['first'].id}/"):
        page = browser.get(portal + address).content.decode()
        assert "Same e-mail" not in page
        assert "self_referral" not in page
        assert "Self-referral" not in page
        if address:
            assert "Under review" in page
    with tenancy.tenant(merchant.id):
        assert partner.addresses.count() == 1, "where she signed in is remembered as a hash"


def test_a_rule_is_switched_on_by_hand_and_tried_first(merchant: Merchant, owner: User) -> None:
    browser = Client()
    browser.force_login(owner)
    address = "/m/acme/review/rules/countries/"
    refused = browser.post(address, {"is_on": "on", "countries": ""})
    assert refused.status_code == 422
    assert "before you switch it on" in refused.content.decode()
    tried = browser.post(address, {"countries": "DE AT", "preview": "1"})
    job = UUID(tried.headers["Location"].split("tried=")[1].split("#")[0])
    work.run(merchant.id, job)
    assert "it would have stopped 0" in browser.get(address).content.decode()
    browser.post(address, {"is_on": "on", "countries": "DE AT"})
    with tenancy.tenant(merchant.id):
        assert merchant.fraud_rules.get().parameters == {"countries": ["DE", "AT"]}
        assert found(merchant) == {}


def closed(merchant: Merchant, commission: Commission) -> tuple[str, str, dict[str, object]]:
    """What became of its doubt, with the row of the audit log that says so."""
    flag = commission.flags.get()
    entry = merchant.audit_entries.get(verb="commission.review", object_id=commission.id)
    return flag.outcome, flag.note, entry.after


def test_nothing_is_left_to_decide_about_what_was_refunded_deleted_or_moved(tenant: Merchant, anna: Partner) -> None:
    refunded, deleted, moved = (sell(anna, order, buyer="eva@example.net") for order in ("R", "D", "M"))
    for commission in (refunded, deleted, moved):
        doubt(commission)
    refund("R", 5_000)
    assert refunded.flags.get().outcome == "open", "half of it is still to be decided about"
    refund("R")
    delete_order(tenant, deleted.order_id, reason="Never happened", actor=ACTOR)
    eva = tenant.customers.get()
    reattribute(eva, partner=PartnerFactory(name="Ben"), past="unpaid", reason="Wrong link", actor=ACTOR)
    for commission, why in (
        (refunded, "Order R was refunded in full"),
        (deleted, "Order D was deleted"),
        (moved, "Order M was given to another partner"),
    ):
        said = {"outcome": "moot", "reason": why, "rules": ["velocity"]}
        assert closed(tenant, commission) == ("moot", why, said)
    assert not tenant.commissions.under_review().exists()


def test_what_is_moot_counts_neither_for_nor_against_the_rule(client: Client, tenant: Merchant, anna: Partner) -> None:
    right, moot = sell(anna, "right"), sell(anna, "moot")
    doubt(right)
    doubt(moot)
    decide(right, outcome="rejected", reason="Fraud", actor=ACTOR)
    refund("moot")
    client.force_login(MembershipFactory().user)
    page = client.get(f"/m/{tenant.slug}/review/rules/")
    row = next(row for row in page.context["rows"] if row["rule"].key == "velocity")
    assert (row["right"], row["wrong"], row["open"], row["precision"]) == (1, 0, 0, 100)
