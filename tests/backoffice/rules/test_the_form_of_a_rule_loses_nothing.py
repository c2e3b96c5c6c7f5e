"""What is typed into the form of a rule stays: beside a sentence that refuses it, and while tiers come and go."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from merchants import tenancy
from merchants.audit import Actor
from merchants.models import Merchant
from rewards.details import Details, Tier
from rewards.models import RewardVersion
from rewards.terms import add_rule, set_reward
from tests.backoffice.rules.forms import PLAIN, hidden, send, shown
from tests.factories import ACTOR
from tests.rewards.rules import tier

BEN = Actor(kind="user", name="Ben", id=ACTOR.id)
_TWO = {"start_1": "10", "rate_1": "12", "start_2": "50", "rate_2": "15"}


@pytest.fixture
def rules(merchant: Merchant, anna: Partner) -> str:
    """The address of the program's rules."""
    return f"/m/acme/rules/program/{anna.program_id}/"


def rows(page: str) -> list[tuple[str, str]]:
    """The tiers that stand in the form."""
    values = dict(re.findall(r'name="((?:start|rate)_\d+)"(?: value="([^"]*)")?', page))
    numbers = sorted(int(name[6:]) for name in values if name.startswith("start_"))
    return [(values[f"start_{number}"], values[f"rate_{number}"]) for number in numbers]


