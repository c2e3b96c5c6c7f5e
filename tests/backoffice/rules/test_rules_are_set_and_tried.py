"""Olga gives her program rules, reads them as sentences, and tries them on orders."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from rewards.details import Details
from rewards.models import RewardVersion
from rewards.terms import add_rule, set_reward
from tests.factories import ACTOR
from tracking import ingest
from tracking.events import Lead, Line, Sale, SaleCustomer
from tracking.leads import record_lead

NOW = timezone.now()

_ONCE = re.compile(r'name="once" value="([^"]+)"')


@pytest.fixture
def rules(merchant: Merchant, anna: Partner) -> str:
    """The address of the program's rules."""
    return f"/m/acme/rules/program/{anna.program_id}/"


def send(browser: Client, address: str, **typed: Any) -> Any:
    once = _ONCE.search(browser.get(address).content.decode())
    assert once is not None
    form = {"event": "sale", "kind": "percentage", "tier_by": "orders", "tier_period": "month", "once": once[1]}
    return browser.post(address, form | typed)


def shown(browser: Client, address: str) -> str:
    return browser.get(address, follow=True).content.decode()


CLIMBING = {
    "name": "Climbing", "percent": "12", "without_tax": "on", "without_shipping": "on", "without_discount": "on",
    "first_months": "12", "start_1": "50", "rate_1": "15", "cap_month": "500.00", "countries": "de, at",
}  # fmt: skip
SAID = (
    "12 % of net in DE or AT for the customer&#x27;s first 12 months, 15 % from the 50th order of the month,"
    " up to 500.00 USD a month"
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
    assert "13 % of net" in page
    assert "12 % of net" in page, "the version before stays in the list of versions"
    once = _ONCE.search(shown(browser, f"{rules}{first.rule}/end/"))
    assert once is not None
    assert browser.post(f"{rules}{first.rule}/end/", {"once": once[1]}).status_code == 302
    assert "Ended: 13 % of net" in shown(browser, rules)


def test_the_second_click_adds_no_second_rule(browser: Client, merchant: Merchant, rules: str) -> None:
    once = _ONCE.search(shown(browser, f"{rules}new/"))
    assert once is not None
    typed = {"event": "sale", "kind": "percentage", "tier_by": "orders", "tier_period": "month", "once": once[1]}
    for _ in range(2):
        assert browser.post(f"{rules}new/", typed | {"percent": "9", "customer": "new"}).status_code == 302
    with tenancy.tenant(merchant.id):
        assert RewardVersion.objects.filter(rule__isnull=False).count() == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"percent": "101"}, "less than or equal to 100"),
        ({"kind": "fixed", "amount": "20.00", "order_from": "10.00"}, "more than the smallest order it is for"),
        ({"percent": "5", "minimum": "3.00", "cap_order": "2.00"}, "Let a cap be at least the minimum"),
        ({"percent": "5", "order_from": "30.00", "order_to": "20.00"}, "the largest order be at least the smallest"),
        ({"percent": "5", "start_1": "50", "rate_1": "15", "start_2": "50", "rate_2": "20"}, "start later than"),
        ({"percent": "5", "start_1": "many", "rate_1": "15"}, "Give each tier two numbers"),
        ({"percent": "5", "event": "lead"}, "set a fixed amount"),
        ({"percent": "5", "countries": "Germany"}, "two letters"),
        ({"percent": "5", "metadata": "plan"}, "key=value"),
        ({}, "Give the percentage"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(
    browser: Client, rules: str, typed: dict[str, str], said: str
) -> None:
    answer = send(browser, f"{rules}new/", **typed)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_an_order_is_tried_and_every_rule_says_why_it_lost(browser: Client, anna: Partner, rules: str) -> None:
    send(browser, f"{rules}new/", name="Books", percent="20", product_keys="book")
    send(browser, f"/m/acme/rules/partner/{anna.id}/new/", name="Welcome", percent="30", customer="new")
    order = {
        "partner": anna.email, "amount": "100.00", "customer": "returning", "lines": "book, 60.00\npen, 40.00",
    }  # fmt: skip
    page = browser.get("/m/acme/rules/try/", order).content.decode()
    assert "would earn $10.00" in page
    assert "for new customers, the customer is returning" in page
    assert "would match, but everything was decided before it" in page
    new = browser.get("/m/acme/rules/try/", order | {"customer": "new"}).content.decode()
    assert "would earn $30.00" in new


def test_a_line_that_cannot_be_read_is_named(browser: Client, anna: Partner) -> None:
    answer = browser.get("/m/acme/rules/try/", {"partner": anna.email, "amount": "5.00", "lines": "book 20"})
    assert answer.status_code == 422
    assert "Line 1: write a product key and an amount" in answer.content.decode()


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
    assert "Partner, Books, version 1: 20 % of 60.00 USD = 12.00 USD" in page
    assert "10 % of 40.00 USD = 4.00 USD" in page
    page = browser.get(f"/m/acme/commissions/{of_lead.id}/").content.decode()
    assert "Lead: signup" in page
    assert "5.00 USD per lead" in page
    assert "by hand" not in page.lower()
