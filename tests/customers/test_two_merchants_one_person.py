"""SPEC C2 as a story: Acme and Rival know the same Eva and never read each other."""

from datetime import date
from typing import Any

import pytest

from customers import verify
from customers.identity import edit_by_person
from customers.models import Customer, Identity
from customers.records import create_customer, update_customer
from merchants import tenancy
from merchants.errors import Conflict
from merchants.models import Merchant
from tests.factories import ACTOR

EVA, PHONE = "eva@example.com", "+4915112345678"


def add(merchant: Merchant, **typed: Any) -> Customer:
    with tenancy.tenant(merchant.id):
        return create_customer(**typed, actor=ACTOR)


def edit(customer: Customer, **changes: Any) -> Customer:
    with tenancy.tenant(customer.merchant_id):
        return update_customer(customer, changes=changes, actor=ACTOR)


def person(customer: Customer) -> Identity:
    """The identity behind a record, read again."""
    return Identity.objects.get(id=customer.identity_id)


def seen(customer: Customer) -> tuple[str | None, str | None, str, date | None, str]:
    """What the merchant sees of the person, read again."""
    with tenancy.tenant(customer.merchant_id):
        customer.refresh_from_db()
    return customer.email, customer.phone, customer.name, customer.birthday, customer.language


@pytest.fixture(autouse=True)
def _the_rows_agree(merchant: Merchant, other_merchant: Merchant) -> Any:
    """Whatever a story does, the identities count right and records follow only what they may."""
    yield
    for place in (merchant, other_merchant):
        with tenancy.tenant(place.id):
            assert list(verify.problems()) == []
    assert list(verify.holder_problems(tenancy.every_merchant("test"))) == []


def test_the_first_merchant_writes_the_identity(merchant: Merchant) -> None:
    eva = add(merchant, email=EVA, name="Eva", language="de")
    identity = person(eva)
    assert (identity.email, identity.name, identity.language, identity.holders) == (EVA, "Eva", "de", 1)
    edit(eva, name="Eva Berg", phone=PHONE)
    identity.refresh_from_db()
    assert (identity.name, identity.phone) == ("Eva Berg", PHONE)
    assert len(eva.inherited) == 5


def test_the_second_merchant_sees_only_its_own_typing(merchant: Merchant, other_merchant: Merchant) -> None:
    first = add(merchant, email=EVA, phone=PHONE, name="Eva", birthday=date(1990, 5, 1), language="de")
    second = add(other_merchant, email=EVA.upper())
    assert second.identity_id == first.identity_id
    assert seen(second) == (EVA, None, "", None, "")
    assert second.inherited == ["phone", "name", "birthday", "language"]
    assert person(first).holders == 2


def test_neither_writes_through_once_both_hold_the_person(merchant: Merchant, other_merchant: Merchant) -> None:
    first, second = add(merchant, email=EVA, name="Eva"), add(other_merchant, email=EVA)
    edit(second, name="Evi")
    edit(first, name="Eva Berg")
    assert person(first).name == "Eva"
    assert (seen(first)[2], seen(second)[2]) == ("Eva Berg", "Evi")
    assert "name" not in first.inherited
    assert "name" not in second.inherited


def test_the_person_is_found_by_phone_too_and_the_other_contact_stays_local(
    merchant: Merchant, other_merchant: Merchant
) -> None:
    first = add(merchant, email=EVA, phone=PHONE)
    second = add(other_merchant, email="other@example.com", phone=PHONE)
    assert second.identity_id == first.identity_id
    assert seen(second)[:2] == ("other@example.com", PHONE)
    assert (seen(first)[0], person(first).email) == (EVA, EVA)


def test_the_persons_own_edit_reaches_every_record_that_inherits(merchant: Merchant, other_merchant: Merchant) -> None:
    first = add(merchant, email=EVA, name="Eva")
    second = add(other_merchant, email=EVA, name="Evi")
    identity = edit_by_person(person(first), changes={"name": "Eva Real", "phone": PHONE, "birthday": date(1991, 1, 1)})
    assert identity.claimed_at is not None
    assert seen(first) == (EVA, PHONE, "Eva Real", date(1991, 1, 1), "")
    assert seen(second) == (EVA, PHONE, "Evi", date(1991, 1, 1), ""), "Rival's own name stays Rival's"
    with tenancy.tenant(merchant.id):
        followed = merchant.audit_entries.filter(verb="customer.follow")
        assert {entry.actor_kind for entry in followed} == {"customer"}


def test_a_claimed_identity_is_the_persons_alone(merchant: Merchant) -> None:
    eva = add(merchant, email=EVA, name="Eva")
    edit_by_person(person(eva), changes={"name": "Eva Real"})
    edit(eva, name="Customer 5")
    assert person(eva).name == "Eva Real"
    assert seen(eva)[2] == "Customer 5"
    edit_by_person(person(eva), changes={"name": "Eva Newer"})
    assert seen(eva)[2] == "Customer 5"


def test_a_language_that_is_set_is_not_overwritten_by_anybody(merchant: Merchant, other_merchant: Merchant) -> None:
    first = add(merchant, email=EVA, language="de")
    second = add(other_merchant, email=EVA)
    edit(first, language="fr", name="Eva")
    assert seen(first) == (EVA, None, "Eva", None, "de")
    edit_by_person(person(first), changes={"language": "it"})
    assert person(first).language == "de"
    edit(second, language="fr")
    assert seen(second)[4] == "fr"


def test_a_new_contact_that_is_somebody_elses_stays_local(merchant: Merchant, other_merchant: Merchant) -> None:
    eva, _ben = add(merchant, email=EVA), add(other_merchant, email="ben@example.com")
    edit(eva, email="ben@example.com")
    assert seen(eva)[0] == "ben@example.com"
    assert person(eva).email == EVA
    assert "email" not in eva.inherited


def test_the_person_cannot_take_a_contact_of_another_person(merchant: Merchant) -> None:
    eva = add(merchant, email=EVA)
    add(merchant, email="ben@example.com")
    with pytest.raises(Conflict, match=r"^Phone or email is already used$"):
        edit_by_person(person(eva), changes={"email": "ben@example.com"})
    assert seen(eva)[0] == EVA


def test_a_record_whose_merchant_has_the_new_contact_already_keeps_its_own(
    merchant: Merchant, other_merchant: Merchant
) -> None:
    first, second = add(merchant, email=EVA), add(other_merchant, phone=PHONE, external_id="x")
    other = add(other_merchant, external_id="y", email="late@example.com")
    with tenancy.tenant(other_merchant.id):
        Customer.objects.filter(id=other.id).update(identity=None)
        Identity.objects.filter(email="late@example.com").delete()
    edit_by_person(Identity.objects.get(phone=PHONE), changes={"email": "late@example.com"})
    assert seen(second)[0] is None
    assert "email" not in second.inherited
    assert seen(other)[0] == "late@example.com"
    assert seen(first)[0] == EVA


def test_a_record_of_keys_meets_its_person_when_a_contact_comes(merchant: Merchant, other_merchant: Merchant) -> None:
    first = add(merchant, email=EVA, name="Eva")
    second = add(other_merchant, external_id="c-1", name="Evi")
    assert second.identity_id is None
    edit(second, email=EVA)
    assert second.identity_id == first.identity_id
    assert second.inherited == ["phone", "birthday", "language"]
    assert person(first).holders == 2
