"""The editor: the sections of SPEC C1, saved with a sentence, never over what somebody else saved meanwhile."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from affiliates.models import Partner
from customers.models import Customer
from customers.records import update_customer
from merchants import tenancy
from merchants.models import Merchant
from tests.factories import ACTOR, CustomerFactory
from tests.sales import give_ten_percent
from tracking import ingest
from tracking.events import Sale, SaleCustomer

LIST = "/m/acme/customers/"


@pytest.fixture
def eva(merchant: Merchant) -> Customer:
    """A customer with an external id and metadata that would like to be a script."""
    with tenancy.tenant(merchant.id):
        made: Customer = CustomerFactory(
            name="Eva Berg",
            email="eva@example.com",
            external_id="cus_1",
            metadata={"plan": "<script>alert(1)</script>"},
        )
    return made


def buys(
    merchant: Merchant, customer: Customer, amount: int, *, order: str, currency: str = "USD", **more: Any
) -> None:
    """One order of the customer."""
    with tenancy.tenant(merchant.id):
        buyer = SaleCustomer(external_id=customer.external_id)
        sale = Sale(order_id=order, amount=amount, currency=currency, customer=buyer, **more)
        (outcome,) = ingest.record([sale], actor=ACTOR)
        assert outcome.error is None, outcome.error


def address(customer: Customer, rest: str = "") -> str:
    """The customer's page."""
    return f"{LIST}{customer.id}/{rest}"


def form_of(browser: Client, customer: Customer, **typed: str) -> dict[str, str]:
    """The form as the page shows it, with something typed over."""
    seen = re.search(r'name="seen" value="([^"]+)"', browser.get(address(customer)).content.decode())
    assert seen is not None
    return {
        "name": customer.name, "email": customer.email or "", "external_id": customer.external_id or "",
        "seen": seen[1].replace("&#x2B;", "+").replace("&#43;", "+"), **typed,
    }  # fmt: skip


def stored(merchant: Merchant, customer: Customer) -> Customer:
    """The row as it is now."""
    with tenancy.tenant(merchant.id):
        return merchant.customers.get(id=customer.id)


def test_it_shows_who_they_are_and_escapes_what_the_api_sent(browser: Client, eva: Customer) -> None:
    shown = browser.get(address(eva)).content.decode()
    assert "<h1>Eva Berg</h1>" in shown
    assert "cus_1" in shown
    assert "Member since" in shown
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_without_an_external_id_it_says_none(browser: Client, merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        nameless = CustomerFactory()
    assert "External ID None" in browser.get(address(nameless)).content.decode()


def test_saved_it_says_so_and_leads_back_to_the_list(browser: Client, merchant: Merchant, eva: Customer) -> None:
    form = form_of(browser, eva, name="Eva Lind", external_id="")
    answer = browser.post(address(eva), form, follow=True)
    assert answer.redirect_chain == [(LIST, 302)]
    assert "Eva Lind is saved." in answer.content.decode()
    now = stored(merchant, eva)
    assert (now.name, now.email, now.external_id) == ("Eva Lind", "eva@example.com", None)
    with tenancy.tenant(merchant.id):
        entry = merchant.audit_entries.filter(object_id=eva.id).latest("id")
    assert (entry.verb, entry.actor_name, entry.after) == (
        "customer.update", "Olga Owner", {"name": "Eva Lind", "external_id": None},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"email": "nonsense"}, "Enter a valid email address."),
        ({"email": "taken@example.com"}, "Phone or email is already used"),
        ({"external_id": "cus_2"}, "Another customer has this external id."),
    ],
)
def test_what_is_refused_stays_typed_and_saves_nothing(
    browser: Client, merchant: Merchant, eva: Customer, typed: dict[str, str], said: str
) -> None:
    with tenancy.tenant(merchant.id):
        CustomerFactory(email="taken@example.com", external_id="cus_2")
    answer = browser.post(address(eva), form_of(browser, eva, **{"name": "Somebody Else", **typed}))
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert said in shown
    assert 'aria-invalid="true"' in shown
    assert all(f'value="{value}"' in shown for value in typed.values() if value)
    assert stored(merchant, eva).name == "Eva Berg"


def test_what_somebody_saved_meanwhile_is_not_lost_unseen(browser: Client, merchant: Merchant, eva: Customer) -> None:
    form = form_of(browser, eva, name="Eva Lind")
    with tenancy.tenant(merchant.id):
        update_customer(stored(merchant, eva), changes={"name": "Eva Holm"}, actor=ACTOR)
    answer = browser.post(address(eva), form)
    assert answer.status_code == 422
    assert "changed name to “Eva Holm”" in answer.content.decode()
    assert stored(merchant, eva).name == "Eva Holm"
    again = form_of(browser, eva, name="Eva Lind")
    assert browser.post(address(eva), again).status_code == 302
    assert stored(merchant, eva).name == "Eva Lind"


def test_figures_are_recalculated_a_line_for_each_currency(
    browser: Client, merchant: Merchant, partner: Partner, eva: Customer
) -> None:
    with tenancy.tenant(merchant.id):
        give_ten_percent(partner)
    buys(merchant, eva, 10_000, order="A1", coupon="ANNA10")
    buys(merchant, eva, 5_000, order="A2", currency="EUR", partner="anna@example.com")
    at_once = browser.get(address(eva)).content.decode()
    assert 'hx-trigger="load"' in at_once
    assert "Recalculating…" in at_once
    fresh = browser.get(address(eva, "stats/"), headers={"HX-Request": "true", "HX-Target": "stats"}).content.decode()
    assert "<h1" not in fresh
    assert "hx-trigger" not in fresh
    assert all(figure in fresh for figure in ("$100.00", "€50.00", "$10.00", "€5.00"))
    assert "150.00" not in fresh
    assert "$100.00" in browser.get(address(eva)).content.decode(), "stored for the next visit"


