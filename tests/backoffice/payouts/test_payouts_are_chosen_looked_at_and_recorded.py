"""The pages of payouts: what waits, choosing exactly these commissions, history, and undoing one."""

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
from payouts.models import Payout
from stats.rollup import refresh
from tests.factories import ACTOR, PartnerFactory
from tests.sales import give_ten_percent, refund, sell

PAYOUTS = "/m/acme/payouts/"
#: Twelve for a page whose sidebar has counted; the transaction around a test makes two savepoints and a reset of it.
MOST_QUERIES = 12 + 5


@pytest.fixture
def earned(merchant: Merchant, anna: Partner) -> list[Commission]:
    """Anna has two commissions to be paid, 10.00 and 4.00, and 3.00 on hold; she owes 2.00 of what was paid."""
    with tenancy.tenant(merchant.id):
        paid = sell(anna, 6_000, order="OLD-1")
        today = timezone.localdate()
        mark_paid(merchant=merchant, commission_ids=[paid.id], transaction_id="WIRE-1", paid_on=today, actor=ACTOR)
        refund("OLD-1", 2_000)
        sell(anna, 3_000, order="HELD-1", days_ago=2)
        commissions = [sell(anna, 10_000, order="A-1"), sell(anna, 4_000, order="A-2")]
        refresh()
        return commissions


@pytest.fixture
def new(anna: Partner) -> str:
    """Where a payout to Anna is made."""
    return f"{PAYOUTS}new/{anna.id}/USD/"


def form(commissions: list[Commission], **more: str) -> dict[str, object]:
    return {
        "once": str(uuid4()),
        "id": [str(commission.id) for commission in commissions],
        "transaction_id": "WIRE-2",
        "paid_on": timezone.localdate().isoformat(),
        **more,
    }


def text(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def of(merchant: Merchant, transaction_id: str) -> Payout | None:
    with tenancy.tenant(merchant.id):
        return merchant.payouts.filter(transaction_id=transaction_id).first()


def test_what_waits_is_shown_with_what_is_held_and_owed(browser: Client, earned: list[Commission]) -> None:
    page = text(browser, PAYOUTS)
    for amount in ("$3.00", "$14.00", "$2.00", "$12.00"):
        assert f">{amount}<" in page


def test_nothing_waits_in_a_new_program(browser: Client) -> None:
    assert "Nothing to pay" in text(browser, PAYOUTS)
    assert browser.get(f"{PAYOUTS}history/").status_code == 200


def test_pages_cost_as_much_with_many_partners_as_with_one(
    browser: Client,
    merchant: Merchant,
    earned: list[Commission],
    new: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with tenancy.tenant(merchant.id):
        for number in range(6):
            other = PartnerFactory(name=f"P{number}", email=f"p{number}@example.com")
            give_ten_percent(other)
            sell(other, 1_000, order=f"N{number}")
    payout = of(merchant, "WIRE-1")
    assert payout is not None
    for address in (PAYOUTS, f"{PAYOUTS}history/", f"{PAYOUTS}{payout.id}/", new):
        text(browser, address)
        with django_assert_max_num_queries(MOST_QUERIES):
            text(browser, address)


def test_every_commission_is_ticked_and_the_sum_follows_the_ticks(
    browser: Client, merchant: Merchant, earned: list[Commission], new: str
) -> None:
    page = text(browser, new)
    assert "$12.00</b> for 2 of 2 commissions" in page
    assert "HELD-1" not in page
    headers = {"HX-Request": "true", "HX-Target": "total"}
    sum_ = browser.post(new, {"id": [str(earned[0].id)], "transaction_id": ""}, headers=headers)
    assert sum_.status_code == 200
    assert "$8.00</b> for 1 of 2 commissions" in sum_.content.decode()
    assert "<form" not in sum_.content.decode()
    browser.post(new, form(earned, confirmed="1"), headers=headers)
    assert of(merchant, "WIRE-2") is None, "asking for the sum records nothing"


def test_a_payout_is_looked_at_and_then_recorded_once(
    browser: Client, merchant: Merchant, earned: list[Commission], new: str
) -> None:
    sent = form(earned[:1], note="March")
    review = browser.post(new, sent)
    assert "Record $8.00 as paid" in review.content.decode()
    assert of(merchant, "WIRE-2") is None
    addresses = {browser.post(new, {**sent, "confirmed": "1"}).headers["Location"] for _ in range(2)}
    assert len(addresses) == 1
    payout = of(merchant, "WIRE-2")
    assert payout is not None
    assert (payout.amount, payout.netted, payout.note) == (800, 200, "March")
    page = text(browser, addresses.pop())
    assert "A-1" in page
    assert "A-2" not in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"transaction_id": ""}, "This field is required"),
        ({"paid_on": "2999-01-01", "confirmed": "1"}, "it cannot lie ahead"),
        ({"transaction_id": "WIRE-1", "confirmed": "1"}, "is recorded for this partner"),
        ({"id": []}, "Choose at least one commission"),
        ({"once": ""}, "Reload the page"),
    ],
)
def test_what_cannot_be_recorded_is_said_beside_what_was_typed(
    browser: Client, earned: list[Commission], new: str, change: dict[str, object], said: str
) -> None:
    answer = browser.post(new, {**form(earned, note="kept note"), **change})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "kept note" in answer.content.decode()


