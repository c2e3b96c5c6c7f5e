"""The badge in the list of commissions: one click writes down a payment, the next takes it back."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from commissions.models import Commission
from merchants import tenancy
from merchants.models import Merchant
from merchants.roles import Role
from payouts.manual import mark_paid
from tests.factories import ACTOR
from tests.sales import sell

LIST = "/m/acme/commissions/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def ready(merchant: Merchant, anna: Partner) -> Commission:
    """Ten dollars that can be paid."""
    with tenancy.tenant(merchant.id):
        return sell(anna, 10_000, order="READY-1")


def click(browser: Client, commission: Commission, paid: str, query: str = "?status=approved") -> str:
    answer = browser.post(f"{LIST}{commission.id}/payment/{query}", {"paid": paid}, headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_click_pays_and_answers_with_the_row_the_numbers_and_a_sentence(
    browser: Client, merchant: Merchant, ready: Commission
) -> None:
    answer = click(browser, ready, "1")
    assert answer.startswith("<tr")
    assert ">Paid<span" in answer
    assert 'id="tabs"' in answer
    assert 'hx-swap-oob="true"' in answer
    # The last unpaid one is gone from the tab, which stays the one that is open.
    assert 'aria-current="page">Unpaid<span class="pill">0</span></a>' in answer
    assert "Paid, as manual-" in answer
    with tenancy.tenant(merchant.id):
        payout = merchant.payouts.get()
        assert (payout.amount, payout.status, str(payout.transaction_id) in answer) == (1_000, "paid", True)


def test_the_same_click_twice_pays_once_and_the_other_one_takes_it_back(
    browser: Client, merchant: Merchant, ready: Commission
) -> None:
    click(browser, ready, "1")
    assert "It was paid already." in click(browser, ready, "1")
    answer = click(browser, ready, "0")
    assert ">Unpaid<span" in answer
    assert "It was not paid." in click(browser, ready, "0")
    assert "Paid, as manual-" in click(browser, ready, "1")
    with tenancy.tenant(merchant.id):
        assert sorted(merchant.payouts.values_list("status", flat=True)) == ["paid", "reversed"]


def test_a_payout_that_paid_others_too_is_left_alone(
    browser: Client, merchant: Merchant, anna: Partner, ready: Commission
) -> None:
    with tenancy.tenant(merchant.id):
        ids = [ready.id, sell(anna, 5_000, order="READY-2").id]
        day = timezone.localdate()
        mark_paid(merchant=merchant, commission_ids=ids, transaction_id="WIRE-1", paid_on=day, actor=ACTOR)
    answer = browser.post(f"{LIST}{ready.id}/payment/", {"paid": "0"}, headers=HTMX)
    assert answer.status_code == 422
    assert "The payout WIRE-1 paid 1 more commission" in answer.content.decode()
    assert ">Paid<span" in answer.content.decode()


def test_without_script_it_leads_back_to_the_list_as_it_was(browser: Client, ready: Commission) -> None:
    answer = browser.post(f"{LIST}{ready.id}/payment/?status=approved", {"paid": "1"}, follow=True)
    assert answer.redirect_chain == [(f"{LIST}?status=approved", 302)]
    assert "Paid, as manual-" in answer.content.decode()


def test_who_may_not_pay_reads_a_word_and_no_button(
    browser_of: Callable[[Role], Client], browser: Client, ready: Commission
) -> None:
    assert "/payment/" in browser.get(LIST).content.decode()
    assert "/payment/" not in browser_of(Role.VIEWER).get(LIST).content.decode()
