"""The portal's customers by revenue: through this partner alone, over pages, by the rollup's index."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from stats import rollup, verify
from tests.factories import ACTOR, PartnerFactory
from tests.sales import give_ten_percent, refund
from tracking import ingest
from tracking.events import Sale, SaleCustomer
from tracking.reattribution import reattribute

pytestmark = pytest.mark.django_db


def sold(partner: Partner | None, customer: str, amount: int, order: str, currency: str = "USD") -> None:
    sale = Sale(
        order_id=order, amount=amount, currency=currency, partner=str(partner.id) if partner else None,
        customer=SaleCustomer(external_id=customer, name=customer), placed_at=timezone.now() - timedelta(days=1),
    )  # fmt: skip
    (outcome,) = ingest.record([sale], actor=ACTOR)
    assert outcome.error is None, outcome.error


def listed(browser: Client, address: str) -> tuple[list[str], str]:
    """The customers of a page in their order, and the address of the next page."""
    page = browser.get(address).content.decode()
    found = re.search(r'href="(\?[^"]+)"[^>]* rel="next"', page)
    return re.findall(r'<span class="truncate">(\w+)</span></span></td>', page), found[1] if found else ""


@pytest.fixture
def shop(merchant: Merchant, anna: Partner) -> Merchant:
    """Where partners read names, and Anna earns."""
    with tenancy.tenant(merchant.id):
        merchant.portal_customers = "name"
        merchant.save(update_fields=["portal_customers"])
        give_ten_percent(anna)
    return merchant


def test_what_came_through_another_partner_or_directly_does_not_count(
    browser: Client, portal: str, shop: Merchant, anna: Partner
) -> None:
    with tenancy.tenant(shop.id):
        ben = PartnerFactory(name="Ben")
        give_ten_percent(ben)
        sold(None, "Eva", 90_000, "before")  # directly, before she was Anna's
        sold(anna, "Eva", 1_000, "E-1")
        sold(anna, "Flo", 3_000, "F-1")
        sold(anna, "Gil", 9_000, "G-1")
        refund("G-1", 7_000)  # 20.00 are left
        sold(anna, "Hal", 99_000, "H-1", currency="EUR")  # nothing in the merchant's currency
        sold(ben, "Ida", 50_000, "I-1")
        rollup.refresh()
        assert list(verify.problems()) == []
    assert listed(browser, f"{portal}customers/?sort=-revenue")[0] == ["Flo", "Gil", "Eva", "Hal"]
    assert listed(browser, f"{portal}customers/?sort=revenue")[0] == ["Hal", "Eva", "Gil", "Flo"]


def test_a_customer_who_is_given_away_goes_and_brings_the_other_what_moved(
    browser: Client, portal: str, shop: Merchant, anna: Partner
) -> None:
    with tenancy.tenant(shop.id):
        ben = PartnerFactory(name="Ben")
        give_ten_percent(ben)
        sold(ben, "Eva", 5_000, "E-1")
        sold(ben, "Flo", 7_000, "F-1")
        sold(anna, "Gil", 6_000, "G-1")
        rollup.refresh()
        eva, flo = (shop.customers.get(external_id=name) for name in ("Eva", "Flo"))
        reattribute(eva, partner=anna, past="stays", reason="Wrong link", actor=ACTOR)
        reattribute(flo, partner=anna, past="unpaid", reason="Wrong link", actor=ACTOR)
        rollup.refresh()
        assert list(verify.problems()) == []
    assert listed(browser, f"{portal}customers/?sort=-revenue")[0] == ["Flo", "Gil", "Eva"]
    with tenancy.tenant(shop.id):
        reattribute(flo, partner=None, past="stays", reason="Wrong link", actor=ACTOR)
        rollup.refresh()
        assert list(verify.problems()) == []
    assert listed(browser, f"{portal}customers/?sort=-revenue")[0] == ["Gil", "Eva"]


def test_every_customer_is_met_once_over_pages_of_equals_by_the_index(
    browser: Client, portal: str, shop: Merchant, anna: Partner
) -> None:
    with tenancy.tenant(shop.id):
        for number in range(60):
            sold(anna, f"C{number}", 1_000 if number % 2 else 2_000, f"O-{number}")
        rollup.refresh()
    met: list[str] = []
    address = "?sort=-revenue"
    while address:
        names, address = listed(browser, f"{portal}customers/{address.replace('&amp;', '&')}")
        met += names
    assert len(met) == len(set(met)) == 60
    assert all(int(name[1:]) % 2 == 0 for name in met[:30])
    with CaptureQueriesContext(connection) as captured:
        browser.get(f"{portal}customers/?sort=-revenue")
    (asked,) = (query["sql"] for query in captured.captured_queries if "brought" in query["sql"])
    with tenancy.tenant(shop.id), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # so few rows are read faster than any index
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("ANALYZE stats_customertotal, affiliates_customerattribution, customers_customer")
        cursor.execute(f"EXPLAIN {asked}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        assert "Scan using customer_total_brought" in plan, plan
