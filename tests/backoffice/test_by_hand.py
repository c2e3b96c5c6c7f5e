"""Pages by hand: each works as a plain form, asks first, and tells the second click what the first one did."""

import re

import pytest
from django.test import Client

from affiliates.models import Partner
from ledger.posting import balance
from merchants import tenancy
from merchants.models import Merchant
from orders.models import Order
from rewards.terms import set_reward
from tests.factories import ACTOR, PartnerFactory
from tests.sales import sell

pytestmark = pytest.mark.django_db
AT = "/m/acme/"


def earned(merchant: Merchant, partner: Partner) -> int:
    with tenancy.tenant(merchant.id):
        return balance(f"partner:{partner.id}:earned", "USD")


@pytest.fixture
def ben(merchant: Merchant) -> Partner:
    with tenancy.tenant(merchant.id):
        made: Partner = PartnerFactory(name="Ben", email="ben@example.com")
        set_reward(
            partner=made, kind="percentage", percent=20, effective_from=made.created_at.replace(2020), actor=ACTOR
        )
    return made


def new(page: str) -> dict[str, str]:
    found = re.search(r'name="once" value="([^"]+)"', page)
    return {"once": found[1]} if found else {}


def add_eva(browser: Client, **more: str) -> str:
    once = new(browser.get(f"{AT}customers/new/").content.decode())
    typed = {"name": "Eva", "email": "eva@example.com", "external_id": "c-eva", **more}
    answer = browser.post(f"{AT}customers/new/", typed | once)
    assert answer.status_code == 302, answer.content.decode()
    return answer.headers["Location"]


def record(browser: Client, customer: str, order_id: str) -> None:
    once = new(browser.get(f"{customer}orders/new/").content.decode())
    typed = {"order_id": order_id, "amount": "100.00", "currency": "USD", "product_key": "tea",
             "placed_at": "2026-03-01T10:00"}  # fmt: skip
    answer = browser.post(f"{customer}orders/new/", typed | once)
    assert answer.status_code == 302, answer.content.decode()


def test_a_customer_is_added_with_partner_and_key_and_their_order_has_a_product(
    browser: Client, merchant: Merchant, anna: Partner
) -> None:
    customer = add_eva(browser, partner="anna@example.com", provider="stripe", key="cus_1")
    record(browser, customer, "A-1")
    with tenancy.tenant(merchant.id):
        order = merchant.orders.get()
        assert (order.partner, order.lines[0]["product_key"]) == (anna, "tea")
    assert earned(merchant, anna) == 1_000
    page = browser.get(customer).content.decode()
    assert "cus_1" in page
    with tenancy.tenant(merchant.id):
        key = merchant.provider_keys.get()
    assert browser.post(f"{customer}keys/{key.id}/remove/").status_code == 302
    assert browser.post(f"{customer}keys/new/", {"provider": "stripe", "key": ""}).status_code == 422
    assert browser.post(f"{customer}keys/new/", {"provider": "recurly", "key": "r-1"}).status_code == 302


def test_a_customer_goes_to_another_partner_after_a_look(
    browser: Client, merchant: Merchant, anna: Partner, ben: Partner
) -> None:
    customer = add_eva(browser, partner="anna@example.com")
    record(browser, customer, "A-1")
    asked = {"partner": "ben@example.com", "past": "unpaid", "reason": "Wrong link"}
    assert browser.post(f"{customer}partner/", asked | {"partner": "nobody@example.com"}).status_code == 422
    preview = browser.post(f"{customer}partner/", asked).content.decode()
    assert "−$10.00" in preview
    assert "+$20.00" in preview
    assert earned(merchant, anna) == 1_000, "a preview keeps nothing"
    seen = re.search(r'name="seen" value="(\w+)"', preview)
    assert seen is not None
    # Meanwhile another order comes: what was looked at is not what would be done.
    record(browser, customer, "A-2")
    again = browser.post(f"{customer}partner/", asked | {"seen": seen[1]}).content.decode()
    assert "look again" in again
    assert earned(merchant, ben) == 0
    seen = re.search(r'name="seen" value="(\w+)"', again)
    assert seen is not None
    for _ in range(2):
        assert browser.post(f"{customer}partner/", asked | {"seen": seen[1]}).status_code == 302
    assert (earned(merchant, anna), earned(merchant, ben)) == (0, 4_000)


def test_an_order_is_deleted_with_a_reason_and_listed_apart(browser: Client, merchant: Merchant, anna: Partner) -> None:
    with tenancy.tenant(merchant.id):
        order = sell(anna, 10_000, order="A-1").order
    assert order is not None
    address = f"{AT}orders/{order.id}/"
    assert browser.post(f"{address}delete/", {"reason": ""}).status_code == 422
    for _ in range(2):
        assert browser.post(f"{address}delete/", {"reason": "Recorded twice"}).status_code == 302
    assert earned(merchant, anna) == 0
    assert "A-1" not in browser.get(f"{AT}orders/").content.decode().replace("Order A-1 is deleted", "")
    assert "A-1" not in browser.get(f"{AT}commissions/").content.decode()
    listed = browser.get(f"{AT}orders/deleted/").content.decode()
    assert "Recorded twice" in listed
    assert "record it as a new order" in browser.get(address).content.decode()
    with tenancy.tenant(merchant.id):
        assert Order.with_deleted.count() == 1


def test_many_are_rejected_restored_and_found_by_their_rate(
    browser: Client, merchant: Merchant, anna: Partner, ben: Partner
) -> None:
    with tenancy.tenant(merchant.id):
        ids = [str(sell(anna, 10_000, order=f"A-{number}").id) for number in range(2)]
        sell(ben, 10_000, order="B-1")
    listed = browser.get(f"{AT}commissions/?rate=20").content.decode()
    assert "B-1" in listed
    assert "A-0" not in listed
    asked = browser.post(f"{AT}commissions/reject/", {"id": ids}).content.decode()
    assert "Reject 2 commissions" in asked
    decided = {"id": ids, "confirmed": "1", "reason": "A bot"}
    for action, left in (("reject", 0), ("restore", 2_000)):
        for _ in range(2):
            assert browser.post(f"{AT}commissions/{action}/", decided).status_code == 302
        assert earned(merchant, anna) == left
