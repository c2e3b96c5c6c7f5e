"""Words of a name in any order, whatever case and accents; keys whole and at once; nobody who was forgotten."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from affiliates.coupons import create_coupon
from affiliates.models import Partner
from affiliates.partners import update_partner
from affiliates.search import found_by as partners_found_by
from customers.identity import edit_by_person
from customers.models import Customer
from customers.records import create_customer, erase_customer, update_customer
from customers.search import WORDS, found_by
from merchants import tenancy, words
from merchants.models import Merchant
from orders.search import called, starting
from stats.marks import mark_everything
from stats.rollup import refresh
from stats.verify import problems
from tests.factories import ACTOR, PartnerFactory
from tracking import ingest
from tracking.events import Sale, SaleCustomer


@pytest.fixture
def found(tenant: Merchant) -> Callable[[str], list[str]]:
    """Names of the customers whom the text finds, in alphabetical order."""

    def search(text: str) -> list[str]:
        return sorted(tenant.customers.filter(found_by(text)).values_list("name", flat=True))

    return search


@pytest.fixture
def people(tenant: Merchant) -> dict[str, Customer]:
    """Three customers, by first name."""
    made: list[dict[str, Any]] = [
        {"name": "Zoë Müller-Straße", "email": "zoe.mueller@example.com", "phone": "+46701740605"},
        {"name": "Anna O’Brien", "email": "office@obrien.example", "external_id": "C-1001"},
        {"name": "Annabel Zorn", "email": "bel@example.com", "external_id": "C-1002"},
    ]
    return {values["name"].split()[0]: create_customer(**values, actor=ACTOR) for values in made}


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("zoe", ["Zoë Müller-Straße"]),
        ("ZOË", ["Zoë Müller-Straße"]),
        ("strasse zo", ["Zoë Müller-Straße"]),
        ("Müller-Str", ["Zoë Müller-Straße"]),
        ("muller", ["Zoë Müller-Straße"]),
        ("mueller", ["Zoë Müller-Straße"]),  # of the e-mail, not of the name
        ("anna", ["Anna O’Brien", "Annabel Zorn"]),
        ("zo", ["Annabel Zorn", "Zoë Müller-Straße"]),
        ("zorn anna", ["Annabel Zorn"]),
        ("o'brien", ["Anna O’Brien"]),
        ("OBrien, Anna", ["Anna O’Brien"]),
        ("office@obr", ["Anna O’Brien"]),
        ("c-1001", ["Anna O’Brien"]),
        ("c-100", ["Anna O’Brien", "Annabel Zorn"]),
        ("+46 70 174 06 05", ["Zoë Müller-Straße"]),
        ("+46 70", ["Zoë Müller-Straße"]),
        ("anna zoe", []),
        ("rien", []),
        ("%", []),
        ("", []),
    ],
)
def test_starts_of_words_find(
    people: dict[str, Customer], found: Callable[[str], list[str]], typed: str, names: list[str]
) -> None:
    assert found(typed) == names


def test_an_edit_is_found_at_once_and_what_was_there_no_more(
    people: dict[str, Customer], found: Callable[[str], list[str]]
) -> None:
    update_customer(people["Anna"], changes={"name": "Berta O’Brien", "email": "b@example.com"}, actor=ACTOR)
    assert found("berta") == ["Berta O’Brien"]
    assert found("office") == []


def test_whom_a_sale_brings_is_found_by_keys_at_once_and_by_name_when_the_worker_was_there(
    tenant: Merchant, found: Callable[[str], list[str]]
) -> None:
    told = SaleCustomer(external_id="c_9", email="Eva@Example.com", phone="+4915112345678", name="Eva Berg")
    (outcome,) = ingest.record([Sale(order_id="A-1", amount=100, currency="USD", customer=told)], actor=ACTOR)
    assert outcome.error is None
    for key in ("c_9", "eva@example.com", "+49 1511 2345678"):
        assert found(key) == ["Eva Berg"], key
    assert found("berg") == [], "a sale writes no words"
    refresh()
    assert found("berg eva") == ["Eva Berg"]


def test_who_is_erased_is_found_by_nothing(
    tenant: Merchant, people: dict[str, Customer], found: Callable[[str], list[str]]
) -> None:
    erase_customer(people["Anna"], actor=ACTOR)
    assert found("anna") == ["Annabel Zorn"]
    assert not people["Anna"].words.exists()


def test_the_persons_own_edit_is_found(merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        eva = create_customer(name="Eva Berg", email="eva@example.com", actor=ACTOR)
    assert eva.identity is not None
    edit_by_person(eva.identity, changes={"name": "Eva Holm"})
    with tenancy.tenant(merchant.id):
        assert merchant.customers.filter(found_by("holm")).get() == eva
        assert not merchant.customers.filter(found_by("berg")).exists()


def test_what_a_worker_read_before_an_edit_does_not_last(
    tenant: Merchant, people: dict[str, Customer], found: Callable[[str], list[str]]
) -> None:
    """The edit leaves a mark that the worker has not seen, so the next one recomputes what this one writes late."""
    refresh()
    read_before = {people["Anna"].id: {"anna"}}
    update_customer(people["Anna"], changes={"name": "Berta"}, actor=ACTOR)
    WORDS.replace(read_before)
    assert found("anna") == ["Annabel Zorn", "Berta"]
    assert list(problems()) == [], "it is known to be stale"
    refresh()
    assert found("anna") == ["Annabel Zorn"]
    assert list(problems()) == []


def test_verify_sees_words_that_are_wrong_and_a_rebuild_mends_them(
    tenant: Merchant, people: dict[str, Customer]
) -> None:
    anna = PartnerFactory(name="Anna Partner")
    refresh()
    WORDS.replace({people["Anna"].id: {"somebody"}})
    anna.words.all().delete()
    assert list(problems()) == [
        f"customer {people['Anna'].id} is found by other words than they have",
        f"partner {anna.id} is found by other words than they have",
    ]
    mark_everything()
    refresh()
    assert list(problems()) == []


def test_a_partner_is_found_by_name_e_mail_and_any_code(tenant: Merchant) -> None:
    carla = PartnerFactory(name="Carla Díaz", email="hello@carla.example", coupon_code="CARLA10")
    PartnerFactory(name="Somebody Else")
    create_coupon(partner=carla, code="Spring-24", actor=ACTOR)
    for typed in ("diaz", "HELLO@CARLA.EXAMPLE", "hello", "carla1", "spring-24", "24 carla"):
        assert tenant.partners.filter(partners_found_by(typed)).get() == carla, typed
    update_partner(carla, changes={"name": "Carla Stone"}, actor=ACTOR)
    assert not tenant.partners.filter(partners_found_by("diaz")).exists()
    assert tenant.partners.filter(partners_found_by("stone spring")).get() == carla


def test_an_order_is_found_by_its_id_in_any_source_and_by_the_start_of_it(tenant: Merchant, partner: Partner) -> None:
    for order, source in (("A-1", "api"), ("A-1", "shop"), ("A-12", "shop"), ("B-1", "zeta")):
        (outcome,) = ingest.record([Sale(order_id=order, source=source, amount=100, currency="USD")], actor=ACTOR)
        assert outcome.error is None
    assert tenant.orders.filter(called("A-1")).count() == 2
    assert tenant.orders.filter(called("A-")).count() == 0
    assert tenant.orders.filter(starting("A-1")).count() == 3
    assert tenant.orders.filter(starting("a-1")).count() == 0, "an id is as it is written"


def test_of_too_many_the_newest_with_exactly_the_word_are_found(
    tenant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "FOUND", 3)
    made = [
        create_customer(name=name, external_id=f"c{at}", actor=ACTOR)
        for at, name in enumerate(["Ann", "Annabel", "Ann", "Ann", "Annabel", "Ann"])
    ]
    found = tenant.customers.filter(found_by("ann")).order_by("-id")
    assert list(found) == [made[5], made[3], made[2]]


def _sale_of(number: int) -> Sale:
    customer = SaleCustomer(external_id=f"c-{number}", name=f"Anna{number} Berg{number}")
    return Sale(order_id=f"S-{number}", amount=100, currency="USD", customer=customer)


#: What a search may not do: read the words, or the customers, of a whole merchant.
@pytest.mark.parametrize("typed", ["anna", "anna berg", "c-17", "eva@example.com"])
def test_words_are_looked_up_in_the_index_under_row_level_security(tenant: Merchant, typed: str) -> None:
    for start in range(0, 600, 200):
        ingest.record([_sale_of(number) for number in range(start, start + 200)], actor=ACTOR)
    refresh()
    rows = tenant.customers.filter(found_by(typed)).order_by("-created_at", "-id")[:26]
    with connection.cursor() as cursor:
        # Between indexes of a table that is all but empty it would choose at random.
        cursor.execute("ANALYZE customers_customerword")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    plan = rows.explain()
    # The rarest word alone: rows that it finds are asked for the others.
    assert any(re.search(rf"Index Cond: .*\(word > '{word}'::text\) AND \(word < ", plan) for word in typed.split()), (
        plan
    )
    assert "Index Cond: ((merchant_id = " in plan
    assert "Seq Scan" not in plan
