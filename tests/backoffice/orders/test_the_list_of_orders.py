"""The list of orders: narrowed by partner, coupon, kind and period; as a page and as a file."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from tests.factories import ACTOR
from tests.sales import give_ten_percent, refund
from tracking import ingest
from tracking.events import Sale

LIST = "/m/acme/orders/"


@pytest.fixture
def orders(merchant: Merchant, partner: Partner) -> None:
    """AB-1 of last year with Anna's coupon and half refunded, AB-2 of yesterday named to Anna, CD-1 of today direct."""
    now = timezone.now()
    with tenancy.tenant(merchant.id):
        give_ten_percent(partner)
        for order, amount, days, more in (
            ("AB-1", 10_000, 300, {"coupon": "ANNA10"}),
            ("AB-2", 3_000, 1, {"partner": "anna@example.com"}),
            ("CD-1", 2_000, 0, {}),
        ):
            sale = Sale(order_id=order, amount=amount, currency="USD", placed_at=now - timedelta(days=days), **more)
            (outcome,) = ingest.record([sale], actor=ACTOR)
            assert outcome.error is None, outcome.error
        refund("AB-1", 5_000)


def listed(browser: Client, query: str) -> list[str]:
    """Which orders are listed, in order."""
    shown = browser.get(f"{LIST}{query}", headers={"HX-Request": "true", "HX-Target": "list"}).content.decode()
    return re.findall(r'<a class="link mono"[^>]*>([^<]+)</a>', shown)


@pytest.mark.usefixtures("orders")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["CD-1", "AB-2", "AB-1"]),
        ("?sort=amount", ["CD-1", "AB-2", "AB-1"]),
        ("?q=AB", ["AB-2", "AB-1"]),
        ("?q=CD-1", ["CD-1"]),
        ("?q=%25", []),
        ("?q=a%00b", []),
        ("?kind=direct", ["CD-1"]),
        ("?kind=referred", ["AB-2", "AB-1"]),
        ("?coupon=anna10", ["AB-1"]),
        ("?period=7d", ["CD-1", "AB-2"]),
        ("?from=2020-01-01&to=2020-12-31", []),
        ("?kind=x&partner=x&page=x&sort=x", ["CD-1", "AB-2", "AB-1"]),
    ],
)
def test_it_finds_and_sorts(browser: Client, query: str, found: list[str]) -> None:
    assert listed(browser, query) == found


@pytest.mark.usefixtures("orders")
def test_it_lists_one_partners_orders(browser: Client, partner: Partner) -> None:
    assert listed(browser, f"?partner={partner.id}") == ["AB-2", "AB-1"]
    assert "Orders of Anna" in browser.get(f"{LIST}?partner={partner.id}").content.decode()


@pytest.mark.usefixtures("orders")
def test_the_file_holds_amounts_that_can_be_added_up(browser: Client) -> None:
    rows = list(csv.DictReader(io.StringIO(browser.get("/m/acme/orders.csv?kind=referred").getvalue().decode())))
    assert [(r["order_id"], r["partner"], r["amount"], r["refunded"], r["commission"]) for r in rows] == [
        ("AB-2", "Anna", "30.00", "0.00", "3.00"),
        ("AB-1", "Anna", "100.00", "50.00", "5.00"),
    ]


def test_an_empty_list_says_what_comes_here(browser: Client) -> None:
    assert "No orders yet" in browser.get(LIST).content.decode()
    assert "No orders match" in browser.get(f"{LIST}?q=A").content.decode()


@pytest.mark.usefixtures("orders")
def test_it_asks_the_database_little(browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    browser.get(LIST)
    with django_assert_max_num_queries(14):
        browser.get(LIST)
