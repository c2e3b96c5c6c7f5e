"""Olga and Ben have the same form open: the second is told who changed what, and overwrites only knowingly."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.coupons import create_coupon, update_coupon
from affiliates.models import Coupon, Partner
from affiliates.partners import update_partner
from merchants import tenancy
from merchants.audit import Actor
from merchants.models import Merchant
from rewards.terms import reward_at, set_reward

BEN = Actor(kind="user", name="Ben")
_INPUT = re.compile(r'<input[^>]*name="([\w-]+)"[^>]*value="([^"]*)"')


@pytest.fixture
def code(merchant: Merchant, anna: Partner) -> Coupon:
    """One that anybody may use for ever."""
    with tenancy.tenant(merchant.id):
        return create_coupon(partner=anna, code="WINTER", actor=BEN)


def hidden(page: str, *names: str) -> dict[str, str]:
    """What the form carries of itself."""
    values = dict(_INPUT.findall(page))
    return {name: values[name] for name in names}


def shown(browser: Client, address: str) -> str:
    return browser.get(address).content.decode()


def test_terms_that_somebody_else_set_meanwhile_are_named_before_they_are_replaced(
    browser: Client, merchant: Merchant, anna: Partner
) -> None:
    address = f"/m/acme/partners/{anna.id}/reward/"
    form: dict[str, Any] = {"reward-kind": "percentage", "reward-percent": "12"}
    form |= hidden(shown(browser, f"/m/acme/partners/{anna.id}/settings/"), "reward-version")
    with tenancy.tenant(merchant.id):
        set_reward(partner=anna, kind="percentage", percent=15, actor=BEN)
    answer = browser.post(address, form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Meanwhile Ben set it to “15% of the total”. Nothing is saved yet" in page
    again = browser.post(address, form | hidden(page, "reward-version"))
    assert again.status_code == 302
    with tenancy.tenant(merchant.id):
        terms = reward_at(anna, timezone.now())
        assert terms is not None
        assert terms.percent == 12


def test_a_partner_that_somebody_else_renamed_is_not_renamed_back_unseen(
    browser: Client, merchant: Merchant, anna: Partner
) -> None:
    address = f"/m/acme/partners/{anna.id}/settings/"
    form = {"name": "Anna B", "email": anna.email} | hidden(shown(browser, address), "seen")
    with tenancy.tenant(merchant.id):
        update_partner(anna, changes={"name": "Anna Ben"}, actor=BEN)
    answer = browser.post(address, form)
    assert answer.status_code == 422
    assert "Ben changed name to “Anna Ben”" in answer.content.decode()
    with tenancy.tenant(merchant.id):
        assert merchant.partners.get(id=anna.id).name == "Anna Ben"


def test_a_code_is_dated_and_limited_after_it_was_made(
    browser: Client, merchant: Merchant, anna: Partner, code: Coupon
) -> None:
    address = f"/m/acme/partners/{anna.id}/codes/{code.id}/"
    form = {"starts_at": "", "ends_at": "2031-01-01T12:00", "max_uses": "50"} | hidden(shown(browser, address), "seen")
    answer = browser.post(address, form, follow=True)
    assert "WINTER is saved." in answer.content.decode()
    assert "0 of 50" in answer.content.decode()
    # As it was typed, in the merchant's time.
    assert 'value="2031-01-01T12:00"' in shown(browser, address)
    with tenancy.tenant(merchant.id):
        update_coupon(code, changes={"max_uses": 70}, actor=BEN)
    answer = browser.post(address, form)
    assert answer.status_code == 422
    assert "Ben changed max_uses to “70”" in answer.content.decode()


def test_the_second_click_of_two_makes_no_second_code_and_sends_no_second_invitation(
    browser: Client, merchant: Merchant, anna: Partner
) -> None:
    address = f"/m/acme/partners/{anna.id}/codes/"
    form = {"coupon-code": "NEW10", "add_code": "1"} | hidden(shown(browser, address), "coupon-once")
    assert [browser.post(address, form).status_code for _ in range(2)] == [302, 302]
    team = {"email": "ina@example.com", "role": "viewer"} | hidden(shown(browser, "/m/acme/team/"), "once")
    assert [browser.post("/m/acme/team/", team).status_code for _ in range(2)] == [302, 302]
    key = {"name": "Shop", "scopes": ["track"]} | hidden(shown(browser, "/m/acme/keys/new/"), "once")
    assert [browser.post("/m/acme/keys/new/", key).status_code for _ in range(2)] == [200, 302]
    with tenancy.tenant(merchant.id):
        assert merchant.coupons.filter(code="NEW10").count() == 1
        assert merchant.audit_entries.filter(verb="staff.invite").count() == 1
        assert merchant.api_keys.filter(name="Shop").count() == 1


def test_the_whole_activity_is_read_page_by_page(browser: Client, merchant: Merchant, anna: Partner) -> None:
    with tenancy.tenant(merchant.id):
        for number in range(60):
            update_partner(anna, changes={"notes": f"note {number}"}, actor=BEN)
    address = f"/m/acme/partners/{anna.id}/activity/"
    page = shown(browser, address)
    assert "note 59" in page
    assert "note 3<" not in page
    older = re.search(r'hx-get="(\?before=[^"]+)"', page)
    assert older is not None
    rest = browser.get(address + older[1], headers={"HX-Request": "true", "HX-Target": "older"}).content.decode()
    assert rest.startswith("<tr")
    assert "note 3<" in rest
    assert "Load more" not in rest
