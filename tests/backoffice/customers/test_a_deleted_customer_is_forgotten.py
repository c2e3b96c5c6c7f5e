"""Deleting takes the person out of everything that can be changed, and leaves the books as they are."""

import pytest
from django.test import Client

from affiliates.models import Partner
from customers.models import Customer, CustomerStatus, Identity
from customers.records import update_customer
from merchants import tenancy
from merchants.errors import NotFound
from merchants.models import Merchant
from tests.factories import ACTOR, CustomerFactory
from tests.sales import give_ten_percent
from tracking import ingest
from tracking.customer_erasure import delete_customer
from tracking.events import Sale, SaleCustomer

LIST = "/m/acme/customers/"


@pytest.fixture
def eva(merchant: Merchant, partner: Partner) -> Customer:
    """A customer of Anna's with one order."""
    with tenancy.tenant(merchant.id):
        made: Customer = CustomerFactory(
            name="Eva Berg", email="eva@example.com", external_id="cus_1", phone="+46701740605", notes="likes filter"
        )
        give_ten_percent(partner)
        buyer = SaleCustomer(external_id="cus_1")
        sale = Sale(
            order_id="A1", amount=10_000, currency="USD", coupon="ANNA10", customer=buyer, notes="for Eva",
            metadata={"to": "Eva"},
        )  # fmt: skip
        (outcome,) = ingest.record([sale], actor=ACTOR)
        assert outcome.error is None, outcome.error
    return made


def test_nothing_happens_before_the_name_is_typed(browser: Client, merchant: Merchant, eva: Customer) -> None:
    for typed in ("", "eva", "Eva Berg"):
        answer = browser.post(f"{LIST}{eva.id}/delete/", {"confirm": typed})
        assert answer.status_code == 422
    with tenancy.tenant(merchant.id):
        assert merchant.customers.get(id=eva.id).name == "Eva Berg"


def test_the_person_goes_and_the_books_stay(browser: Client, merchant: Merchant, eva: Customer) -> None:
    answer = browser.post(f"{LIST}{eva.id}/delete/", {"confirm": "eva@example.com"}, follow=True)
    assert answer.redirect_chain == [(LIST, 302)]
    assert "Eva Berg is deleted." in answer.content.decode()
    with tenancy.tenant(merchant.id):
        row = merchant.customers.get(id=eva.id)
        assert row.status == CustomerStatus.ERASED
        assert not any((row.name, row.email, row.phone, row.external_id, row.notes, row.metadata, row.identity_id))
        order = merchant.orders.get()
        assert (order.amount, order.notes, order.metadata, order.customer_id) == (10_000, "", {}, eva.id)
        assert merchant.commissions.get().amount == 1_000
        assert not merchant.customer_attributions.exists()
        entry = merchant.audit_entries.filter(object_id=eva.id).latest("id")
        assert (entry.verb, entry.before, entry.after) == ("customer.erase", None, None)


def test_no_page_names_or_lists_them(browser: Client, merchant: Merchant, eva: Customer) -> None:
    with tenancy.tenant(merchant.id):
        order = merchant.orders.get()
        delete_customer(eva, actor=ACTOR)
    assert "No customers yet" in browser.get(LIST).content.decode()
    for address in ("orders/", f"orders/{order.id}/", "commissions/", "orders.csv"):
        answer = browser.get(f"/m/acme/{address}")
        shown = (answer.getvalue() if answer.streaming else answer.content).decode()
        assert "Deleted customer" in shown
        assert "Eva " not in shown
        assert "eva@" not in shown
        assert str(eva.id) not in shown
    gone = browser.get(f"{LIST}{eva.id}/")
    assert gone.status_code == 410
    assert "This customer was deleted" in gone.content.decode()
    for rest in ("stats/", "timeline/", "delete/", "orders/new/"):
        assert browser.get(f"{LIST}{eva.id}/{rest}").status_code == 404


def test_their_keys_are_free_for_somebody_new(merchant: Merchant, eva: Customer) -> None:
    with tenancy.tenant(merchant.id):
        delete_customer(eva, actor=ACTOR)
        again = CustomerFactory(email="eva@example.com", external_id="cus_1", phone="+46701740605")
        assert again.id != eva.id


def test_the_identity_goes_with_its_last_holder(merchant: Merchant, other_merchant: Merchant, eva: Customer) -> None:
    identity = eva.identity_id
    with tenancy.tenant(other_merchant.id):
        theirs = CustomerFactory(email="eva@example.com")
    with tenancy.tenant(merchant.id):
        delete_customer(eva, actor=ACTOR)
    assert Identity.objects.get(id=identity).holders == 1
    with tenancy.tenant(other_merchant.id):
        assert other_merchant.customers.get(id=theirs.id).email == "eva@example.com"
        delete_customer(theirs, actor=ACTOR)
    assert not Identity.objects.filter(id=identity).exists()


def test_who_is_deleted_stays_deleted(merchant: Merchant, eva: Customer) -> None:
    with tenancy.tenant(merchant.id):
        delete_customer(eva, actor=ACTOR)
        delete_customer(eva, actor=ACTOR)
        assert merchant.audit_entries.filter(verb="customer.erase").count() == 1
        with pytest.raises(NotFound):
            update_customer(eva, changes={"name": "Eva Berg", "status": "active"}, actor=ACTOR)
        assert merchant.customers.get(id=eva.id).status == CustomerStatus.ERASED
