"""Olga gives her program rules, reads them as sentences, changes them, and finds her way to them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from affiliates.partners import update_partner
from merchants import tenancy
from merchants.models import Merchant
from rewards.details import Details
from rewards.models import RewardVersion
from rewards.terms import add_rule, set_reward
from tests.backoffice.rules.forms import PLAIN, hidden, send, shown
from tests.factories import ACTOR, GroupFactory
from tracking import ingest
from tracking.events import Lead, Line, Sale, SaleCustomer
from tracking.leads import record_lead

NOW = timezone.now()


@pytest.fixture
def rules(merchant: Merchant, anna: Partner) -> str:
    """The address of the program's rules."""
    return f"/m/acme/rules/program/{anna.program_id}/"


CLIMBING = {
    "name": "Climbing", "percent": "12", "without_tax": "on", "without_shipping": "on", "without_discount": "on",
    "first_months": "12", "start_1": "50", "rate_1": "15", "cap_month": "500.00", "countries": "de, at",
}  # fmt: skip
SAID = (
    "12% of net in DE or AT for the customer&#x27;s first 12 months, 15% from the 50th order of the month,"
    " up to $500.00 a month"
)


def test_a_rule_is_set_read_as_a_sentence_changed_and_ended(browser: Client, merchant: Merchant, rules: str) -> None:
    assert send(browser, f"{rules}new/", **CLIMBING).headers["Location"] == rules
    assert SAID in shown(browser, "/m/acme/rules/")
    with tenancy.tenant(merchant.id):
        first = RewardVersion.objects.get(rule__isnull=False)
    form = shown(browser, f"{rules}{first.rule}/")
    for value in ('value="12"', 'value="50"', 'value="15"', 'value="500.00"', 'value="DE, AT"'):
        assert value in form
    assert send(browser, f"{rules}{first.rule}/", **CLIMBING | {"percent": "13"}).status_code == 302
    page = shown(browser, rules)
    assert "13% of net" in page
    assert "12% of net" in page, "the version before stays in the list of versions"
    ends = hidden(browser, f"{rules}{first.rule}/end/")
    assert browser.post(f"{rules}{first.rule}/end/", ends).status_code == 302
    assert "Ended: 13% of net" in shown(browser, rules)


def test_the_second_click_adds_no_second_rule(browser: Client, merchant: Merchant, rules: str) -> None:
    typed = PLAIN | hidden(browser, f"{rules}new/")
    for _ in range(2):
        assert browser.post(f"{rules}new/", typed | {"percent": "9", "customer": "new"}).status_code == 302
    with tenancy.tenant(merchant.id):
        assert RewardVersion.objects.filter(rule__isnull=False).count() == 1


def test_a_commission_of_two_rules_shows_both_and_a_lead_s_is_not_by_hand(
    browser: Client, merchant: Merchant, partner: Partner
) -> None:
    since = NOW - timedelta(days=9)
    told: dict[str, Any] = {"partner": partner, "effective_from": since, "actor": ACTOR}
    with tenancy.tenant(merchant.id):
        set_reward(kind="percentage", percent=10, **told)
        add_rule(kind="percentage", percent=20, details=Details(name="Books", product_keys=("book",)), **told)
        add_rule(kind="fixed", amount=500, currency="USD", details=Details(event="lead"), **told)
        lines = [Line(amount=6_000, product_key="book"), Line(amount=4_000, product_key="pen")]
        sale = Sale(order_id="o-1", amount=10_000, currency="USD", partner=str(partner.id), lines=lines, placed_at=NOW)
        ingest.record([sale], actor=ACTOR, now=NOW)
        lead = Lead(name="signup", partner=str(partner.id), customer=SaleCustomer(external_id="eva"))
        record_lead(lead, actor=ACTOR)
        of_sale, of_lead = partner.commissions.get(order__isnull=False), partner.commissions.get(order=None)
    assert (of_sale.amount, of_lead.amount) == (1_600, 500)
    page = browser.get(f"/m/acme/commissions/{of_sale.id}/").content.decode()
    assert "Partner, Books, version 1, line 1" in page
    assert "20% of $60.00 = $12.00" in page
    assert "earned $16.00 for 2 parts of the order" in page
    assert "10% of $40.00 = $4.00" in page
    page = browser.get(f"/m/acme/commissions/{of_lead.id}/").content.decode()
    assert "Lead: signup" in page
    assert "$5.00 per lead" in page
    assert "by hand" not in page.lower()


def test_every_page_about_earning_leads_to_the_rules(browser: Client, merchant: Merchant, anna: Partner) -> None:
    with tenancy.tenant(merchant.id):
        group = GroupFactory(program=anna.program, name="Gold")
        update_partner(anna, changes={"group": group}, actor=ACTOR)
        add_rule(group=group, kind="percentage", percent=7, details=Details(countries=("DE",)), actor=ACTOR)
    mine, groups = f"/m/acme/rules/partner/{anna.id}/", f"/m/acme/rules/group/{group.id}/"
    assert mine in shown(browser, f"/m/acme/partners/{anna.id}/")
    assert mine in shown(browser, f"/m/acme/partners/{anna.id}/settings/")
    assert groups in shown(browser, f"/m/acme/groups/{group.id}/")
    page = shown(browser, mine)
    assert "10% of the total" in page
    assert "7% of the total in DE" in page, "the wider rules stand behind their own"
    assert "Never asked here: a rule before it decides every sale" in page
    assert groups in page
    assert mine in shown(browser, groups), "partners with rules of their own are named"
    assert "All 2 rules" not in shown(browser, f"/m/acme/partners/{anna.id}/"), "what is never asked is not counted"


def test_a_rule_with_conditions_is_not_lost_to_the_simple_form(
    browser: Client, merchant: Merchant, anna: Partner
) -> None:
    settings = f"/m/acme/partners/{anna.id}/settings/"
    assert 'name="reward-percent"' in shown(browser, settings)
    with tenancy.tenant(merchant.id):
        set_reward(partner=anna, kind="percentage", percent=9, details=Details(countries=("DE",)), actor=ACTOR)
    page = shown(browser, settings)
    assert "9% of the total in DE." in page
    assert 'name="reward-percent"' not in page
    assert f"/m/acme/rules/partner/{anna.id}/{anna.id}/" in page
