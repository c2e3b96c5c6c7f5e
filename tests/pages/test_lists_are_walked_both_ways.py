"""Lists on pages: forward and back through equal values, sorted by a header, safe from made-up cursors."""

from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import RequestFactory

from customers.models import Customer
from merchants.models import Merchant
from pages.listing import Sheet, Sort, sheet
from tests.factories import CustomerFactory

SORTS = {"name": Sort("name", str, descending=False), "since": Sort("created_at", datetime)}


@pytest.fixture
def seven(tenant: Merchant) -> Merchant:
    for name in "aabbccd":
        CustomerFactory(name=name)
    return tenant


def at(merchant: Merchant, address: str = "?") -> "Sheet[Customer]":
    return sheet(RequestFactory().get(f"/{address}"), merchant.customers.all(), sorts=SORTS, default="-since", size=3)


@pytest.mark.parametrize("sort", ["name", "-name", "since", "-since"])
def test_every_row_is_met_once_forward_and_once_back(seven: Merchant, sort: str) -> None:
    page = at(seven, f"?sort={sort}")
    forward, pages = [row.id for row in page.rows], [page]
    while page.next:
        page = at(seven, page.next)
        forward += [row.id for row in page.rows]
        pages.append(page)
    assert len(forward) == len(set(forward)) == 7
    assert [(each.first, each.last, each.total) for each in pages] == [(1, 3, 7), (4, 6, 7), (7, 7, 7)]
    for earlier in reversed(pages[:-1]):
        page = at(seven, page.previous)
        assert [row.id for row in page.rows] == [row.id for row in earlier.rows]
        assert page.first == earlier.first
    assert page.previous == ""


def test_a_header_turns_the_sort_around_and_keeps_the_filters(seven: Merchant) -> None:
    page = at(seven, "?sort=name&q=x&page=nonsense")
    assert page.headers["name"].aria == "ascending"
    assert parse_qs(urlsplit(page.headers["name"].url).query) == {"sort": ["-name"], "q": ["x"]}
    assert parse_qs(urlsplit(page.headers["since"].url).query)["sort"] == ["-since"]
    assert page.parameters == "sort=name&q=x"


@pytest.mark.parametrize("page", ["", "x", "W10", "eyJ9", "%00", "WyJuYW1lIiwwLDEsMSwxXQ"])
def test_a_cursor_that_nobody_gave_leads_to_the_first_page(seven: Merchant, page: str) -> None:
    assert at(seven, f"?sort=name&page={page}").first == 1


def test_a_cursor_of_another_sort_leads_to_the_first_page(seven: Merchant) -> None:
    other = at(seven, "?sort=name").next.replace("sort=name", "sort=-since")
    assert at(seven, other).first == 1


def test_an_unknown_sort_is_the_default(seven: Merchant) -> None:
    assert at(seven, "?sort=password").headers["since"].aria == "descending"
