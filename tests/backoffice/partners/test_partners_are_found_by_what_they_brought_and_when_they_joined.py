"""The list of partners, its files and what is done to all of it go by revenue and by the day of joining."""

import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from stats.rollup import refresh
from tests.factories import PartnerFactory
from tests.sales import give_ten_percent, sell

pytestmark = pytest.mark.django_db

LIST = "/m/acme/partners/"


@pytest.fixture
def three(merchant: Merchant) -> None:
    """Anna brought 300.00 and joined in March, Ben brought 100.00 and joined in May, Cem nothing, in July."""
    with tenancy.tenant(merchant.id):
        for name, brought, month in (("Anna", 30_000, 3), ("Ben", 10_000, 5), ("Cem", 0, 7)):
            partner = PartnerFactory(name=name)
            Partner.objects.filter(id=partner.id).update(created_at=datetime(2026, month, 15, tzinfo=UTC))
            if brought:
                give_ten_percent(partner)
                sell(partner, brought, order=name)
        refresh()


def names(page: bytes) -> list[str]:
    return re.findall(r'<a class="link truncate block"[^>]*>(\w+)</a>', page.decode())


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("revenue_from=100", ["Anna", "Ben"]),
        ("revenue_from=100.01", ["Anna"]),
        ("revenue_to=100.00", ["Ben", "Cem"]),
        ("revenue_from=50&revenue_to=200", ["Ben"]),
        ("revenue_from=200&revenue_to=50", []),
        ("revenue_from=&revenue_to=", ["Anna", "Ben", "Cem"]),
        ("revenue_from=much&revenue_to=-1", ["Anna", "Ben", "Cem"]),
        ("from=2026-03-01&to=2026-05-15", ["Anna", "Ben"]),
        ("from=2026-05-15&to=2026-05-15", ["Ben"]),
        ("from=&to=&period=", ["Anna", "Ben", "Cem"]),
        ("from=2026-04-01&to=2026-12-31&revenue_from=1", ["Ben"]),
    ],
)
def test_a_filter_shows_those_alone(browser: Client, three: None, query: str, found: list[str]) -> None:
    assert names(browser.get(f"{LIST}?sort=name&{query}").content) == found
    file = b"".join(browser.get(f"/m/acme/partners.csv?{query}")).decode()  # type: ignore[arg-type] # it streams
    assert sorted(line.split(",")[0] for line in file.splitlines()[1:]) == found


def test_a_chip_says_what_is_shown_and_every_form_keeps_the_other_filters(browser: Client, three: None) -> None:
    page = browser.get(f"{LIST}?status=approved&revenue_from=50&revenue_to=1200&from=2026-03-01&to=2026-05-31&q=a")
    shown = page.content.decode()
    assert "Revenue $50.00 – $1,200.00" in shown
    assert "Joined Mar 1 – May 31, 2026" in shown
    assert 'name="revenue_from" inputmode="decimal" autocomplete="off" maxlength="24" value="50.00"' in shown
    asked = {"status": "approved", "revenue_from": "50", "revenue_to": "1200", "from": "2026-03-01",
             "to": "2026-05-31", "q": "a"}  # fmt: skip
    search, revenue, joined = re.findall(
        r"<form class=\"(?:with-icon search-field|menu-form)[^>]*>(.*?)</form>", shown, re.S
    )
    for form, own in ((search, {"q"}), (revenue, {"revenue_from", "revenue_to"}), (joined, {"from", "to"})):
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
        assert hidden == {name: value for name, value in asked.items() if name not in own}


def test_nothing_found_leads_back_to_all(browser: Client, three: None) -> None:
    page = browser.get(f"{LIST}?revenue_from=9999").content.decode()
    assert "No partners match" in page
    assert "Clear filters" in page
