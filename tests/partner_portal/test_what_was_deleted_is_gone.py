"""What the merchant deleted, the partner sees no more (SPEC A15, A20)."""

import pytest
from django.test import Client

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from tests.factories import ACTOR
from tests.sales import give_ten_percent
from tracking import ingest
from tracking.customer_erasure import delete_customer
from tracking.deletion import delete_order
from tracking.events import Sale, SaleCustomer

pytestmark = pytest.mark.django_db


def test_orders_and_customers_leave_with_their_deletion(
    browser: Client, portal: str, merchant: Merchant, anna: Partner
) -> None:
    with tenancy.tenant(merchant.id):
        give_ten_percent(anna)
        for name in ("first", "second"):
            customer = SaleCustomer(external_id=name, name=name.title())
            sale = Sale(order_id=f"O-{name}", amount=10_000, currency="USD", partner=str(anna.id), customer=customer)
            ingest.record([sale], actor=ACTOR)
        order = merchant.orders.get(external_id="O-first")
        commission = order.commissions.get()
    assert "O-first" in browser.get(f"{portal}earnings/").content.decode()
    with tenancy.tenant(merchant.id):
        delete_order(merchant, order.id, reason="Never happened", actor=ACTOR)
        delete_customer(merchant.customers.get(external_id="second"), actor=ACTOR)
    listed = browser.get(f"{portal}earnings/").content.decode()
    assert "O-first" not in listed
    assert "O-second" not in listed
    assert "Deleted customer" in listed, "what was earned stays, and so does its row"
    assert browser.get(f"{portal}earnings/{commission.id}/").status_code == 404
    assert "Second" not in browser.get(f"{portal}customers/").content.decode()
