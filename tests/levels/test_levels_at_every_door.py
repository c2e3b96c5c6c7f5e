"""Recruiting through the pages and the API, and how little a recruiter reads of a recruit's sale."""

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from affiliates.partners import set_password
from affiliates.programs import default_program, update_applications
from merchants import tenancy
from merchants.models import Merchant, User
from stats.rollup import refresh
from tests.backoffice.rules.forms import hidden
from tests.factories import ACTOR, PASSWORD, ApiKeyFactory, CustomerFactory, PartnerFactory
from tests.levels.conftest import pays_recruiters, sells
from tests.sales import give_ten_percent, refund

pytestmark = pytest.mark.django_db
_ONCE = re.compile(r'name="once" value="([^"]+)"')


@pytest.fixture
def staff(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def rob(merchant: Merchant, partner: Partner) -> Partner:
    """Anna's recruiter, with a password; she has ten percent."""
    with tenancy.tenant(merchant.id):
        made: Partner = PartnerFactory(name="Rob", email="rob@example.com")
        set_password(made, password=PASSWORD, actor=ACTOR)
        give_ten_percent(partner)
    return made


def portal_of(partner: Partner, path: str = "") -> str:
    client = Client()
    client.post(f"/p/{partner.portal_code}/sign-in/", {"email": partner.email, "password": PASSWORD})
    answer = client.get(f"/p/{partner.portal_code}/{path}")
    return b"".join(answer).decode()


def test_staff_set_levels_name_a_recruiter_and_read_what_came_of_it(
    merchant: Merchant, staff: Client, partner: Partner, rob: Partner
) -> None:
    program = f"/m/acme/rules/program/{partner.program_id}/"
    page = staff.get(f"{program}recruiting/").content.decode()
    once = _ONCE.search(page)
    assert once is not None
    form = {"once": once[1], "levels": "10, 5; 2.5", "name": "Recruiting"}
    wrong = staff.post(f"{program}recruiting/", form | {"levels": "10, many"})
    assert wrong.status_code == 422
    assert "Give each level a percentage" in wrong.content.decode()
    too_much = staff.post(f"{program}recruiting/", form | {"levels": "60, 50"}).content.decode()
    assert "The levels come to 110% of what a recruit earns together" in too_much
    assert 'value="60, 50"' in too_much
    assert staff.post(f"{program}recruiting/", form).headers["Location"] == program
    assert "10% of what their recruits earn, 5% at level 2, 2.5% at level 3" in staff.get(program).content.decode()
    settings = f"/m/acme/partners/{partner.id}/settings/"
    seen = re.search(r'name="seen" value="([^"]+)"', staff.get(settings).content.decode())
    assert seen is not None
    values = {"seen": seen[1], "name": "Anna", "email": "anna@example.com", "tags": "", "notes": ""}
    stranger = staff.post(settings, values | {"recruiter": "nobody@example.com"})
    assert "There is no partner with the e-mail or coupon code nobody@example.com." in stranger.content.decode()
    assert staff.post(settings, values | {"recruiter": "Rob@Example.com"}).status_code == 302
    with tenancy.tenant(merchant.id):
        order = sells(partner, "A-1", 10_000, at=timezone.now())
        share, source = order.commissions.get(level=1), order.commissions.get(level=0)
        while refresh():
            pass
    recruits = staff.get(f"/m/acme/partners/{rob.id}/recruits/").content.decode()
    assert "Anna" in recruits
    assert "$1.00" in recruits
    assert "Recruited by" in staff.get(f"/m/acme/partners/{partner.id}/").content.decode()
    explained = staff.get(f"/m/acme/commissions/{share.id}/").content.decode()
    assert "10% of $10.00 that a recruit earned = $1.00" in explained
    assert f"/m/acme/commissions/{source.id}/" in explained
    assert "What recruiters earned on it" in staff.get(f"/m/acme/commissions/{source.id}/").content.decode()
    with tenancy.tenant(merchant.id):
        refund("A-1", 5_000)
    assert "After 1 refund, $0.50 is left." in staff.get(f"/m/acme/commissions/{share.id}/").content.decode()


def test_a_rule_is_changed_by_a_new_version(merchant: Merchant, staff: Client, partner: Partner) -> None:
    with tenancy.tenant(merchant.id):
        version = pays_recruiters("10", "5")
    address = f"/m/acme/rules/program/{partner.program_id}/{version.rule}/"
    assert staff.get(address).headers["Location"] == f"{address}recruiting/"
    assert 'value="10, 5"' in staff.get(f"{address}recruiting/").content.decode()
    shown = hidden(staff, f"{address}recruiting/")
    staff.post(f"{address}recruiting/", shown | {"levels": "8", "first_months": "12"})
    with tenancy.tenant(merchant.id):
        newest = merchant.reward_versions.get(rule=version.rule, number=2)
        assert (newest.levels, newest.percent) == (1, 8)
    late = staff.post(f"{address}recruiting/", shown | {"once": str(uuid4()), "levels": "7"})
    assert late.status_code == 422
    assert "set it to “8% of what their recruits earn" in late.content.decode()


def test_a_recruiter_reads_what_they_earn_and_nothing_of_the_order(
    merchant: Merchant, partner: Partner, rob: Partner
) -> None:
    assert "Recruits" not in portal_of(rob)
    with tenancy.tenant(merchant.id):
        pays_recruiters("10", "5")
        update_applications(default_program(actor=ACTOR), changes={"applications_open": True}, actor=ACTOR)
        Partner.objects.filter(id=partner.id).update(recruiter=rob, recruited_at=timezone.now())
        CustomerFactory(external_id="c-eva", name="Zenobia Unseen", email="eva@unseen.example")
        order = sells(partner, "SECRET-77", 10_000, at=timezone.now())
        share, source = order.commissions.get(level=1), order.commissions.get(level=0)
        while refresh():
            pass
    pages = [portal_of(rob, path) for path in ("", "earnings/", f"earnings/{share.id}/", "recruits/", "earnings.csv")]
    for page in pages:
        assert "SECRET-77" not in page
        assert "Zenobia" not in page
        assert "unseen.example" not in page
        assert "$100.00" not in page
    home, earnings, one, recruits, _ = pages
    assert "Recruits" in home
    assert "A recruit&#x27;s sale" in earnings
    assert "10% of $10.00 that a recruit earned = $1.00" in one
    assert f"/apply/acme/?by={rob.portal_code}" in recruits
    assert "10% of what your recruits earn, 5% at level 2." in recruits
    assert "Anna" in recruits
    with tenancy.tenant(merchant.id):
        set_password(partner, password=PASSWORD, actor=ACTOR)
    assert f"earnings/{share.id}/" not in portal_of(partner, "earnings/")
    assert "Rob" not in portal_of(partner, f"earnings/{source.id}/")


def test_the_api_names_recruiters_and_levels(
    merchant: Merchant, other_merchant: Merchant, partner: Partner, rob: Partner
) -> None:
    with tenancy.tenant(merchant.id):
        token = ApiKeyFactory(scopes=["write"]).token
    with tenancy.tenant(other_merchant.id):
        stranger = PartnerFactory()
    api = Client(headers={"Authorization": f"Bearer {token}"})

    def call(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        answer = getattr(api, method)(f"/api/v1/{path}", **sent)
        return answer.status_code, answer.json()

    rule = {
        "program_id": str(partner.program_id), "kind": "percentage", "percent": "10",
        "details": {"event": "recruit", "deeper": ["5"]},
    }  # fmt: skip
    status, made = call("post", "rewards/rules", rule)
    assert (status, made["sentence"]) == (201, "10% of what their recruits earn, 5% at level 2")
    assert call("patch", f"partners/{partner.id}", {"recruiter_id": str(stranger.id)})[0] == 404
    status, changed = call("patch", f"partners/{partner.id}", {"recruiter_id": str(rob.id)})
    assert (status, changed["recruiter_id"]) == (200, str(rob.id))
    status, problem = call("patch", f"partners/{rob.id}", {"recruiter_id": str(partner.id)})
    assert (status, problem["code"]) == (409, "recruiter_circle")
    assert [row["id"] for row in call("get", f"partners?recruiter_id={rob.id}")[1]["data"]] == [str(partner.id)]
    sale = {"order_id": "A-1", "amount": 10_000, "currency": "USD", "partner": str(partner.id)}
    status, sold = call("post", "sales", sale)
    assert [(each["level"], each["amount"]) for each in sold["commissions"]] == [(0, 1_000), (1, 100)]
    assert call("post", "sales", sale) == (200, sold)
    (share,) = call("get", "commissions?level=1")[1]["data"]
    assert share["source_id"] == sold["commissions"][0]["id"]
    assert call("get", f"commissions?source_id={share['source_id']}")[1]["data"] == [share]