def test_a_payout_is_found_exported_and_reversed_with_a_reason(
    browser: Client, merchant: Merchant, earned: list[Commission]
) -> None:
    payout = of(merchant, "WIRE-1")
    assert payout is not None
    assert "WIRE-1" in text(browser, f"{PAYOUTS}history/?q=WIRE-1&status=paid")
    assert "Anna" not in text(browser, f"{PAYOUTS}history/?q=WIRE-9").partition("<main")[2]
    csv = b"".join(browser.get("/m/acme/payouts.csv")).decode()  # type: ignore[call-overload]
    assert "6.00" in csv
    reverse = f"{PAYOUTS}{payout.id}/reverse/"
    assert browser.post(reverse, {"reason": ""}).status_code == 422
    assert browser.post(reverse, {"reason": "bank returned it"}).status_code == 302
    assert browser.post(reverse, {"reason": "bank returned it"}).status_code == 422
    assert "bank returned it" in text(browser, f"{PAYOUTS}{payout.id}/")
    again = of(merchant, "WIRE-1")
    assert again is not None
    assert again.status == "reversed"


@pytest.mark.parametrize("role", Role)
def test_buttons_are_shown_to_whom_the_server_obeys(
    browser_of: Callable[[Role], Client], earned: list[Commission], new: str, role: Role
) -> None:
    browser = browser_of(role)
    answer = browser.get(PAYOUTS)
    if answer.status_code == 403:
        assert PAYOUTS not in browser.get("/m/acme/").content.decode(), "nor does the sidebar lead there"
        assert browser.get(new).status_code == 403
        return
    assert ("Record payout" in answer.content.decode()) == (browser.get(new).status_code == 200)


def test_anothers_payout_and_partner_are_not_there(browser: Client, other_merchant: Merchant) -> None:
    with tenancy.tenant(other_merchant.id):
        theirs = PartnerFactory(name="Theirs", email="t@rival.example")
        give_ten_percent(theirs)
        commission = sell(theirs, 10_000, order="SECRET-1")
        today = timezone.localdate()
        ids = [commission.id]
        (payout,) = mark_paid(
            merchant=other_merchant, commission_ids=ids, transaction_id="X", paid_on=today, actor=ACTOR
        )
    for address in (f"{payout.id}/", f"{payout.id}/reverse/", f"new/{theirs.id}/USD/", f"new/{theirs.id}/XXX/"):
        assert browser.get(PAYOUTS + address).status_code == 404
