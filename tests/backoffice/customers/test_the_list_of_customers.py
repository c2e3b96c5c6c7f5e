"""The list: found by what staff know, sorted by what was bought, never more than this merchant's."""

import csv
import io
import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from stats.rollup import refresh_customer
from tests.factories import ACTOR, CustomerFactory
from tracking import ingest
from tracking.events import Sale, SaleCustomer

LIST = "/m/acme/customers/"


@pytest.fixture
def people(merchant: Merchant, partner: Partner) -> dict[str, str]:
    """Ada bought most, Bo came through Anna, Cy is blocked; ids by name."""
    with tenancy.tenant(merchant.id):
        made = {
            "Ada": CustomerFactory(name="Ada", email="ada@example.com", external_id="c1"),
            "Bo": CustomerFactory(name="Bo", email="bo@example.com", external_id="c2"),
            "Cy": CustomerFactory(name="Cy", email="cy@example.com", external_id="c3", status="blocked"),
        }
        for order, buyer, amount, coupon in (
            ("O1", "c1", 9_000, None),
            ("O2", "c1", 9_000, None),
            ("O3", "c2", 500, "ANNA10"),
        ):
            sale = Sale(
                order_id=order, amount=amount, currency="USD", coupon=coupon, customer=SaleCustomer(external_id=buyer)
            )
            (outcome,) = ingest.record([sale], actor=ACTOR)
            assert outcome.error is None, outcome.error
        for customer in made.values():
            refresh_customer(customer.id)
    return {name: str(customer.id) for name, customer in made.items()}


def names(browser: Client, query: str = "") -> list[str]:
    """Who is listed, in order."""
    shown = browser.get(f"{LIST}{query}", headers={"HX-Request": "true", "HX-Target": "list"}).content.decode()
    return re.findall(r'<a class="link truncate block"[^>]*>([^<]+)</a>', shown)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Cy", "Bo", "Ada"]),
        ("?sort=since", ["Ada", "Bo", "Cy"]),
        ("?sort=-revenue", ["Ada", "Bo", "Cy"]),
        ("?sort=orders", ["Cy", "Bo", "Ada"]),
        ("?q=ada@", ["Ada"]),
        ("?q=c2", ["Bo"]),
        ("?q=nobody", []),
        ("?status=blocked", ["Cy"]),
        ("?status=nonsense&sort=nonsense&page=nonsense&partner=nonsense", ["Cy", "Bo", "Ada"]),
    ],
)
def test_it_finds_and_sorts(browser: Client, query: str, found: list[str]) -> None:
    assert names(browser, query) == found


@pytest.mark.usefixtures("people")
def test_it_says_whose_they_are_and_lists_them_by_partner(browser: Client, partner: Partner) -> None:
    assert names(browser, f"?partner={partner.id}") == ["Bo"]
    assert "Customers of Anna" in browser.get(f"{LIST}?partner={partner.id}").content.decode()


@pytest.mark.usefixtures("people")
def test_the_file_holds_what_the_list_holds(browser: Client) -> None:
    answer = browser.get("/m/acme/customers.csv?q=bo@")
    text = (answer.getvalue() if answer.streaming else answer.content).decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["name"], row["email"], row["partner"], row["orders"], row["revenue"]) == (
        "Bo", "bo@example.com", "Anna", "1", "5.00",
    )  # fmt: skip


def test_an_empty_list_says_what_comes_here(browser: Client) -> None:
    assert "No customers yet" in browser.get(LIST).content.decode()
    assert "No customers match" in browser.get(f"{LIST}?q=eva").content.decode()


def test_a_customer_by_hand_is_made_once(browser: Client, merchant: Merchant) -> None:
    form = {"once": "0199aaaa-0000-7000-8000-000000000001", "name": "Dee", "email": "dee@example.com"}
    answers = [browser.post(f"{LIST}new/", form) for _ in range(2)]
    with tenancy.tenant(merchant.id):
        made = merchant.customers.get()
    assert {answer.headers["Location"] for answer in answers} == {f"{LIST}{made.id}/"}


@pytest.mark.usefixtures("people")
def test_it_asks_the_database_as_much_for_one_as_for_many(
    browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser.get(LIST)
    with django_assert_max_num_queries(16):
        browser.get(f"{LIST}?sort=-revenue")
