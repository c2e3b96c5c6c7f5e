"""SPEC C3: one customer per e-mail, phone and external id, at each merchant, also in a race."""

from functools import partial

import pytest

from customers.models import Customer, Identity
from customers.records import create_customer, update_customer
from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from tests.factories import ACTOR, CustomerFactory, MerchantFactory
from tests.races import race

PHONE = "+4915112345678"


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"email": "EVA@example.com"}, "email"), ({"phone": "0049 151 12345678"}, "phone")],
)
def test_a_second_customer_with_the_same_contact_is_refused(
    tenant: Merchant, actor: Actor, typed: dict[str, str], field: str
) -> None:
    CustomerFactory(email="eva@example.com", phone=PHONE)
    other = CustomerFactory(email="ben@example.com")
    for attempt in (lambda: create_customer(**typed, actor=actor),  # type: ignore[arg-type]
                    lambda: update_customer(other, changes=typed, actor=actor)):  # fmt: skip
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.message == "Phone or email is already used"
        assert (refused.value.code, refused.value.status, refused.value.field) == ("contact_taken", 409, field)
    assert tenant.customers.count() == 2
    assert {identity.holders for identity in Identity.objects.filter(email__endswith="@example.com")} == {1}


def test_an_external_id_is_one_customers(tenant: Merchant, actor: Actor) -> None:
    CustomerFactory(external_id="c-1")
    with pytest.raises(Conflict) as refused:
        CustomerFactory(external_id="c-1")
    assert (refused.value.code, refused.value.field) == ("external_id_taken", "external_id")


def test_another_merchant_may_have_the_same_customer(merchant: Merchant, other_merchant: Merchant) -> None:
    for place in (merchant, other_merchant):
        with tenancy.tenant(place.id):
            CustomerFactory(email="eva@example.com", phone=PHONE, external_id="c-1")


@pytest.mark.parametrize("typed", [{"email": "{}@example.com"}, {"external_id": "c-1"}])
def test_processes_that_add_one_customer_at_once_make_one(committed_merchant: Merchant, typed: dict[str, str]) -> None:
    values = {name: text.format(committed_merchant.slug) for name, text in typed.items()}

    def add() -> None:
        with tenancy.tenant(committed_merchant.id):
            create_customer(**values, actor=ACTOR)  # type: ignore[arg-type]

    refusal = "contact_taken" if "email" in typed else "external_id_taken"
    assert race(*[add] * 5) == sorted(["ok", *[refusal] * 4])
    with tenancy.tenant(committed_merchant.id):
        assert Customer.objects.count() == 1


def test_a_customer_must_be_reachable_somehow(tenant: Merchant, actor: Actor) -> None:
    with pytest.raises(DomainError) as refused:
        create_customer(name="Nobody", actor=actor)
    assert refused.value.code == "contact_needed"
    eva = CustomerFactory(email="eva@example.com")
    with pytest.raises(DomainError):
        update_customer(eva, changes={"email": None}, actor=actor)
    update_customer(eva, changes={"email": None, "external_id": "c-1"}, actor=actor)
    assert (eva.email, eva.external_id) == (None, "c-1")


def test_own_fields_are_edited_and_the_audit_log_says_what(tenant: Merchant, actor: Actor) -> None:
    eva = CustomerFactory(email="eva@example.com", name="Eva")
    changes = {"status": "blocked", "tags": ["vip"], "metadata": {"a": 1}, "name": "Eva"}
    update_customer(eva, changes=changes, actor=actor)
    entry = tenant.audit_entries.get(verb="customer.update")
    assert entry.before == {"status": "active", "tags": [], "metadata": {}}
    assert entry.after == {"status": "blocked", "tags": ["vip"], "metadata": {"a": 1}}
    for bad in ({"status": "gone"}, {"merchant": None}, {"inherited": []}, {"tags": [""]}, {"metadata": []}):
        with pytest.raises(DomainError):
            update_customer(eva, changes=bad, actor=actor)  # type: ignore[arg-type]


def test_merchants_who_meet_one_person_at_the_same_moment_share_one_identity(committed_merchant: Merchant) -> None:
    places = [committed_merchant, *(MerchantFactory(slug=f"{committed_merchant.slug}-{n}") for n in range(3))]
    email = f"{committed_merchant.slug}@example.com"

    def add(place: Merchant) -> None:
        with tenancy.tenant(place.id):
            create_customer(email=email, name=place.slug, actor=ACTOR)

    assert race(*(partial(add, place) for place in places)) == ["ok"] * 4
    assert Identity.objects.get(email=email).holders == 4
