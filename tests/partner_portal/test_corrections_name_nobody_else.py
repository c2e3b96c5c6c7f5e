"""What follows an adjustment says nothing of why: the reason was given about somebody else's order, or names others."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from commissions.adjustment import adjust
from commissions.rejection import reject
from customers.models import Customer
from merchants import tenancy
from merchants.models import Merchant
from tests.factories import ACTOR, PartnerFactory
from tests.levels.conftest import long_ago, pays_recruiters, sells
from tests.sales import give_ten_percent, refund
from tracking.deletion import delete_order
from tracking.reattribution import reattribute

pytestmark = pytest.mark.django_db


@pytest.fixture
def ben(merchant: Merchant, anna: Partner) -> Partner:
    """Anna recruited him, and her share of what he sold was adjusted."""
    with tenancy.tenant(merchant.id):
        made: Partner = PartnerFactory(name="Ben", recruiter=anna, recruited_at=long_ago())
        give_ten_percent(made)
        pays_recruiters("10")
        order = sells(made, "BENS-ORDER", 77_700, at=timezone.now() - timedelta(days=1))
        adjust(order.commissions.get(partner=anna), amount=5_000, reason="Promised", actor=ACTOR)
    return made


def read(merchant: Merchant, anna: Partner, browser: Client, portal: str) -> str:
    """Everything that Anna can read of what she earned."""
    with tenancy.tenant(merchant.id):
        rows = list(anna.commissions.listed())
        assert any("follows" in row.explanation for row in rows)
    pages = ["", "earnings/", "earnings.csv", "recruits/", *(f"earnings/{row.id}/" for row in rows)]
    answers = [browser.get(f"{portal}{page}") for page in pages]
    assert {answer.status_code for answer in answers} == {200}
    return "".join(
        b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()
        for answer in answers
    )


def test_a_deleted_order_of_a_recruit_is_not_named(
    merchant: Merchant, anna: Partner, ben: Partner, browser: Client, portal: str
) -> None:
    with tenancy.tenant(merchant.id):
        delete_order(merchant, ben.orders.get().id, reason="Carl cheated", actor=ACTOR)
    text = read(merchant, anna, browser, portal)
    assert "BENS-ORDER" not in text
    assert "Carl" not in text
    assert "Promised" in text


def test_to_whom_a_customer_of_a_recruit_went_is_not_said(
    merchant: Merchant, anna: Partner, ben: Partner, browser: Client, portal: str
) -> None:
    with tenancy.tenant(merchant.id):
        rival = PartnerFactory(name="Rivalia")
        eva = Customer.objects.get(external_id="c-eva")
        reattribute(eva, partner=rival, past="unpaid", reason="Carl cheated", actor=ACTOR)
    text = read(merchant, anna, browser, portal)
    assert "Rivalia" not in text
    assert "Carl" not in text


def test_why_a_recruit_lost_a_commission_is_not_said(
    merchant: Merchant, anna: Partner, ben: Partner, browser: Client, portal: str
) -> None:
    with tenancy.tenant(merchant.id):
        reject(ben.commissions.get(), reason="Carl cheated", actor=ACTOR)
    assert "Carl" not in read(merchant, anna, browser, portal)


def test_how_much_of_a_recruits_order_was_refunded_is_not_said(
    merchant: Merchant, anna: Partner, ben: Partner, browser: Client, portal: str
) -> None:
    with tenancy.tenant(merchant.id):
        refund("BENS-ORDER", 11_100)
    text = read(merchant, anna, browser, portal)
    assert "111.00" not in text
    assert "777.00" not in text
    assert "c-eva" not in text
