"""Olga promises something for targets, sees how far everybody is, and ends it; partners see their own part."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from affiliates.partners import set_password
from bonuses import reaching
from bonuses.models import Bonus, Rung
from bonuses.plans import create_bonus
from jobs import work
from merchants import tenancy
from merchants.models import Merchant
from stats import rollup
from tests.factories import ACTOR, PASSWORD, PartnerFactory
from tracking import ingest
from tracking.events import Refund, Sale
from tracking.refunds import record_refund

_ONCE = re.compile(r'name="once" value="([^"]+)"')
AT = "/m/acme/bonuses/"


def form_of(browser: Client, anna: Partner, **typed: Any) -> dict[str, Any]:
    once = _ONCE.search(browser.get(f"{AT}new/").content.decode())
    assert once is not None
    return {
        "once": once[1], "rows": 5, "whose": f"program:{anna.program_id}", "name": "Spring", "measure": "orders",
        "period": "month", "currency": "USD", "target_1": "2", "amount_1": "150.00", "target_2": "1,000",
        "amount_2": "250",
    } | typed  # fmt: skip


def sold(merchant: Merchant, partner: Partner, number: int) -> None:
    """So many orders of this moment, and what the workers make of them."""
    with tenancy.tenant(merchant.id):
        sales = [Sale(order_id=f"{partner.name}-{n}", amount=5_000, currency="USD", partner=str(partner.id))
                 for n in range(number)]  # fmt: skip
        assert all(outcome.error is None for outcome in ingest.record(sales, actor=ACTOR))
        while rollup.refresh() or reaching.settle():
            pass


@pytest.fixture
def spring(merchant: Merchant, anna: Partner) -> Bonus:
    """2 orders in a month pay $150.00, 5 another $250.00."""
    with tenancy.tenant(merchant.id):
        return create_bonus(
            program=anna.program, name="Spring", measure="orders", period="month", currency="USD",
            ladder=[Rung(2, 15_000), Rung(5, 25_000)], actor=ACTOR,
        )  # fmt: skip


def test_a_bonus_is_made_with_a_form_and_stands_in_the_list(browser: Client, merchant: Merchant, anna: Partner) -> None:
    assert "No bonuses yet" in browser.get(AT).content.decode()
    answer = browser.post(f"{AT}new/", typed := form_of(browser, anna))
    with tenancy.tenant(merchant.id):
        bonus = merchant.bonuses.get()
        assert (bonus.rungs, bonus.starts_on) == ([Rung(2, 15_000), Rung(1_000, 25_000)], timezone.now().date())
    assert answer.headers["Location"] == f"{AT}{bonus.id}/"
    assert browser.post(f"{AT}new/", typed).headers["Location"] == f"{AT}{bonus.id}/", "the second click"
    page = browser.get(AT).content.decode()
    assert "2 orders in a month pay $150.00, 1,000 another $250.00" in page
    assert "Running" in page
    assert "Spring" not in browser.get(f"{AT}?status=planned").content.decode()


def test_more_rows_come_without_script_and_keep_what_was_typed(browser: Client, anna: Partner) -> None:
    answer = browser.post(f"{AT}new/", form_of(browser, anna, more="1", name="Half-ty", target_1="abc"))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'name="target_10"' in page
    assert 'value="Half-ty"' in page
    assert 'value="abc"' in page
    assert 'role="alert"' not in page
    filled = {f"target_{n}": n for n in range(1, 11)} | {f"amount_{n}": n for n in range(1, 11)}
    assert browser.post(f"{AT}new/", form_of(browser, anna, rows=10, **filled)).status_code == 302


@pytest.mark.parametrize(
    ("typed", "sentence", "field"),
    [
        ({"target_2": "2"}, "Each target must be higher", "target_2"),
        ({"target_2": "2.5"}, "Give a whole number", "target_2"),
        ({"amount_2": ""}, "Give what it pays.", "amount_2"),
        ({"target_2": ""}, "Give the target.", "target_2"),
        ({"amount_1": "0"}, "Give what reaching the target pays.", "amount_1"),
        ({"amount_1": "1.505"}, "with at most 2 decimals", "amount_1"),
        ({"currency": "JPY", "amount_1": "1.5"}, "without decimals", "amount_1"),
        ({"measure": "revenue", "currency": "KWD", "target_1": "1.2345"}, "with at most 3 decimals", "target_1"),
        ({"period": "once"}, "Give the last day", "ends_on"),
        ({"starts_on": "2020-01-01"}, "never reaches back", "starts_on"),
        ({"ends_on": "2020-01-01"}, "ends before it begins", "ends_on"),
        ({"whose": "program:00000000-0000-0000-0000-000000000000"}, "Select a valid choice", "whose"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(
    browser: Client, anna: Partner, typed: dict[str, Any], sentence: str, field: str
) -> None:
    answer = browser.post(f"{AT}new/", form_of(browser, anna, **typed))
    page = answer.content.decode()
    assert answer.status_code == 422
    error = re.search(rf'<span class="error" id="{field}-error">.*?</svg>(.*?)</span>', page, re.DOTALL)
    assert error is not None, page
    assert sentence in error[1]


def test_another_that_counts_the_same_is_refused_and_one_of_their_own_is_not(
    browser: Client, merchant: Merchant, anna: Partner, spring: Bonus
) -> None:
    answer = browser.post(f"{AT}new/", form_of(browser, anna, name="Second"))
    assert answer.status_code == 422
    assert "has Spring, which counts orders" in answer.content.decode()
    assert f'value="partner:{anna.id}"' in browser.get(f"{AT}new/?partner={anna.id}").content.decode()
    own = browser.post(f"{AT}new/", form_of(browser, anna, name="Own", whose=f"partner:{anna.id}"))
    assert own.status_code == 302
    with tenancy.tenant(merchant.id):
        assert merchant.bonuses.get(name="Own").partner_id == anna.id


def test_everybody_is_shown_by_how_far_they_are_and_as_a_file(
    browser: Client, merchant: Merchant, anna: Partner, spring: Bonus, tasks_at_once: None
) -> None:
    with tenancy.tenant(merchant.id):
        ben = PartnerFactory(name="Ben", email="ben@example.com")
    sold(merchant, anna, 2)
    sold(merchant, ben, 5)
    page = browser.get(f"{AT}{spring.id}/").content.decode()
    assert page.index(">Ben<") < page.index(">Anna<")
    assert "3 more orders" in page
    assert "All reached" in page
    assert "$550.00" in page, "3 targets: 150.00 twice and 250.00"
    rows = list(csv.DictReader(io.StringIO(browser.get(f"{AT}progress.csv?bonus={spring.id}").getvalue().decode())))
    found = {row["partner"]: (row["reached"], row["next_target"], row["targets_reached"], row["given"]) for row in rows}
    assert found == {"Anna": ("2", "5", "1", "150.00"), "Ben": ("5", "", "2", "400.00")}
    assert browser.get(f"{AT}progress.csv?bonus={spring.id}&period=2020-01-01").getvalue().decode().count("\n") == 1
    browser.post(f"{AT}progress.xlsx?bonus={spring.id}")
    with tenancy.tenant(merchant.id):
        job = merchant.jobs.get()
    work.run(merchant.id, job.id)
    with tenancy.tenant(merchant.id):
        job.refresh_from_db()
        assert job.status == "done", job.error
    tab = browser.get(f"/m/acme/partners/{anna.id}/bonuses/").content.decode()
    assert "3 more orders until $250.00" in tab
    assert "$150.00" in tab


def test_it_is_renamed_and_ended_and_keeps_what_was_reached(
    browser: Client, merchant: Merchant, anna: Partner, spring: Bonus
) -> None:
    sold(merchant, anna, 2)
    at = f"{AT}{spring.id}/"
    form = browser.get(f"{at}edit/").content.decode()
    seen = re.search(r'name="seen" value="([^"]+)"', form)
    assert seen is not None
    assert 'name="target_1"' not in form
    assert browser.post(f"{at}edit/", {"seen": seen[1], "name": "Renamed"}).headers["Location"] == at
    assert "it instead" in browser.post(f"{at}delete/").content.decode()
    assert "End Renamed today?" in browser.get(f"{at}end/").content.decode()
    assert browser.post(f"{at}end/").headers["Location"] == at
    with tenancy.tenant(merchant.id):
        assert merchant.bonuses.get().ends_on == timezone.now().date()
        assert anna.commissions.filter(order=None).get().amount == 15_000


def test_before_it_begins_it_is_changed_and_deleted(browser: Client, merchant: Merchant, anna: Partner) -> None:
    begins = timezone.now().date() + timedelta(days=5)
    browser.post(f"{AT}new/", form_of(browser, anna, starts_on=begins.isoformat()))
    with tenancy.tenant(merchant.id):
        bonus = merchant.bonuses.get()
    at = f"{AT}{bonus.id}/"
    form = browser.get(f"{at}edit/").content.decode()
    assert 'value="1000"' in form
    seen = re.search(r'name="seen" value="([^"]+)"', form)
    assert seen is not None
    typed = form_of(browser, anna, seen=seen[1], starts_on=begins.isoformat(), target_1="3", target_2="", amount_2="")
    assert browser.post(f"{at}edit/", typed).headers["Location"] == at
    with tenancy.tenant(merchant.id):
        assert merchant.bonuses.get().rungs == [Rung(3, 15_000)]
    assert "Delete Spring?" in browser.get(f"{at}delete/").content.decode()
    assert browser.post(f"{at}delete/").headers["Location"] == AT
    with tenancy.tenant(merchant.id):
        assert not merchant.bonuses.exists()


def test_a_commission_of_a_target_is_listed_explained_and_decided_like_any_other(
    browser: Client, merchant: Merchant, anna: Partner, spring: Bonus
) -> None:
    sold(merchant, anna, 2)
    with tenancy.tenant(merchant.id):
        given = anna.commissions.get(order=None)
    at = f"/m/acme/commissions/{given.id}/"
    assert "Bonus: Spring" in browser.get("/m/acme/commissions/").content.decode()
    rows = list(csv.DictReader(io.StringIO(browser.get("/m/acme/commissions.csv").getvalue().decode())))
    assert [row["working"] for row in rows if not row["order"]] == [given.explanation["working"]]
    page = browser.get(at).content.decode()
    assert "reached the target of 2: $150.00" in page
    assert "in case orders are returned" in page
    with tenancy.tenant(merchant.id):
        record_refund(Refund(order_id="Anna-0", refund_id="r"), actor=ACTOR)
        while rollup.refresh() or reaching.settle():
            pass
    page = browser.get(at).content.decode()
    assert "Below target by bonuses" in page
    assert re.search(r": 1 order (from|on|in) .*: below 2", page)


def test_the_partner_sees_how_far_they_are(merchant: Merchant, anna: Partner, spring: Bonus) -> None:
    with tenancy.tenant(merchant.id):
        set_password(anna, password=PASSWORD, actor=ACTOR)
    client, portal = Client(), f"/p/{anna.portal_code}/"
    client.post(f"{portal}sign-in/", {"email": anna.email, "password": PASSWORD})
    page = client.get(portal).content.decode()
    assert "0 orders" in page
    assert "2 more orders until $150.00" in page
    sold(merchant, anna, 3)
    page = client.get(portal).content.decode()
    assert "2 more orders until $250.00" in page
    assert page.count("Reached: ") == 1
    with tenancy.tenant(merchant.id):
        given = anna.commissions.get(order=None)
        record_refund(Refund(order_id="Anna-0", refund_id="r"), actor=ACTOR)
        record_refund(Refund(order_id="Anna-1", refund_id="r"), actor=ACTOR)
        while rollup.refresh() or reaching.settle():
            pass
    assert "Bonus: Spring" in client.get(f"{portal}earnings/").content.decode()
    page = client.get(f"{portal}earnings/{given.id}/").content.decode()
    assert "The target is not reached any more" in page
    assert re.search(r"3 orders (from|on|in) .* reached the target of 2: \$150\.00", page)


def test_without_a_bonus_the_portal_says_nothing_of_targets(merchant: Merchant, anna: Partner) -> None:
    with tenancy.tenant(merchant.id):
        set_password(anna, password=PASSWORD, actor=ACTOR)
    client, portal = Client(), f"/p/{anna.portal_code}/"
    client.post(f"{portal}sign-in/", {"email": anna.email, "password": PASSWORD})
    assert "Your targets" not in client.get(portal).content.decode()
