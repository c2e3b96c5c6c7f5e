"""What the pages say, what their forms do, and what they cost."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.coupons import create_coupon
from affiliates.models import Partner
from affiliates.partners import update_partner
from affiliates.programs import create_group
from merchants import tenancy
from merchants.models import Merchant
from merchants.settings import update_merchant
from pages.brand import brand_of, contrast, digest
from payouts.manual import record_payout
from rewards.terms import set_reward
from stats import rollup
from tests.factories import ACTOR
from tests.sales import give_ten_percent, refund, sell
from tracking import ingest
from tracking.events import Sale, SaleCustomer

PAGES = ("", "earnings/", "customers/", "links/", "payouts/", "settings/")
#: Twelve for a page, its log-in and its tenant, and one for the session, which is no cache's to keep; the transaction
#: around a test makes three more of the tenant's.
MOST_QUERIES = 13 + 3


@pytest.fixture
def sold(merchant: Merchant, anna: Partner) -> Partner:
    """Anna earned 10.00 (past the hold), 5.00 (on hold) and 4.00 (paid), and 6 euros."""
    with tenancy.tenant(merchant.id):
        give_ten_percent(anna)
        paid = sell(anna, 4_000, order="paid")
        sell(anna, 10_000, order="ready")
        sell(anna, 5_000, order="held", days_ago=3)
        sell(anna, 6_000, order="euro", currency="EUR")
        record_payout(
            partner=anna, commission_ids=[paid.id], transaction_id="T1", paid_on=timezone.now().date(), actor=ACTOR
        )
        while rollup.refresh():
            pass
    return anna


def test_an_empty_portal_says_what_will_appear(browser: Client, portal: str) -> None:
    for path, says in (
        ("", "has not set your reward yet"),
        ("earnings/", "Nothing earned here"),
        ("customers/", "No customers yet"),
        ("payouts/", "No payouts yet"),
    ):
        assert says in browser.get(f"{portal}{path}").content.decode()


def test_home_says_what_waits_what_is_held_and_what_was_paid(browser: Client, portal: str, sold: Partner) -> None:
    page = browser.get(portal).content.decode()
    for says in (
        "You earn 10% of every order",
        "$10.00",
        "$5.00",
        "$4.00",
        "Ready in EUR",
        "€6.00",
        "/r/anna",
        "ANNA10",
    ):
        assert says in page, says
    euros = browser.get(f"{portal}?currency=EUR&period=90d").content.decode()
    assert '<td data-value="600">€6.00</td>' in euros
    assert browser.get(f"{portal}?currency=XXX&period=nonsense&from=x").status_code == 200


@pytest.mark.parametrize(("days", "says"), [(0, "0 days"), (1, "1 day "), (14, "14 days")])
def test_a_partner_reads_the_hold_of_their_group(
    browser: Client, portal: str, merchant: Merchant, anna: Partner, days: int, says: str
) -> None:
    assert "On hold for 30 days after" in browser.get(portal).content.decode()
    with tenancy.tenant(merchant.id):
        group = create_group(program=anna.program, name="Friends", hold_days=days, actor=ACTOR)
        update_partner(anna, changes={"group": group}, actor=ACTOR)
    assert f"On hold for {says}" in browser.get(portal).content.decode()
    assert f"For {says}" in browser.get(f"{portal}earnings/").content.decode()


def test_the_chart_counts_days_then_weeks_then_months(browser: Client, portal: str, sold: Partner) -> None:
    for days, word in (("30d", "Earnings by day"), ("365d", "Earnings by week")):
        assert word in browser.get(f"{portal}?period={days}").content.decode()
    assert "Earnings by month" in browser.get(f"{portal}?from=2024-01-01&to=2026-01-01").content.decode()


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        (
            {"kind": "percentage", "percent": "12.5", "excludes": ["tax", "shipping"]},
            "You earn 12.5% of every order, without tax and shipping.",
        ),
        ({"kind": "fixed", "amount": 500, "currency": "USD"}, "You earn $5.00 for every order."),
    ],
)
def test_the_reward_in_force_is_a_sentence(
    browser: Client, portal: str, merchant: Merchant, anna: Partner, terms: dict[str, Any], sentence: str
) -> None:
    with tenancy.tenant(merchant.id):
        set_reward(partner=anna, effective_from=timezone.now() - timedelta(days=1), actor=ACTOR, **terms)
    assert sentence in browser.get(portal).content.decode()


def test_below_the_minimum_and_after_refunds_the_payout_says_so(
    browser: Client, portal: str, merchant: Merchant, sold: Partner
) -> None:
    with tenancy.tenant(merchant.id):
        update_merchant(merchant, changes={"minimum_payout": 5_000}, actor=ACTOR)
    page = browser.get(portal).content.decode()
    assert "Below the minimum" in page
    assert "Paid once it reaches $50.00" in page
    with tenancy.tenant(merchant.id):
        refund("paid")
    assert "$6.00" in browser.get(portal).content.decode(), "10.00 less the 4.00 paid and taken back"


def test_earnings_are_found_by_status_and_period(browser: Client, portal: str, sold: Partner) -> None:
    paid = browser.get(f"{portal}earnings/?status=paid").content.decode()
    assert ">paid<" in paid
    assert ">ready<" not in paid
    week = browser.get(f"{portal}earnings/?period=7d&sort=-amount").content.decode()
    assert ">held<" in week
    assert ">ready<" not in week
    part = browser.get(f"{portal}earnings/", headers={"HX-Request": "true", "HX-Target": "list"}).content.decode()
    assert "<html" not in part
    assert 'id="list"' in part


def test_a_payout_shows_the_commissions_in_it(browser: Client, portal: str, merchant: Merchant, sold: Partner) -> None:
    with tenancy.tenant(merchant.id):
        payout = sold.payouts.get()
    page = browser.get(f"{portal}payouts/{payout.id}/").content.decode()
    assert "T1" in page
    assert ">paid<" in page
    assert ">ready<" not in page


def test_a_link_to_a_page_is_made_once_and_only_to_the_merchants_domains(
    browser: Client, portal: str, merchant: Merchant, anna: Partner
) -> None:
    page = browser.get(f"{portal}links/").content.decode()
    (shown,) = re.findall(r"<form[^>]*deep-link.*?</form>", page, re.DOTALL)
    (number,) = re.findall(r'name="once" value="([^"]+)"', shown)
    form = {"once": number, "destination": "https://shop.example/mug"}
    for _ in range(2):
        assert browser.post(f"{portal}links/", form).headers["Location"] == f"{portal}links/"
    refused = browser.post(f"{portal}links/", {"once": str(uuid4()), "destination": "https://evil.example/"})
    assert refused.status_code == 422
    assert "must be a web address (https://…) on shop.example" in refused.content.decode()
    assert 'value="https://evil.example/"' in refused.content.decode()
    with tenancy.tenant(merchant.id):
        made = anna.links.exclude(code="anna").get()
        assert made.destination == "https://shop.example/mug"
        entry = merchant.audit_entries.get(verb="link.create", object_id=made.id)
        assert (entry.actor_kind, entry.actor_id) == ("partner", anna.id)
    assert f"/r/{made.code}" in browser.get(f"{portal}links/").content.decode()


def test_a_link_is_a_qr_code_too(browser: Client, portal: str, merchant: Merchant, anna: Partner) -> None:
    with tenancy.tenant(merchant.id):
        link = anna.links.get()
    saved = browser.get(f"{portal}links/{link.id}/qr.svg")
    assert saved.headers["Content-Type"] == "image/svg+xml"
    assert saved.headers["Content-Disposition"] == 'attachment; filename="anna.svg"'
    assert b"<svg" in saved.content
    assert "Content-Disposition" not in browser.get(f"{portal}links/{link.id}/qr.svg?show").headers


def test_codes_say_whether_they_work(browser: Client, portal: str, merchant: Merchant, anna: Partner) -> None:
    now = timezone.now()
    with tenancy.tenant(merchant.id):
        create_coupon(partner=anna, code="OFF", is_active=False, actor=ACTOR)
        create_coupon(partner=anna, code="OVER", ends_at=now - timedelta(days=1), actor=ACTOR)
        create_coupon(partner=anna, code="SOON", starts_at=now + timedelta(days=1), actor=ACTOR)
    page = browser.get(f"{portal}links/").content.decode()
    for word in ("Switched off", "Ended", "Not yet"):
        assert word in page
    assert page.count("data-copy") == 2, "one link and one code that work"


def test_the_name_can_be_changed(browser: Client, portal: str, merchant: Merchant, anna: Partner) -> None:
    assert browser.post(f"{portal}settings/profile/", {"name": "Anna Lind"}).status_code == 302
    assert "Hi Anna Lind" in browser.get(portal).content.decode()
    empty = browser.post(f"{portal}settings/profile/", {"name": " "})
    assert empty.status_code == 422
    assert browser.get(f"{portal}settings/profile/").status_code == 200


def test_a_page_costs_the_same_for_one_row_and_for_many(
    browser: Client, portal: str, merchant: Merchant, anna: Partner, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    with tenancy.tenant(merchant.id):
        give_ten_percent(anna)
        sales = [
            Sale(order_id=f"o{n}", amount=1_000, currency="USD", coupon="ANNA10",
                 customer=SaleCustomer(external_id=f"c{n}", name=f"Customer {n}"), placed_at=timezone.now())
            for n in range(40)
        ]  # fmt: skip
        ingest.record(sales, actor=ACTOR, now=timezone.now())
        commission = anna.commissions.first()
        assert commission is not None
    for path in (*PAGES, f"earnings/{commission.id}/"):
        with django_assert_max_num_queries(MOST_QUERIES):
            assert browser.get(f"{portal}{path}").status_code == 200


def test_the_colour_is_a_style_sheet_kept_for_good(
    client: Client, browser: Client, portal: str, merchant: Merchant
) -> None:
    assert "brand.css" not in browser.get(portal).content.decode()
    with tenancy.tenant(merchant.id):
        update_merchant(merchant, changes={"brand_color": "#1a7048"}, actor=ACTOR)
    address = f"{portal}brand.css?{digest('#1a7048')}"
    for page in (browser.get(portal), client.get(f"{portal}sign-in/")):
        assert address in page.content.decode()
    sheet = client.get(address)
    assert sheet.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in sheet.headers["Cache-Control"]
    assert "--brand:light-dark(#1a7048," in sheet.content.decode()
    assert "immutable" not in client.get(f"{portal}brand.css?00000000").headers["Cache-Control"]


@pytest.mark.parametrize(
    "color", ["#000000", "#ffffff", "#f2b63c", "#777777", "#808080", "#ff0000", "#7b61ff", "#767676"]
)
@pytest.mark.parametrize("dark", [False, True])
def test_any_colour_can_be_read(color: str, dark: bool) -> None:
    brand = brand_of(color, dark=dark)
    assert contrast(brand.fill, brand.on_fill) >= 4.5
    assert contrast(brand.text, "#1b1d23" if dark else "#ffffff") >= 5.4
    assert contrast(brand.mark, "#1b1d23" if dark else "#ffffff") >= 3.1


def test_no_page_has_a_style_or_script_of_its_own(browser: Client, portal: str) -> None:
    for path in PAGES:
        page = browser.get(f"{portal}{path}")
        assert "style=" not in page.content.decode()
        assert " onclick=" not in page.content.decode()
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "private, no-store"
