"""Times that a calendar has and a database, a time zone or a sum of days has not are refused, never a 500."""

from typing import Any

import pytest

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from tests.api.conftest import Api
from tests.factories import CommissionFactory, LinkFactory

pytestmark = pytest.mark.django_db

MOMENTS = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00-23:59",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59+23:59",
)
DAYS = ("0001-01-01", "9999-12-31")
SALE = {"order_id": "A-1", "amount": 100, "currency": "USD"}

MOMENT_FILTERS = [
    ("/clicks", "clicked"),
    ("/commissions", "occurred"),
    ("/customers", "created"),
    ("/leads", "occurred"),
    ("/partners", "created"),
    ("/refunds", "refunded"),
    ("/sales", "placed"),
    ("/audit", "at"),
]


@pytest.mark.parametrize(("path", "field"), MOMENT_FILTERS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_filter_takes_an_extreme_moment_or_refuses_it(api: Api, path: str, field: str, moment: str) -> None:
    for end in ("from", "before"):
        answer = api.get(f"{path}?{field}_{end}={moment.replace('+', '%2B')}")
        assert answer.status in (200, 422), answer.body


@pytest.mark.parametrize("end", ["paid_from", "paid_before"])
@pytest.mark.parametrize("day", DAYS)
def test_a_filter_takes_an_extreme_day(api: Api, day: str, end: str) -> None:
    assert api.get(f"/payouts?{end}={day}").status == 200


@pytest.mark.parametrize("query", ["day_to=0001-01-01", "day_to=9999-12-31", "day_from=0001-01-01&day_to=0001-02-01"])
def test_figures_of_an_extreme_day_are_given_or_refused(api: Api, query: str) -> None:
    answer = api.get(f"/stats/days?{query}")
    assert answer.status in (200, 422), answer.body


@pytest.mark.parametrize("day", DAYS)
def test_a_payout_on_an_extreme_day_is_refused(api: Api, merchant: Merchant, partner: Partner, day: str) -> None:
    Merchant.objects.filter(id=merchant.id).update(time_zone="Europe/Berlin")
    with tenancy.tenant(merchant.id):
        commission = CommissionFactory(partner=partner)
    body = {
        "partner_id": str(partner.id),
        "commission_ids": [str(commission.id)],
        "transaction_id": "T-1",
        "paid_on": day,
    }
    answer = api.post("/payouts", body)
    assert (answer.status, answer.code) == (422, "paid_on_invalid")
    assert api.get(f"/commissions/{commission.id}").status == 200


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_extreme_moment_is_refused_wherever_it_would_be_kept(
    api: Api, merchant: Merchant, partner: Partner, moment: str
) -> None:
    with tenancy.tenant(merchant.id):
        LinkFactory(partner=partner, code="edge")
    written: list[tuple[str, dict[str, Any]]] = [
        ("/coupons", {"partner_id": str(partner.id), "code": "EDGE", "starts_at": moment}),
        ("/coupons", {"partner_id": str(partner.id), "code": "EDGE", "ends_at": moment}),
        ("/rewards", {"partner_id": str(partner.id), "kind": "percentage", "percent": "5", "effective_from": moment}),
        ("/clicks", {"code": "edge", "clicked_at": moment}),
        ("/leads", {"name": "signup", "customer": {"external_id": "c"}, "occurred_at": moment}),
        ("/sales", SALE | {"placed_at": moment}),
        ("/refunds", {"order_id": "A-1", "refund_id": "R-1", "refunded_at": moment}),
    ]
    for path, body in written:
        answer = api.post(path, body)
        assert answer.status == 422, (path, answer.body)
    batch = api.post("/sales/batch", {"sales": [SALE | {"placed_at": moment}]})
    assert batch.status in (200, 207, 422), batch.body
    assert api.get("/sales").body["data"] == []
    assert api.get("/coupons").body["data"][1:] == []


@pytest.mark.parametrize("day", DAYS)
def test_an_extreme_birthday_is_refused(api: Api, day: str) -> None:
    answer = api.post("/customers", {"external_id": "c", "birthday": day})
    assert (answer.status, answer.code, answer.body["field"]) == (422, "birthday_invalid", "birthday")
