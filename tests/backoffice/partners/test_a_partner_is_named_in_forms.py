"""Whoever names a partner in a form types an e-mail or a code, and is shown whom the first letters find."""

from uuid import uuid4

import pytest
from django.test import Client

from affiliates.coupons import create_coupon
from affiliates.models import Partner, PartnerStatus
from affiliates.partners import create_partner
from merchants import tenancy
from merchants.models import Merchant
from tests.factories import ACTOR, PartnerFactory

pytestmark = pytest.mark.django_db

OPTIONS = "/m/acme/partners/options/"
NEW = "/m/acme/commissions/new/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def clara(merchant: Merchant) -> Partner:
    with tenancy.tenant(merchant.id):
        made = create_partner(
            name="Clara Egan", email="clara@example.com", actor=ACTOR,
            status=PartnerStatus.APPROVED,
        )  # fmt: skip
        create_coupon(partner=made, code="EGAN15", actor=ACTOR)
    return made


def give(browser: Client, to: str) -> int:
    form = {"once": str(uuid4()), "partner": to, "amount": "5.00", "currency": "USD", "reason": "A talk"}
    return browser.post(NEW, form).status_code


@pytest.mark.parametrize("typed", ["cla", "ega", "egan1", "CLARA@ex", "clara egan"])
def test_a_name_an_address_or_a_code_is_found_by_its_first_letters(browser: Client, clara: Partner, typed: str) -> None:
    # The field that asks has a name of its own: recruiter, partner.
    answer = browser.get(OPTIONS, {"recruiter": typed}, headers=HTMX).content.decode()
    assert answer == '<option value="clara@example.com">Clara Egan</option>'


@pytest.mark.parametrize("typed", ["", "c", "zzz"])
def test_what_finds_nobody_or_everybody_suggests_nobody(browser: Client, clara: Partner, typed: str) -> None:
    assert browser.get(OPTIONS, {"partner": typed}, headers=HTMX).content == b""
    assert browser.get(OPTIONS, headers=HTMX).content == b""


def test_whoever_opens_the_suggestions_is_led_to_the_list(browser: Client, clara: Partner) -> None:
    assert "Clara Egan" in browser.get(OPTIONS, {"partner": "clara"}, follow=True).content.decode()


def test_another_merchants_partner_is_neither_suggested_nor_taken(
    browser: Client, clara: Partner, other_merchant: Merchant
) -> None:
    with tenancy.tenant(other_merchant.id):
        PartnerFactory(name="Olga Other", email="olga@example.com")
    assert browser.get(OPTIONS, {"partner": "olga"}, headers=HTMX).content == b""
    assert give(browser, "olga@example.com") == 422


def test_an_address_and_a_code_name_the_same_partner(browser: Client, merchant: Merchant, clara: Partner) -> None:
    assert give(browser, " Clara@Example.com ") == 302
    assert give(browser, "egan15") == 302
    assert give(browser, "Clara") == 422, "a name may be that of several"
    with tenancy.tenant(merchant.id):
        assert [row.partner_id for row in merchant.commissions.all()] == [clara.id] * 2


def test_what_was_typed_is_kept_and_the_list_is_there(browser: Client, clara: Partner) -> None:
    form = {"once": str(uuid4()), "partner": "nobody", "amount": "5.00", "currency": "USD", "reason": "A talk"}
    page = browser.post(NEW, form).content.decode()
    assert "There is no partner with the e-mail or coupon code nobody." in page
    assert 'value="nobody"' in page
    assert 'list="partner-options"' in page
    assert page.count('<datalist id="partner-options"') == 1
