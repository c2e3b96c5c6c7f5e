"""Olga changes a rule, tries it on history, looks at old against new, and publishes it with a second click."""

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from affiliates.models import Partner
from jobs import work
from merchants import tenancy
from merchants.models import Merchant
from merchants.roles import Role
from rewards.terms import set_reward
from tests.factories import ACTOR
from tests.sales import sell

_ONCE = re.compile(r'name="once" value="([^"]+)"')


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def rule(merchant: Merchant, anna: Partner) -> str:
    """Anna's basic rule, 10 %, after two orders of 100.00."""
    with tenancy.tenant(merchant.id):
        for order in ("A-1", "A-2"):
            sell(anna, 10_000, order=order)
    return f"/m/acme/rules/partner/{anna.id}/{anna.id}/"


def tried(browser: Client, merchant: Merchant, rule: str, percent: str = "12.5") -> str:
    """The page of a trial that is done."""
    once = _ONCE.search(browser.get(rule).content.decode())
    assert once is not None
    form = {"event": "sale", "kind": "percentage", "tier_by": "orders", "tier_period": "month", "once": once[1]}
    address: str = browser.post(rule, form | {"percent": percent, "try_on_history": "1"}).headers["Location"]
    assert 'hx-trigger="every 2s"' in browser.get(address).content.decode()
    with tenancy.tenant(merchant.id):
        job = merchant.jobs.latest("created_at")
    work.run(merchant.id, job.id)
    return address


def publishes(browser: Client, address: str) -> Any:
    once = _ONCE.search(browser.get(f"{address}publish/").content.decode())
    assert once is not None
    return browser.post(f"{address}publish/", {"once": once[1]})


def test_old_against_new_and_then_the_second_click(
    browser: Client, merchant: Merchant, anna: Partner, rule: str
) -> None:
    address = tried(browser, merchant, rule)
    shown = browser.get(address).content.decode()
    assert "2 orders. 20.00 USD as it stands, 25.00 USD as proposed: 5.00 USD more." in shown
    assert "2 orders booked to the cent" in shown
    sheet = browser.get(f"{address}csv/").content.decode().splitlines()
    assert sheet[1] == "Total,,,USD,2,20.00,25.00,5.00"
    with tenancy.tenant(merchant.id):
        assert anna.rewards.count() == 1
        job = merchant.jobs.latest("created_at")
    assert job.file
    assert "5.00 USD more" in browser.get(f"{address}publish/").content.decode()
    assert publishes(browser, address).headers["Location"] == f"/m/acme/rules/partner/{anna.id}/"
    with tenancy.tenant(merchant.id):
        assert [str(version) for version in anna.rewards.order_by("number")] == ["v1 10 %", "v2 12.5 %"]
    again = publishes(browser, address)
    assert (again.status_code, "was changed after it was tried" in again.content.decode()) == (422, True)


def test_a_change_that_others_overtook_is_not_published(
    browser: Client, merchant: Merchant, anna: Partner, rule: str
) -> None:
    address = tried(browser, merchant, rule)
    with tenancy.tenant(merchant.id):
        set_reward(partner=anna, kind="percentage", percent=11, actor=ACTOR)
    assert publishes(browser, address).status_code == 422
    with tenancy.tenant(merchant.id):
        assert anna.rewards.count() == 2


def test_who_may_not_edit_rules_sees_no_trial(browser: Client, browser_of: Any, merchant: Merchant, rule: str) -> None:
    address = tried(browser, merchant, rule)
    assert browser_of(Role.SUPPORT).get(address).status_code == 403


def test_the_command_prints_the_same(merchant: Merchant, anna: Partner, rule: str) -> None:
    out = StringIO()
    call_command("backtest", merchant="acme", partner=anna.email, percent="12.5", stdout=out)
    assert "total: 2 orders, 20.00 USD as it stands, 25.00 USD as proposed, difference 5.00 USD" in out.getvalue()
    assert "2 orders are booked to the cent" in out.getvalue()
