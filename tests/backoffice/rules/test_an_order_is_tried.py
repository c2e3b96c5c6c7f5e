"""Olga describes an order, and sees which rule decides it, what it pays, and why every other rule does not."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from rewards.details import Details
from rewards.terms import add_rule
from tests.factories import ACTOR
from tests.rewards.rules import tier
from tests.sales import sell

SINCE = timezone.now() - timedelta(days=400)


@pytest.fixture
def rule(merchant: Merchant, anna: Partner) -> Any:
    """Another rule of Anna's program."""

    def add(percent: str = "20", **said: Any) -> None:
        details = Details(**said)
        currency = "USD" if details.names_amounts else ""
        with tenancy.tenant(merchant.id):
            add_rule(partner=anna, kind="percentage", percent=percent, details=details, currency=currency,
                     effective_from=SINCE, actor=ACTOR)  # fmt: skip

    return add


@pytest.fixture
def tried(browser: Client, anna: Partner) -> Any:
    """The page of an order of 100.00 with what else is said of it."""

    def look(**said: str) -> str:
        answer = browser.get("/m/acme/rules/try/", {"partner": anna.email, "amount": "100.00"} | said)
        assert answer.status_code == 200, answer.content.decode()
        return answer.content.decode()

    return look


def test_every_rule_says_why_it_lost_and_leads_to_its_form(tried: Any, rule: Any, anna: Partner) -> None:
    rule("20", name="Books", product_keys=("book",))
    rule("30", name="Welcome", customer="new")
    order = {"customer": "returning", "lines": "book, 60.00\npen, 40.00"}
    page = tried(**order)
    assert "would earn $16.00" in page
    assert "Not it: for new customers, the customer is returning." in page
    assert "20% of $60.00 = $12.00" in page
    assert page.count(">Decides<") == 2
    new = tried(**order | {"customer": "new"})
    assert "would earn $30.00" in new
    assert "Not it: would match, but everything was decided before it." in new
    assert f"/m/acme/rules/partner/{anna.id}/{anna.id}/" in new, "the basic rule's form"


@pytest.mark.parametrize(
    ("details", "lost", "said", "won"),
    [
        (
            {"metadata": {"plan": "pro"}}, {"metadata": "plan=free"}, "metadata plan is not pro",
            {"metadata": "plan=pro, seats=5"},
        ),
        ({"countries": ("DE",)}, {"country": "AT"}, "the order is from AT", {"country": "de"}),
        ({"coupons": ("SPRING",)}, {}, "with coupon SPRING only", {"coupon": "spring"}),
        (
            {"first_months": 2},
            {"customer": "returning", "first_at": "2026-01-31T12:00", "placed_at": "2026-03-31T12:00"},
            "first 2 months, which ended on 2026-03-31",
            {"customer": "returning", "first_at": "2026-01-31T12:00", "placed_at": "2026-03-31T11:59"},
        ),
        (
            {"first_orders": 2}, {"customer": "returning", "customer_orders": "2"}, "first 2 orders, this is number 3",
            {"customer": "returning", "customer_orders": "1"},
        ),
        ({"categories": ("paper",)}, {"lines": "book, 100.00"}, "no line of the order matches",
         {"lines": '"book, large", 100.00, paper'}),
    ],
)  # fmt: skip
def test_each_condition_can_be_met_and_missed(
    tried: Any, rule: Any, details: Any, lost: Any, said: str, won: Any
) -> None:
    rule("20", **details)
    page = tried(**lost)
    assert "would earn $10.00" in page
    assert said in page
    assert "would earn $20.00" in tried(**won)


@pytest.mark.parametrize(
    ("details", "standing", "earns", "said"),
    [
        ({"tiers": (tier(50, "30"),)}, {"month_orders": "49"}, "$30.00", "this is order 50 this month"),
        ({"tiers": (tier(50, "30"),)}, {"month_orders": "48"}, "$20.00", "20% of $100.00 = $20.00"),
        ({"tiers": (tier(9, "30"),), "tier_period": "lifetime"}, {"orders": "8"}, "$30.00", "order 9 in all"),
        ({"tiers": (tier(500_000, "30"),), "tier_by": "revenue"}, {"month_revenue": "5,000.00"}, "$30.00", "5,000.00"),
        (
            {"tiers": (tier(500_000, "30"),), "tier_by": "revenue", "tier_period": "lifetime"}, {"revenue": "5000"},
            "$30.00", "$5,000.00 stood before in all",
        ),
        ({"cap_month": 5_000}, {"month_earned": "45.50"}, "$4.50", "$45.50 earned before"),
        ({"cap_customer": 5_000}, {"customer_earned": "49.00"}, "$1.00", "$49.00 earned before"),
    ],
)  # fmt: skip
def test_each_tier_and_cap_is_seen_at_work(
    tried: Any, rule: Any, details: Any, standing: Any, earns: str, said: str
) -> None:
    rule("20", **details)
    page = tried(**standing)
    assert f"would earn {earns}" in page
    assert said in page


def test_what_is_not_said_is_as_it_was_counted(tried: Any, rule: Any, merchant: Merchant, anna: Partner) -> None:
    rule("20", tiers=(tier(3, "30"),))
    with tenancy.tenant(merchant.id):
        for number in range(2):
            sell(anna, 10_000, order=f"A-{number}", days_ago=0)
    page = tried()
    assert "would earn $30.00" in page
    assert "2 orders of $200.00, $40.00 earned" in page
    assert "would earn $20.00" in tried(month_orders="0")


def test_an_order_in_yen_is_tried_in_yen(tried: Any, rule: Any) -> None:
    rule("20", cap_order=1_000)
    page = tried(currency="JPY", amount="999")
    assert "would earn ¥100" in page
    assert "set in USD, the order is in JPY" in page


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"lines": "book 20"}, "lines", "Line 1: write a product key and an amount"),
        ({"lines": "book, 20\npen, x"}, "lines", "Line 2: write a product key and an amount"),
        ({"lines": "book, 20, paper, 5"}, "lines", "Line 1"),
        ({"metadata": "plan"}, "metadata", "key=value"),
        ({"tax": "200"}, "tax", "more than the order"),
        ({"currency": "XXX"}, "currency", "Select a valid choice"),
        ({"currency": "JPY", "amount": "5.50"}, "amount", "without decimals"),
        ({"placed_at": "2026-01-01T10:00", "first_at": "2026-01-02T10:00"}, "first_at", "Nobody comes after"),
        ({"partner": "nobody@example.com"}, "partner", "no partner with the e-mail or coupon code"),
    ],
)
def test_what_cannot_be_an_order_is_said_beside_its_field(
    browser: Client, anna: Partner, typed: dict[str, str], field: str, said: str
) -> None:
    answer = browser.get("/m/acme/rules/try/", {"partner": anna.email, "amount": "5.00", "month_orders": "7"} | typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page[page.index(f'id="{field}-error"') :][:400]
    assert 'value="7"' in page
    assert '<details class="more" open>' in page, "what was typed is not folded away"
