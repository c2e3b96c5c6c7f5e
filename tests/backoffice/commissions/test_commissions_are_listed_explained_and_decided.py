"""The pages of commissions: what they say, what their forms write, and what they cost."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from affiliates.models import Partner
from commissions.models import Commission
from merchants import tenancy
from merchants.models import Merchant
from merchants.roles import Role
from payouts.manual import mark_paid
from tests.factories import ACTOR, PartnerFactory
from tests.sales import give_ten_percent, refund, sell

LIST = "/m/acme/commissions/"
#: Twelve for a page whose sidebar has counted; the transaction around a test makes two savepoints and a reset of it.
MOST_QUERIES = 12 + 5


@pytest.fixture
def sold(merchant: Merchant, anna: Partner) -> dict[str, Commission]:
    """One of Anna's for each state, and one with a refund."""
    with tenancy.tenant(merchant.id):
        found = {
            "ready": sell(anna, 10_000, order="READY-1"),
            "held": sell(anna, 5_000, order="HELD-1", days_ago=2),
            "paid": sell(anna, 4_000, order="PAID-1"),
            "part": sell(anna, 8_000, order="PART-1"),
        }
        today = timezone.localdate()
        ids = [found["paid"].id]
        mark_paid(merchant=merchant, commission_ids=ids, transaction_id="WIRE-1", paid_on=today, actor=ACTOR)
        refund("PART-1", 2_000)
    return found


