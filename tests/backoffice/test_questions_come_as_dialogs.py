"""What asks before it acts is a page, and the same page's question alone when a dialog asks for it."""

import pytest
from django.test import Client

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from tests.factories import CustomerFactory
from tests.sales import sell

ASK = {"HX-Request": "true", "HX-Target": "ask"}


@pytest.fixture
def addresses(merchant: Merchant, anna: Partner) -> dict[str, str]:
    """One of each kind."""
    with tenancy.tenant(merchant.id):
        held = sell(anna, 5_000, order="HELD-1", days_ago=2)
        order, customer = held.order, CustomerFactory.create()
        assert order is not None
        return {
            f"/m/acme/partners/{anna.id}/suspend/": "Suspend partner",
            f"/m/acme/partners/{anna.id}/activation/": "Send by e-mail",
            f"/m/acme/commissions/{held.id}/reject/": "Reject commission",
            f"/m/acme/commissions/{held.id}/adjust/": "Adjust commission",
            f"/m/acme/orders/{order.id}/refund/": "Record refund",
            f"/m/acme/customers/{customer.id}/delete/": "Delete customer",
        }


def test_the_dialog_gets_the_form_alone_and_its_answers_come_back_into_it(
    browser: Client, addresses: dict[str, str]
) -> None:
    for address, button in addresses.items():
        whole = browser.get(address).content.decode()
        part = browser.get(address, headers=ASK).content.decode()
        assert "<!doctype" in whole
        assert "hx-post" not in whole.partition('class="card ask"')[2].partition(">")[0]
        assert part.startswith("<form")
        assert f'hx-post="{address}" hx-target="#ask"' in part

        # What names the dialog, and what it is for.
        assert 'id="ask-title"' in part
        assert button in part


def test_what_is_refused_stays_in_the_dialog(browser: Client, addresses: dict[str, str]) -> None:
    address = next(address for address in addresses if address.endswith("/reject/"))
    answer = browser.post(address, {"reason": " "}, headers=ASK)
    assert (answer.status_code, answer.content[:5]) == (422, b"<form")
    assert b"This field is required." in answer.content


def test_what_is_done_leads_to_the_page_it_is_about(browser: Client, addresses: dict[str, str]) -> None:
    address = next(address for address in addresses if address.endswith("/reject/"))
    answer = browser.post(address, {"reason": "Fraud"}, headers=ASK)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, address.removesuffix("reject/"))


def test_a_payout_that_cannot_be_reviewed_is_mended_on_the_page(
    browser: Client, merchant: Merchant, anna: Partner
) -> None:
    with tenancy.tenant(merchant.id):
        ready = sell(anna, 10_000, order="READY-1")
    address = f"/m/acme/payouts/new/{anna.id}/USD/"
    answer = browser.post(address, {"id": str(ready.id)}, headers=ASK)
    assert answer.status_code == 422
    assert [answer.headers[name] for name in ("HX-Retarget", "HX-Reselect")] == ["#main", "#main"]
    sent = {"id": str(ready.id), "once": "01a21406-0000-7000-8000-000000000000", "transaction_id": "W-1",
            "paid_on": "2026-01-05"}  # fmt: skip
    answer = browser.post(address, sent, headers=ASK)
    assert answer.content.startswith(b"<form")
    assert b"Record $10.00 as paid" in answer.content