def tiers(count: int) -> dict[str, str]:
    return {f"{what}_{n}": str(n if what == "start" else 10) for n in range(1, count + 1) for what in ("start", "rate")}


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({}, "percent", "Give the percentage"),
        ({"percent": "101"}, "percent", "less than or equal to 100"),
        ({"percent": "-1"}, "percent", "greater than or equal to 0"),
        ({"percent": "1.23456"}, "percent", "no more than 4 decimal places"),
        ({"percent": "NaN"}, "percent", "Enter a number"),
        ({"kind": "half"}, "kind", "Select a valid choice"),
        ({"kind": "fixed"}, "amount", "Give the amount"),
        ({"kind": "fixed", "amount": "5.001"}, "amount", "at most 2 decimals"),
        ({"kind": "fixed", "amount": "20.00", "order_from": "10.00"}, "amount", "more than the smallest order"),
        ({"kind": "fixed", "amount": "20.00", "order_to": "10.00"}, "amount", "more than the largest order"),
        ({"kind": "fixed", "amount": "1", "order_from": "9", "start_1": "5", "rate_1": "10"}, "rate_1", "smallest"),
        ({"percent": "5", "minimum": "20", "order_from": "10"}, "minimum", "more than the smallest order"),
        ({"percent": "5", "minimum": "3.00", "cap_order": "2.00"}, "cap_order", "Let a cap be at least the minimum"),
        ({"percent": "5", "minimum": "3.00", "maximum": "2.00"}, "maximum", "be at least the minimum"),
        ({"percent": "5", "order_from": "30.00", "order_to": "20.00"}, "order_to", "be at least the smallest"),
        ({"percent": "5", **_TWO, "start_2": "10"}, "start_2", "start later than"),
        ({"percent": "5", **_TWO, "start_2": "5"}, "start_2", "start later than"),
        ({"percent": "5", "start_1": "many", "rate_1": "15"}, "start_1", "Enter a whole number"),
        ({"percent": "5", "start_1": "1.5", "rate_1": "15"}, "start_1", "Enter a whole number"),
        ({"percent": "5", "start_1": "0", "rate_1": "15"}, "start_1", "greater than or equal to 1"),
        ({"percent": "5", "start_1": "5", "rate_1": "101"}, "rate_1", "less than or equal to 100"),
        ({"percent": "5", "start_1": "5"}, "rate_1", "Say what this tier pays"),
        ({"percent": "5", "rate_1": "5"}, "start_1", "Say from where on"),
        ({"percent": "5", "tier_by": "revenue", "start_1": "5.001", "rate_1": "1"}, "start_1", "at most 2 decimals"),
        ({"percent": "5", **tiers(21)}, "start_21", "Keep to 20 tiers"),
        ({"percent": "5", "event": "lead"}, "kind", "set a fixed amount"),
        ({"kind": "fixed", "amount": "5", "event": "lead", "currency": "EUR"}, "currency", "rewarded in USD"),
        ({"kind": "fixed", "amount": "5", "currency": "XXX"}, "currency", "Select a valid choice"),
        ({"percent": "5", "countries": "Germany"}, "countries", "two letters"),
        ({"percent": "5", "metadata": "plan"}, "metadata", "key=value"),
        ({"percent": "5", "product_keys": "k" * 5_000}, "product_keys", "at most 4000 characters"),
        ({"percent": "5", "product_keys": "k" * 3_000}, "product_keys", "to 200 characters"),
        ({"percent": "5", "name": "n" * 101}, "name", "at most 100 characters"),
        ({"percent": "5", "first_orders": "0"}, "first_orders", "greater than or equal to 1"),
        ({"percent": "5", "effective_from": "0001-01-01T00:00"}, "effective_from", "in the years 1970"),
        ({"percent": "5", "effective_from": "soon"}, "effective_from", "Enter a valid date"),
        ({"percent": "5", "history_from": "2026-02-01", "history_to": "2026-01-01"}, "history_from", "ends before"),
        ({"percent": "5", "history_to": "9999-12-31"}, "history_to", "less than or equal to"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(
    browser: Client, rules: str, typed: dict[str, str], field: str, said: str
) -> None:
    dates = {"try_on_history": "1"} if any(name.startswith("history") for name in typed) else {}
    answer = send(browser, f"{rules}new/", notes="", **{"cap_month": "77.70"} | typed | dates)
    page = answer.content.decode()
    assert answer.status_code == 422
    beside = re.findall(rf'id="{field}-error">.*?</span>', page, re.DOTALL)
    assert any(said in sentence for sentence in beside), beside or re.findall(r'-error">.*?</span>', page, re.DOTALL)
    assert 'value="77.70"' in page, "what was typed elsewhere stays"


def test_ten_megabytes_are_refused_before_they_are_read(browser: Client, rules: str) -> None:
    answer = browser.post(f"{rules}new/", PLAIN | {"percent": "5", "product_keys": "k" * 10_000_000})
    assert answer.status_code == 400
    assert 'maxlength="4000"' in shown(browser, f"{rules}new/"), "no browser sends so much"


def test_rows_of_tiers_come_and_go_without_script_and_keep_what_was_typed(browser: Client, rules: str) -> None:
    address = f"{rules}new/"
    typed = PLAIN | hidden(browser, address) | {"percent": "nonsense", "name": "Climbing", "without_tax": "on"}
    assert rows(shown(browser, address)) == []
    one = browser.post(address, typed | {"add_tier": "1"})
    assert (one.status_code, rows(one.content.decode())) == (200, [("", "")])
    page = browser.post(address, typed | _TWO | {"add_tier": "1"}).content.decode()
    assert rows(page) == [("10", "12"), ("50", "15"), ("", "")]
    assert 'value="nonsense"' in page
    assert 'value="Climbing"' in page
    assert re.search(r'name="without_tax"[^>]* checked', page)
    assert re.search(r'name="start_3"[^>]* autofocus', page)
    assert "-error" not in page, "nothing is checked before it is sent"
    assert typed["once"] in page
    page = browser.post(address, typed | _TWO | {"drop_tier": "1"}).content.decode()
    assert rows(page) == [("50", "15")]
    assert rows(browser.post(address, typed | tiers(20) | {"add_tier": "1"}).content.decode())[20:] == []


def test_with_script_only_the_tiers_come_back(browser: Client, rules: str) -> None:
    asks = {"HX-Request": "true", "HX-Target": "tiers"}
    answer = browser.post(f"{rules}new/", PLAIN | _TWO | {"add_tier": "1"}, headers=asks)
    part = answer.content.decode().strip()
    assert part.startswith('<div class="stack" id="tiers">')
    assert rows(part) == [("10", "12"), ("50", "15"), ("", "")]
    drawn = browser.post(
        f"{rules}new/", PLAIN | _TWO | {"tier_by": "revenue", "draw_tiers": "1"}, headers=asks
    ).content.decode()
    assert '<span class="faint" aria-hidden="true">USD</span>' in drawn, "revenue has a currency"


def test_twenty_tiers_are_kept_and_read_again(browser: Client, merchant: Merchant, rules: str) -> None:
    assert send(browser, f"{rules}new/", percent="5", **tiers(20)).status_code == 302
    with tenancy.tenant(merchant.id):
        version = RewardVersion.objects.get(rule__isnull=False)
        assert len(version.more().tiers) == 20
    page = shown(browser, f"{rules}{version.rule}/")
    assert rows(page)[19] == ("20", "10")
    assert "20 tiers are the most" in page


def test_yen_and_dinars_keep_their_decimals(browser: Client, merchant: Merchant, rules: str) -> None:
    yen = {
        "kind": "fixed",
        "amount": "500",
        "currency": "JPY",
        "tier_by": "revenue",
        "start_1": "10000",
        "rate_1": "700",
    }
    assert send(browser, f"{rules}new/", **yen).status_code == 302
    dinars = {"kind": "fixed", "amount": "0.125", "currency": "KWD", "order_from": "1.500"}
    assert send(browser, f"{rules}new/", **dinars).status_code == 302
    page = shown(browser, rules)
    assert "¥500 for each order, ¥700 from ¥10,000 of revenue of the month" in page
    assert "0.125 KWD for each order on orders from 1.500 KWD" in page
    with tenancy.tenant(merchant.id):
        rule = RewardVersion.objects.get(currency="JPY").rule
    page = shown(browser, f"{rules}{rule}/")
    assert rows(page) == [("10000", "700")]
    assert '<option value="JPY" selected>' in page


def test_values_with_commas_in_them_survive_an_edit(
    browser: Client, merchant: Merchant, anna: Partner, rules: str
) -> None:
    said = Details(product_keys=("tea, green", 'say "hi"', "cup"), metadata={"note": "a, b", "plan": "x=y"})
    with tenancy.tenant(merchant.id):
        rule = add_rule(program=anna.program, kind="percentage", percent=5, details=said, actor=ACTOR).rule
    address = f"{rules}{rule}/"
    values = {
        name: html.unescape(value)
        for name, value in re.findall(r'name="(product_keys|metadata)" value="([^"]*)"', shown(browser, address))
    }
    assert values["product_keys"] == '"tea, green", "say ""hi""", cup'
    assert send(browser, address, percent="6", **values).status_code == 302
    with tenancy.tenant(merchant.id):
        assert RewardVersion.objects.get(rule=rule, number=2).more() == said


def test_who_saved_meanwhile_is_named_and_saving_again_replaces_it(
    browser: Client, merchant: Merchant, anna: Partner, rules: str
) -> None:
    with tenancy.tenant(merchant.id):
        rule = add_rule(program=anna.program, kind="percentage", percent=5, actor=ACTOR).rule
    address = f"{rules}{rule}/"
    olgas = PLAIN | hidden(browser, address) | {"percent": "7"}
    with tenancy.tenant(merchant.id):
        set_reward(program=anna.program, rule=rule, kind="percentage", percent=6, actor=BEN)
    answer = browser.post(address, olgas)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Meanwhile Ben set it to “6% of the total”. Nothing is saved yet" in page
    assert 'value="7"' in page
    assert browser.post(address, olgas).status_code == 422, "the old form still knows nothing of it"
    again = re.search(r'name="version" value="(\d+)"', page)
    assert again is not None
    saved = olgas | {"version": again[1]}
    # The second click of two finds the first one's version, and is no third one.
    assert [browser.post(address, saved).status_code for _ in range(2)] == [302, 302]
    with tenancy.tenant(merchant.id):
        versions = RewardVersion.objects.filter(rule=rule).order_by("number")
        assert [version.percent for version in versions] == [5, 6, 7]


def test_versions_to_come_and_an_end_are_told_before_something_is_set(
    browser: Client, merchant: Merchant, anna: Partner, rules: str
) -> None:
    later: Any = {"effective_from": timezone.now() + timedelta(days=40)}
    with tenancy.tenant(merchant.id):
        rule = add_rule(program=anna.program, kind="percentage", percent=5, actor=ACTOR).rule
        set_reward(program=anna.program, rule=rule, kind="percentage", percent=8, actor=ACTOR, **later)
    page = shown(browser, f"{rules}{rule}/")
    assert "Version 2 takes effect on" in page
    assert "What you set from an earlier moment on holds until then" in page


def test_tiers_of_the_other_kind_survive_an_edit(
    browser: Client, merchant: Merchant, anna: Partner, rules: str
) -> None:
    said = Details(tiers=(tier(5, "12.5"), Tier(9, amount=700)))
    with tenancy.tenant(merchant.id):
        rule = add_rule(
            program=anna.program, kind="percentage", percent=5, currency="USD", details=said, actor=ACTOR
        ).rule
    page = shown(browser, f"{rules}{rule}/")
    assert rows(page) == [("5", "12.5"), ("9", "7.00 USD")]
    typed = {"start_1": "5", "rate_1": "12.5", "start_2": "9", "rate_2": "7.00 USD"}
    assert send(browser, f"{rules}{rule}/", percent="6", **typed).status_code == 302
    fixed = {"kind": "fixed", "amount": "1.00", "start_1": "5", "rate_1": "12.5 %", "start_2": "9", "rate_2": "7"}
    assert send(browser, f"{rules}{rule}/", minimum="3.00", **fixed).status_code == 302, "what is hidden is not sent on"
    with tenancy.tenant(merchant.id):
        found = [version.more() for version in RewardVersion.objects.filter(rule=rule).order_by("number")]
    assert [each.tiers for each in found] == [said.tiers] * 3
    assert found[2].minimum is None
