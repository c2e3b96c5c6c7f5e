"""Olga changes a rule, tries it on history, looks at old against new, and publishes it with a second click."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from affiliates.programs import delete_group
from jobs import work
from jobs.models import Job
from merchants import tenancy
from merchants.models import Merchant
from merchants.roles import Role
from rewards.details import Details
from rewards.terms import add_rule, reward_at, set_reward
from tests.backoffice.rules.forms import hidden, send
from tests.factories import ACTOR, GroupFactory, PartnerFactory
from tests.sales import sell


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def rule(merchant: Merchant, anna: Partner) -> str:
    """Anna's basic rule, 10%, after two orders of 100.00."""
    with tenancy.tenant(merchant.id):
        for order in ("A-1", "A-2"):
            sell(anna, 10_000, order=order)
    return f"/m/acme/rules/partner/{anna.id}/{anna.id}/"


def tried(browser: Client, merchant: Merchant, rule: str, percent: str = "12.5") -> str:
    """The page of a trial that is done."""
    address, job = begun(browser, merchant, rule, percent=percent)
    assert 'hx-trigger="every 2s"' in browser.get(address).content.decode()
    work.run(merchant.id, job.id)
    return address


def publishes(browser: Client, address: str) -> Any:
    return browser.post(f"{address}publish/", hidden(browser, f"{address}publish/"))


def test_old_against_new_and_then_the_second_click(
    browser: Client, merchant: Merchant, anna: Partner, rule: str
) -> None:
    address = tried(browser, merchant, rule)
    shown = browser.get(address).content.decode()
    assert "2 orders. $20.00 as it stands, $25.00 as proposed: $5.00 more." in shown
    assert "2 orders booked to the cent" in shown
    sheet = browser.get(f"{address}csv/").content.decode().splitlines()
    assert sheet[1] == "Total,,Partners who sold,USD,2,20.00,25.00,5.00"
    with tenancy.tenant(merchant.id):
        assert anna.rewards.count() == 1
        job = merchant.jobs.latest("created_at")
    assert job.file
    assert "$5.00 more" in browser.get(f"{address}publish/").content.decode()
    assert publishes(browser, address).headers["Location"] == f"/m/acme/rules/partner/{anna.id}/"
    with tenancy.tenant(merchant.id):
        assert [str(version) for version in anna.rewards.order_by("number")] == ["v1 10%", "v2 12.5%"]
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
    assert "total: 2 orders, $20.00 as it stands, $25.00 as proposed, difference $5.00" in out.getvalue()
    assert "2 orders booked to the cent" in out.getvalue()


def test_the_command_changes_or_ends_a_rule_by_its_name(merchant: Merchant, anna: Partner, rule: str) -> None:
    with tenancy.tenant(merchant.id):
        add_rule(partner=anna, kind="percentage", percent=20, details=Details(name="Large", order_from=5_000),
                 currency="USD", effective_from=timezone.now() + timedelta(days=9), actor=ACTOR)  # fmt: skip

    def said(**options: Any) -> str:
        out = StringIO()
        call_command("backtest", merchant="acme", partner=anna.email, stdout=out, **options)
        return out.getvalue()

    large = said(percent="5", rule="Large", currency="USD", details='{"name":"Large","order_from":5000}')
    assert "$20.00 as it stands, $10.00 as proposed, difference −$10.00" in large
    assert "$20.00 as it stands, $0.00 as proposed, difference −$20.00" in said(end=True)
    with pytest.raises(CommandError, match="is 0 rules"):
        said(end=True, rule="Small")
    with pytest.raises(CommandError, match="cannot be ended"):
        said(end=True, add=True)


def begun(browser: Client, merchant: Merchant, address: str, **typed: str) -> tuple[str, Job]:
    """A trial that nobody has worked on yet."""
    answer = send(browser, address, try_on_history="1", **{"percent": "12.5"} | typed)
    assert answer.status_code == 302, answer.content.decode()
    with tenancy.tenant(merchant.id):
        return answer.headers["Location"], merchant.jobs.latest("created_at")


def test_a_period_without_orders_and_a_change_that_changes_nothing_are_said(
    browser: Client, merchant: Merchant, rule: str
) -> None:
    address, job = begun(browser, merchant, rule, history_from="2020-01-01", history_to="2020-02-01")
    work.run(merchant.id, job.id)
    page = browser.get(address).content.decode()
    assert "No order of this period would be touched by the rule." in page
    assert "Nothing to compare" in page
    assert "By partner" not in page
    address = tried(browser, merchant, rule, percent="10")
    assert "It changes nothing: 2 orders would have earned the same." in browser.get(address).content.decode()


def test_a_trial_that_is_cancelled_or_fails_says_that_nothing_was_written(
    browser: Client, merchant: Merchant, anna: Partner, rule: str
) -> None:
    address, job = begun(browser, merchant, rule)
    page = browser.get(address).content.decode()
    assert "It begins as soon as a worker is free" in page
    assert browser.post(f"/m/acme/jobs/{job.id}/cancel/").status_code == 302
    page = browser.get(address).content.decode()
    assert "Cancelled before it was done, so there is nothing to compare" in page
    assert "Publish" not in page
    assert browser.get(f"{address}publish/").status_code == 404

    with tenancy.tenant(merchant.id):
        group = GroupFactory(program=anna.program, name="Short-lived")
    address, job = begun(browser, merchant, f"/m/acme/rules/group/{group.id}/new/")
    with tenancy.tenant(merchant.id):
        delete_group(group, actor=ACTOR)
    work.run(merchant.id, job.id)
    page = browser.get(address).content.decode()
    assert "There is no such group any more." in page
    assert "Nothing was written. It can be tried again from the start." in page
    assert browser.get(f"{address}csv/").status_code == 404


