"""The sale is where most customers come from: it keeps two merchants' views of one person apart (SPEC C2)."""

import pytest

from customers import verify
from customers.models import Customer, Identity
from merchants import tenancy
from merchants.models import Merchant
from tests.factories import ACTOR
from tracking import ingest
from tracking.events import Sale, SaleCustomer


def buy(merchant: Merchant, **customer: str) -> Customer:
    with tenancy.tenant(merchant.id):
        sale = Sale(order_id=str(customer), amount=100, currency="USD", customer=SaleCustomer(**customer))
        ingest.record([sale], actor=ACTOR)
        return Customer.objects.get()


@pytest.mark.django_db
def test_a_person_at_two_merchants_is_one_identity_and_each_keeps_their_own_words(
    merchant: Merchant, other_merchant: Merchant
) -> None:
    ours = buy(merchant, email="eva@example.com", name="Eva")
    theirs = buy(other_merchant, email="eva@example.com", phone="+31612345678", name="E. de Vries")
    assert ours.identity_id == theirs.identity_id
    identity = Identity.objects.get()
    assert identity.holders == 2
    assert (identity.name, identity.phone) == ("Eva", None)
    assert (ours.name, theirs.name) == ("Eva", "E. de Vries")
    assert set(ours.inherited) == {"email", "phone", "name", "birthday", "language"}
    assert set(theirs.inherited) == {"birthday", "language"}


@pytest.mark.django_db
def test_a_customer_known_by_a_key_alone_has_no_identity(merchant: Merchant) -> None:
    assert buy(merchant, external_id="c_1").identity_id is None
    assert not Identity.objects.exists()


@pytest.mark.django_db
def test_what_a_later_sale_tells_is_the_merchants_own_and_the_proofs_hold(merchant: Merchant) -> None:
    customer = buy(merchant, external_id="c_1", email="eva@example.com")
    customer = buy(merchant, external_id="c_1", name="Eva", phone="+31612345678")
    assert (customer.name, customer.phone) == ("Eva", "+31612345678")
    assert set(customer.inherited) == {"email", "birthday", "language"}
    with tenancy.tenant(merchant.id):
        assert list(verify.problems()) == []
    assert list(verify.holder_problems([merchant.id])) == []


@pytest.mark.django_db
def test_two_records_of_one_person_in_one_batch_are_two_holders(merchant: Merchant, other_merchant: Merchant) -> None:
    buy(other_merchant, email="eva@example.com", phone="+31612345678")
    both = (SaleCustomer(email="eva@example.com"), SaleCustomer(phone="+31612345678"))
    sales = [Sale(order_id=f"o{i}", amount=100, currency="USD", customer=c) for i, c in enumerate(both)]
    with tenancy.tenant(merchant.id):
        ingest.record(sales, actor=ACTOR)
        assert Customer.objects.count() == 2
    assert Identity.objects.get().holders == 3
    assert list(verify.holder_problems([merchant.id, other_merchant.id])) == []
