"""By hand through the API: give a customer away, delete a sale, restore and adjust a commission."""

import pytest

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from tests.api.conftest import Api
from tests.factories import PartnerFactory
from tests.sales import give_ten_percent

pytestmark = pytest.mark.django_db

SALE = {"order_id": "A-1", "amount": 10_000, "currency": "USD", "coupon": "ANNA10", "customer": {"external_id": "c-1"}}


@pytest.fixture
def ben(merchant: Merchant, partner: Partner) -> Partner:
    with tenancy.tenant(merchant.id):
        made: Partner = PartnerFactory(name="Ben")
        for earner in (partner, made):
            give_ten_percent(earner)
    return made


def test_a_dry_run_answers_what_the_move_will(api: Api, partner: Partner, ben: Partner) -> None:
    sale = api.post("/sales", SALE).body["order"]
    address = f"/customers/{sale['customer_id']}/attribution"
    asked = {"partner_id": str(ben.id), "past": "unpaid", "reason": "Wrong link"}
    tried = api.post(address, asked | {"dry_run": True}).body
    assert api.get(f"/customers/{sale['customer_id']}").body["partner_id"] == str(partner.id)
    done = api.post(address, asked).body
    assert {**tried, "dry_run": False} == done
    assert [(total["partner"]["name"], total["amount"]) for total in done["totals"]] == [
        ("Anna", -1_000),
        ("Ben", 1_000),
    ]
    assert api.get(f"/customers/{sale['customer_id']}").body["partner_id"] == str(ben.id)
    again = api.post(address, asked).body
    assert (again["moves"], again["stays"]) == ([], [])
    assert api.post(address, {"partner_id": None, "past": "since", "reason": "x"}).code == "since_needed"


def test_a_sale_is_deleted_once_and_its_id_stays_taken(api: Api, partner: Partner, ben: Partner) -> None:
    sale = api.post("/sales", SALE).body
    address = f"/sales/{sale['order']['id']}"
    assert api.send("DELETE", address, {}).code == "missing_field"
    done = api.send("DELETE", address, {"reason": "Recorded twice"})
    assert (done.status, done.body["reason"], done.body["taken_back"][0]["amount"]) == (200, "Recorded twice", 1_000)
    again = api.send("DELETE", address, {"reason": "Another"})
    assert (again.status, again.body["reason"], again.body["taken_back"]) == (200, "Recorded twice", [])
    assert api.get(address).status == 404
    assert api.get("/sales").body["data"] == []
    assert api.get("/commissions").body["data"] == []
    assert (api.post("/sales", SALE).status, api.post("/sales", SALE).code) == (409, "order_deleted")


def test_a_commission_tells_what_was_decided_about_it(api: Api, partner: Partner, ben: Partner) -> None:
    address = f"/commissions/{api.post('/sales', SALE).body['commissions'][0]['id']}"
    api.post(f"{address}/rejection", {"reason": "A bot"})
    assert api.post(f"{address}/restoration", {"reason": "No bot"}).body["reversed"] == 0
    told = api.get(address).body
    assert [(decision["kind"], decision["amount"]) for decision in told["decisions"]] == [
        ("rejection", 1_000),
        ("restoration", -1_000),
    ]
    assert len(told["entries"]) == 6
    made = api.post(f"{address}/adjustments", {"amount": 1_500, "reason": "The campaign promised 15%"})
    assert (made.status, made.body["amount"]) == (201, 500)
