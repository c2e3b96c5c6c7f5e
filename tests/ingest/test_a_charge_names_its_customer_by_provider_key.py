"""Recurring charges know what the payment provider calls the customer, and nothing else (SPEC C14)."""

from typing import Any

import pytest

from customers.provider_keys import add_provider_key, remove_provider_key
from customers.records import erase_customer
from merchants import tenancy
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from tests.factories import ACTOR, CustomerFactory
from tests.races import race
from tracking import ingest
from tracking.events import Lead, ProviderKey, Sale, SaleCustomer
from tracking.leads import record_lead

STRIPE = ProviderKey(provider="stripe", key="cus_1")


def charge(order_id: str, **customer: Any) -> Any:
    sale = Sale(order_id=order_id, amount=1_000, currency="USD", customer=SaleCustomer(**customer))
    (outcome,) = ingest.record([sale], actor=ACTOR)
    assert outcome.answer is not None, outcome.error
    return outcome.answer.order.customer_id


@pytest.mark.django_db
def test_the_charge_finds_the_customer_who_has_the_key(tenant: Merchant) -> None:
    eva = CustomerFactory(name="Eva")
    add_provider_key(eva, provider="stripe", key="cus_1", actor=ACTOR)
    add_provider_key(eva, provider="recurly", key="cus_1", actor=ACTOR)
    assert charge("A-1", provider_key=STRIPE) == eva.id
    assert charge("A-2", provider_key=ProviderKey(provider="paypal", key="cus_1")) != eva.id
    lead = record_lead(Lead(name="signup", customer=SaleCustomer(provider_key=STRIPE)), actor=ACTOR).lead
    assert lead.customer_id == eva.id


@pytest.mark.django_db
def test_a_sale_that_names_key_and_customer_ties_them(tenant: Merchant) -> None:
    first = charge("A-1", external_id="c-1", provider_key=STRIPE)
    assert charge("A-2", provider_key=STRIPE) == first
    assert tenant.provider_keys.count() == 1
    # The external id is the stronger name, and a known key stays with whom it belongs to.
    other = CustomerFactory(external_id="c-2")
    assert charge("A-3", external_id="c-2", provider_key=STRIPE) == other.id
    assert tenant.provider_keys.get().customer_id == first
    assert charge("A-4", provider_key=STRIPE, email="first@example.com") == first
    assert tenant.customers.get(id=first).email == "first@example.com"


@pytest.mark.django_db
def test_a_batch_knows_the_key_from_its_first_sale_on(tenant: Merchant) -> None:
    sales = [
        Sale(order_id=f"A-{number}", amount=1, currency="USD", customer=SaleCustomer(provider_key=STRIPE))
        for number in range(3)
    ]
    outcomes = ingest.record(sales, actor=ACTOR)
    assert len({outcome.answer.order.customer_id for outcome in outcomes if outcome.answer}) == 1
    assert tenant.customers.count() == 1


@pytest.mark.django_db
def test_keys_are_added_once_and_removed(tenant: Merchant) -> None:
    eva, ida = CustomerFactory(), CustomerFactory()
    key = add_provider_key(eva, provider=" Stripe ", key="cus_1", actor=ACTOR)
    assert add_provider_key(eva, provider="stripe", key="cus_1", actor=ACTOR) == key
    with pytest.raises(Conflict) as taken:
        add_provider_key(ida, provider="stripe", key="cus_1", actor=ACTOR)
    assert taken.value.code == "provider_key_taken"
    with pytest.raises(DomainError) as invalid:
        add_provider_key(ida, provider="My Bank!", key="x", actor=ACTOR)
    assert invalid.value.code == "provider_invalid"
    remove_provider_key(eva, key.id, actor=ACTOR)
    add_provider_key(ida, provider="stripe", key="cus_1", actor=ACTOR)
    assert charge("A-1", provider_key=STRIPE) == ida.id
    erase_customer(ida, actor=ACTOR)
    assert tenant.provider_keys.count() == 0


def test_two_first_charges_at_once_make_one_customer(committed_merchant: Merchant) -> None:
    def pay(order_id: str) -> None:
        tenancy.run(committed_merchant.id, lambda: charge(order_id, provider_key=STRIPE))

    assert race(lambda: pay("A-1"), lambda: pay("A-2")) == ["ok", "ok"]
    with tenancy.tenant(committed_merchant.id):
        assert committed_merchant.customers.count() == 1
        assert {order.customer_id for order in committed_merchant.orders.all()} == {
            committed_merchant.customers.get().id
        }