def test_the_history_has_all_columns_of_every_order(
    browser: Client, merchant: Merchant, partner: Partner, eva: Customer
) -> None:
    with tenancy.tenant(merchant.id):
        give_ten_percent(partner)
    buys(merchant, eva, 10_000, order="A1", coupon="ANNA10", notes="gift wrapped")
    buys(merchant, eva, 4_000, order="A2")
    shown = browser.get(address(eva)).content.decode()
    heads = re.findall(r"<th[^>]*>(?:<a[^>]*>)?([A-Za-z ]+)", shown)
    assert heads == ["Order ID", "Commission", "Total amount", "Status", "Coupon", "Partner", "Notes", "Date"]
    assert all(text in shown for text in ("A1", "$10.00", "$100.00", "Unpaid", "ANNA10", "Anna", "gift wrapped"))


def test_an_order_belongs_to_the_partner_only_when_there_is_one(
    browser: Client, merchant: Merchant, eva: Customer
) -> None:
    buys(merchant, eva, 4_000, order="A2")
    assert "Direct order" in browser.get(address(eva)).content.decode()


def test_the_history_is_paged(browser: Client, merchant: Merchant, eva: Customer) -> None:
    for n in range(12):
        buys(merchant, eva, 1_000 + n, order=f"A{n:02}")
    first = browser.get(address(eva, "?sort=amount")).content.decode()
    following = re.search(r'href="(\?[^"]+)"[^>]*rel="next"', first)
    assert following is not None
    second = browser.get(
        address(eva, following[1].replace("&amp;", "&")), headers={"HX-Request": "true", "HX-Target": "list"}
    )
    assert re.findall(r">(A\d\d)</a>", second.content.decode()) == ["A10", "A11"]


def test_the_timeline_has_the_newest_first(browser: Client, merchant: Merchant, eva: Customer) -> None:
    buys(merchant, eva, 4_000, order="A2")
    shown = browser.get(address(eva, "timeline/")).content.decode()
    assert shown.index("A2") < shown.index("Added a customer")


def test_an_order_by_hand_is_recorded_once_and_explained(
    browser: Client, merchant: Merchant, partner: Partner, eva: Customer
) -> None:
    with tenancy.tenant(merchant.id):
        give_ten_percent(partner)
    form = {
        "once": str(uuid4()), "order_id": "hand-1", "amount": "80.50", "currency": "USD", "coupon": "anna10",
        "partner": "", "placed_at": "2026-01-05T10:00", "notes": "by phone",
    }  # fmt: skip
    answers = [browser.post(address(eva, "orders/new/"), form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    with tenancy.tenant(merchant.id):
        order = merchant.orders.get()
    assert (order.source, order.amount, order.customer_id, order.notes) == ("manual", 8_050, eva.id, "by phone")
    shown = browser.get(answers[0].headers["Location"]).content.decode()
    assert "Coupon ANNA10" in shown
    assert "$8.05" in shown


def test_an_order_by_hand_that_cannot_be_is_refused_with_what_was_typed(browser: Client, eva: Customer) -> None:
    form = {"once": str(uuid4()), "order_id": "hand-1", "amount": "8.055", "currency": "USD", "placed_at": ""}
    answer = browser.post(address(eva, "orders/new/"), form)
    assert answer.status_code == 422
    assert "at most 2 decimals" in answer.content.decode()
    assert 'value="8.055"' in answer.content.decode()


def test_viewers_read_and_change_nothing(
    browser_of: Callable[[str], Client], merchant: Merchant, eva: Customer
) -> None:
    viewer = browser_of("viewer")
    shown = viewer.get(address(eva)).content.decode()
    assert "Save changes" not in shown
    assert "Delete customer" not in shown
    assert viewer.post(address(eva), {"name": "X", "email": "x@example.com"}).status_code == 403
    assert viewer.post(address(eva, "delete/"), {"confirm": "eva@example.com"}).status_code == 403
    assert viewer.get(address(eva, "orders/new/")).status_code == 403
    assert stored(merchant, eva).name == "Eva Berg"


def test_customers_of_others_are_not_found(browser: Client, other_merchant: Merchant) -> None:
    with tenancy.tenant(other_merchant.id):
        theirs = CustomerFactory()
    for rest in ("", "stats/", "timeline/", "delete/", "orders/new/"):
        assert browser.get(address(theirs, rest)).status_code == 404


def test_the_page_asks_the_database_little_however_much_was_bought(
    browser: Client, merchant: Merchant, eva: Customer, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(15):
        buys(merchant, eva, 1_000, order=f"A{n}")
    browser.get(address(eva))
    with django_assert_max_num_queries(24):
        browser.get(address(eva))


def test_amounts_are_read_in_their_currency(browser: Client, merchant: Merchant, eva: Customer) -> None:
    form = {"order_id": "yen", "currency": "JPY", "placed_at": "2026-01-05T10:00"}
    assert (
        browser.post(address(eva, "orders/new/"), {**form, "once": str(uuid4()), "amount": "10.5"}).status_code == 422
    )
    browser.post(address(eva, "orders/new/"), {**form, "once": str(uuid4()), "amount": "1000"})
    with tenancy.tenant(merchant.id):
        order = merchant.orders.get()
    assert (order.amount, order.currency) == (1_000, "JPY")
    browser.post(f"/m/acme/orders/{order.id}/refund/", {"once": str(uuid4()), "amount": "400"})
    with tenancy.tenant(merchant.id):
        assert merchant.orders.get().refunded == 400