def test_a_rule_is_ended_after_its_end_was_tried(browser: Client, merchant: Merchant, anna: Partner, rule: str) -> None:
    ends = f"{rule}end/"
    answer = browser.post(ends, hidden(browser, ends) | {"try_on_history": "1"})
    address = answer.headers["Location"]
    with tenancy.tenant(merchant.id):
        job = merchant.jobs.latest("created_at")
    work.run(merchant.id, job.id)
    page = browser.get(address).content.decode()
    assert "Without 10% of the total" in page
    assert "$20.00 as it stands, $0.00 as proposed: $20.00 less." in page
    assert "End this rule?" in browser.get(f"{address}publish/").content.decode()
    with tenancy.tenant(merchant.id):
        assert reward_at(anna, timezone.now()) is not None, "trying ends nothing"
    assert publishes(browser, address).status_code == 302
    with tenancy.tenant(merchant.id):
        assert reward_at(anna, timezone.now()) is None


@pytest.fixture
def rob(merchant: Merchant, anna: Partner) -> Partner:
    """Anna's recruiter since long before she sold anything, of whom there is no rule yet."""
    with tenancy.tenant(merchant.id):
        made: Partner = PartnerFactory(name="Rob")
        Partner.objects.filter(id=anna.id).update(recruiter=made, recruited_at=timezone.now() - timedelta(days=900))
    return made


def test_levels_are_tried_and_then_published(
    browser: Client, merchant: Merchant, anna: Partner, rob: Partner, rule: str
) -> None:
    program = f"/m/acme/rules/program/{anna.program_id}/"
    answer = browser.post(
        f"{program}recruiting/",
        hidden(browser, f"{program}recruiting/") | {"levels": "10, 5", "try_on_history": "1"},
    )
    address = answer.headers["Location"]
    with tenancy.tenant(merchant.id):
        assert not merchant.reward_versions.filter(levels__gt=0).exists(), "trying sets nothing"
        job = merchant.jobs.latest("created_at")
    work.run(merchant.id, job.id)
    page = browser.get(address).content.decode()
    assert "10% of what their recruits earn, 5% at level 2. Tried on what recruits earned from" in page
    assert "2 commissions of recruits. $0.00 as it stands, $2.00 as proposed: $2.00 more." in page
    assert "2 commissions of recruits shared to the cent" in page
    sheet = browser.get(f"{address}csv/").content.decode().splitlines()
    assert sheet[0] == "Of,Group,Name,Currency,Commissions of recruits,As it stands,As proposed,Difference"
    assert "Partner,,Rob,USD,2,0.00,2.00,2.00" in sheet
    assert publishes(browser, address).status_code == 302
    with tenancy.tenant(merchant.id):
        (version,) = merchant.reward_versions.filter(levels=2)
    # A change of it, and its end, can be tried as well.
    edit = browser.get(f"{program}{version.rule}/recruiting/").content.decode()
    assert 'name="try_on_history"' in edit
    ends = f"{program}{version.rule}/end/"
    answer = browser.post(ends, hidden(browser, ends) | {"try_on_history": "1"})
    assert "Without 10% of what their recruits earn" in browser.get(answer.headers["Location"]).content.decode()
    wrong = browser.post(
        f"{program}recruiting/",
        hidden(browser, f"{program}recruiting/")
        | {"levels": "10", "try_on_history": "1", "history_from": "2026-05-01", "history_to": "2026-04-01"},
    )
    assert (wrong.status_code, "The period ends before it begins" in wrong.content.decode()) == (422, True)


def test_a_rule_for_sales_is_tried_with_what_recruiters_have_of_it(
    browser: Client, merchant: Merchant, anna: Partner, rob: Partner, rule: str
) -> None:
    with tenancy.tenant(merchant.id):
        add_rule(
            program=anna.program, kind="percentage", percent=10, details=Details(event="recruit"),
            effective_from=timezone.now() - timedelta(days=800), actor=ACTOR,
        )  # fmt: skip
        sell(anna, 10_000, order="A-3")
    address = tried(browser, merchant, rule, percent="20")
    page = browser.get(address).content.decode()
    # Three times 10.00 and 20.00, and a tenth of it for Rob.
    assert ("3 orders. $33.00 as it stands, $66.00 as proposed: $33.00 more, with $3.00 more for recruiters.") in page
    # The first two were recorded before there was a rule for recruiters.
    assert "1 order booked to the cent" in page
    assert "2 were decided by rules that were not the same then" in page
    sheet = browser.get(f"{address}csv/").content.decode().splitlines()
    assert sheet[1:4] == [
        "Total,,Partners who sold,USD,3,30.00,60.00,30.00",
        "Total,,Recruiters,USD,3,3.00,6.00,3.00",
        "Total,,Together,USD,3,33.00,66.00,33.00",
    ]
    assert "recruiters earn on these" not in page
    out = StringIO()
    call_command("backtest", merchant="acme", partner=anna.email, percent="20", stdout=out)
    assert "recruiters: 3 orders, $3.00 as it stands, $6.00 as proposed, difference $3.00" in out.getvalue()
    details = '{"event": "recruit", "deeper": [5]}'
    call_command(
        "backtest", merchant="acme", program=anna.program.name, percent="30", details=details, add=True, stdout=out
    )
    assert "Rob: 3 commissions of recruits, $3.00 as it stands, $9.00 as proposed" in out.getvalue()