def text(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def status(merchant: Merchant, commission: Commission) -> str:
    with tenancy.tenant(merchant.id):
        return str(merchant.commissions.get(id=commission.id).status)


@pytest.mark.parametrize(
    ("query", "orders"),
    [
        ("", {"READY-1", "HELD-1", "PAID-1", "PART-1"}),
        ("?status=pending", {"HELD-1"}),
        ("?status=paid", {"PAID-1"}),
        ("?q=PART-1", {"PART-1"}),
        ("?q=PART", set()),
        ("?q=Anna@example.com&status=paid", {"PAID-1"}),
        ("?q=nobody@example.com", set()),
        ("?kind=percentage&status=approved", {"READY-1", "PART-1"}),
        ("?kind=manual", set()),
        ("?period=7d", {"HELD-1"}),
        ("?partner=no-id&sort=-amount", {"READY-1", "HELD-1", "PAID-1", "PART-1"}),
    ],
)
def test_the_list_holds_what_was_asked_for(
    browser: Client, sold: dict[str, Commission], query: str, orders: set[str]
) -> None:
    page = text(browser, LIST + query)
    known = {"READY-1", "HELD-1", "PAID-1", "PART-1"}
    assert {order for order in known if f">{order}<" in page} == orders
    assert ("No commissions match" in page) == (not orders)
    lines = b"".join(browser.get(f"/m/acme/commissions.csv{query}")).decode().splitlines()  # type: ignore[call-overload]
    assert {line.split(",")[1] for line in lines[1:]} == orders


def test_a_program_without_commissions_says_what_will_be_here(browser: Client) -> None:
    assert "No commissions yet" in text(browser, LIST)


def test_a_page_costs_as_much_with_many_as_with_one(
    browser: Client,
    merchant: Merchant,
    sold: dict[str, Commission],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with tenancy.tenant(merchant.id):
        for number in range(6):
            other = PartnerFactory(name=f"P{number}", email=f"p{number}@example.com")
            give_ten_percent(other)
            sell(other, 1_000, order=f"N{number}")
    for address in (LIST, f"{LIST}{sold['part'].id}/", f"{LIST}{sold['paid'].id}/"):
        text(browser, address)
        with django_assert_max_num_queries(MOST_QUERIES):
            text(browser, address)


def test_the_explanation_starts_with_a_sentence(browser: Client, sold: dict[str, Commission]) -> None:
    part = text(browser, f"{LIST}{sold['part'].id}/")
    assert "Anna earned $8.00: 10% of the $80.00 that count" in part
    assert "After 1 refund, $6.00 is left." in part
    assert "The hold is over and it waits to be paid." in part
    assert "It is on hold until" in text(browser, f"{LIST}{sold['held'].id}/")
    assert "WIRE-1" in text(browser, f"{LIST}{sold['paid'].id}/")


def test_the_panel_is_the_explanation_alone(browser: Client, sold: dict[str, Commission]) -> None:
    headers = {"HX-Request": "true", "HX-Target": "panel"}
    panel = browser.get(f"{LIST}{sold['ready'].id}/", headers=headers).content.decode()
    assert "Anna earned $10.00" in panel
    assert "<html" not in panel


def test_paid_asks_first_and_writes_a_payout_once(
    browser: Client, merchant: Merchant, sold: dict[str, Commission]
) -> None:
    chosen = {"id": [str(sold["ready"].id)]}
    asked = browser.post(f"{LIST}paid/", chosen)
    assert "one payout for each partner and currency" in asked.content.decode()
    assert status(merchant, sold["ready"]) == "approved"
    form = {**chosen, "confirmed": "1", "transaction_id": "WIRE-2", "paid_on": timezone.localdate().isoformat()}
    for _ in range(2):
        assert browser.post(f"{LIST}paid/", form).status_code == 302
    assert status(merchant, sold["ready"]) == "paid"
    with tenancy.tenant(merchant.id):
        assert merchant.payouts.get(transaction_id="WIRE-2").amount == 1_000
    undo = {**chosen, "confirmed": "1", "reason": "bank returned it"}
    for _ in range(2):
        assert browser.post(f"{LIST}unpaid/", undo).status_code == 302
    assert status(merchant, sold["ready"]) == "approved"


def test_what_is_on_hold_is_refused_by_its_order_and_what_was_typed_stays(
    browser: Client, merchant: Merchant, sold: dict[str, Commission]
) -> None:
    form = {"id": [str(sold["held"].id)], "confirmed": "1", "transaction_id": "WIRE-2", "paid_on": "2026-03-02"}
    answer = browser.post(f"{LIST}paid/", form)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "HELD-1 is on hold until" in page
    assert 'value="WIRE-2"' in page
    assert status(merchant, sold["held"]) == "pending"


def test_nothing_chosen_changes_nothing(browser: Client, sold: dict[str, Commission]) -> None:
    for action in ("paid", "unpaid"):
        assert browser.post(f"{LIST}{action}/", {}).headers["Location"] == LIST


@pytest.mark.parametrize(
    ("which", "action", "after"), [("held", "release", "approved"), ("ready", "reject", "rejected")]
)
def test_a_decision_takes_a_reason(
    browser: Client, merchant: Merchant, sold: dict[str, Commission], which: str, action: str, after: str
) -> None:
    address = f"{LIST}{sold[which].id}/{action}/"
    assert browser.get(address).status_code == 200
    assert browser.post(address, {"reason": ""}).status_code == 422
    assert browser.post(address, {"reason": "agreed by phone"}).status_code == 302
    assert status(merchant, sold[which]) == after
    assert browser.post(address, {"reason": "agreed by phone"}).status_code == 302, "the second click changes nothing"
    with tenancy.tenant(merchant.id):
        assert merchant.audit_entries.filter(object_id=sold[which].id, object_type="commission").count() == 1


def test_an_adjustment_sent_twice_is_made_once(
    browser: Client, merchant: Merchant, sold: dict[str, Commission]
) -> None:
    address, number = f"{LIST}{sold['paid'].id}/adjust/", str(uuid4())
    for _ in range(2):
        assert browser.post(address, {"once": number, "amount": "1.50", "reason": "wrong terms"}).status_code == 302
    with tenancy.tenant(merchant.id):
        assert merchant.commissions.get(order=None).amount == -250
    assert "wrong terms" in text(browser, f"{LIST}{sold['paid'].id}/")


def test_an_adjustment_of_one_on_hold_says_that_both_wait(
    browser: Client, merchant: Merchant, sold: dict[str, Commission]
) -> None:
    held = f"{LIST}{sold['held'].id}/"
    assert "on hold as long as this one" in text(browser, f"{held}adjust/")
    assert "which the next payout carries" in text(browser, f"{LIST}{sold['paid'].id}/adjust/")
    browser.post(f"{held}adjust/", {"once": str(uuid4()), "amount": "9.50", "reason": "promised"})
    with tenancy.tenant(merchant.id):
        adjustment = merchant.commissions.get(adjusts=sold["held"])
    page = text(browser, f"{LIST}{adjustment.id}/")
    assert "It is on hold as long as what it adjusts." in page
    assert "End the hold" not in page
    assert "End the hold" in text(browser, held)
    refused = browser.post(f"{LIST}{adjustment.id}/release/", {"reason": "Hurry"})
    assert refused.status_code == 422
    assert "end the hold of that one" in refused.content.decode()


def test_a_commission_by_hand_is_made_once_and_explained(browser: Client, merchant: Merchant, anna: Partner) -> None:
    form = {
        "once": str(uuid4()),
        "partner": "anna@example.com",
        "amount": "25",
        "currency": "USD",
        "reason": "spoke at our fair",
    }
    made = {browser.post(f"{LIST}new/", form).headers["Location"] for _ in range(2)}
    assert len(made) == 1
    page = text(browser, made.pop())
    assert "Anna gets $25.00, recorded by hand." in page
    assert "spoke at our fair" in page
    correction = {**form, "once": str(uuid4()), "amount": "-5"}
    taken = text(browser, browser.post(f"{LIST}new/", correction).headers["Location"])
    assert "<h1>Anna gives back $5.00</h1>" in taken
    assert "Anna gives back $5.00, recorded by hand." in taken
    refused = browser.post(f"{LIST}new/", {**form, "once": str(uuid4()), "partner": "nobody@example.com"})
    assert refused.status_code == 422
    assert "There is no partner with the e-mail or coupon code nobody@example.com" in refused.content.decode()


@pytest.mark.parametrize("role", Role)
def test_buttons_are_shown_to_whom_the_server_obeys(
    browser_of: Callable[[Role], Client], sold: dict[str, Commission], role: Role
) -> None:
    browser = browser_of(role)
    page = text(browser, LIST)
    for button, address in (("New commission", f"{LIST}new/"), ("Mark paid", f"{LIST}paid/")):
        allowed = browser.get(address).status_code != 403
        assert (button in page) == allowed


def test_anothers_commission_is_not_there(browser: Client, other_merchant: Merchant) -> None:
    with tenancy.tenant(other_merchant.id):
        theirs = PartnerFactory(name="Theirs", email="t@rival.example")
        give_ten_percent(theirs)
        commission = sell(theirs, 10_000, order="SECRET-1")
    for action in ("", "adjust/", "reject/", "release/"):
        assert browser.get(f"{LIST}{commission.id}/{action}").status_code == 404
    form = {"id": [str(commission.id)], "confirmed": "1", "transaction_id": "X", "paid_on": "2026-03-02"}
    assert browser.post(f"{LIST}paid/", form).headers["Location"] == LIST
    assert status(other_merchant, commission) == "approved"
