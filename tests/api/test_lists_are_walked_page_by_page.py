"""Cursor pages: every row once, newest first, whatever arrives meanwhile, in a constant number of queries."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.openapi import document
from merchants import tenancy
from merchants.models import Merchant
from stats.rollup import refresh
from tests.api.conftest import Api
from tests.api.world import World, build
from tests.factories import ACTOR, CouponFactory, CustomerFactory, PartnerFactory
from tracking import ingest
from tracking.events import Sale

pytestmark = pytest.mark.django_db

LISTS = [
    path.removeprefix("/api/v1")
    for path, operations in document()["paths"].items()
    if any(parameter["name"] == "cursor" for parameter in operations.get("get", {}).get("parameters", []))
]


def lists_of(world: World) -> list[str]:
    """The addresses of all lists, those inside something else with its id."""
    ids = {f"{name}_id": row_id for name, row_id in world.ids.items()}
    return [path.format(**ids) for path in LISTS]


def walk(api: Api, path: str, limit: int) -> list[Any]:
    rows: list[Any] = []
    cursor = ""
    while True:
        answer = api.get(f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}")
        assert answer.status == 200, answer
        assert len(answer.body["data"]) <= limit
        rows += answer.body["data"]
        if not answer.body["has_more"]:
            assert answer.body["next_cursor"] is None
            return rows
        cursor = f"&cursor={answer.body['next_cursor']}"


def test_all_lists_are_here() -> None:
    assert len(LISTS) == 23


def test_every_row_comes_once_and_newest_first(api: Api, merchant: Merchant) -> None:
    world = build(merchant, "wood")
    build(merchant, "stone")
    for path in lists_of(world):
        whole = api.get(f"{path}?limit=100").body["data"]
        assert len(whole) >= 1, path
        assert walk(api, path, 1) == whole, path
        assert walk(api, path, 2) == whole, path


def test_rows_of_the_same_moment_are_neither_lost_nor_doubled(api: Api, merchant: Merchant) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    sales = [Sale(order_id=f"A-{n}", amount=n, currency="USD", placed_at=moment) for n in range(23)]
    with tenancy.tenant(merchant.id):
        ingest.record(sales, actor=ACTOR)
    rows = walk(api, "/sales", 5)
    assert sorted(row["order_id"] for row in rows) == sorted(sale.order_id for sale in sales)
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)


def test_what_arrives_meanwhile_shifts_nothing(api: Api) -> None:
    for number in range(6):
        api.post("/customers", {"external_id": f"c-{number}"})
    first = api.get("/customers?limit=3").body
    api.post("/customers", {"external_id": "late"})
    second = api.get(f"/customers?limit=3&cursor={first['next_cursor']}").body
    assert [row["external_id"] for row in first["data"] + second["data"]] == [f"c-{n}" for n in (5, 4, 3, 2, 1, 0)]


def queries(api: Api, path: str) -> int:
    """How many statements a page takes beside those that hold the transaction."""
    with CaptureQueriesContext(connection) as captured:
        assert api.get(f"{path}?limit=100").status == 200
    return len([q for q in captured if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "SELECT set_config"))])


def test_a_page_costs_the_same_few_queries_whatever_its_size(api: Api, merchant: Merchant) -> None:
    lists = lists_of(build(merchant, "wood"))
    api.get("/me")  # the key's last use is noted once a minute
    few = {path: queries(api, path) for path in lists}
    with tenancy.tenant(merchant.id):
        partners = PartnerFactory.create_batch(12)
        for partner in partners:
            CouponFactory(partner=partner)
        CustomerFactory.create_batch(12)
        sales = [
            Sale(order_id=uuid4().hex, amount=100, currency="USD", partner=str(partner.id)) for partner in partners
        ]
        assert not any(outcome.error for outcome in ingest.record(sales, actor=ACTOR))
    assert {path: queries(api, path) for path in lists} == few
    assert max(few.values()) <= 5


def test_filters_narrow_a_list(api: Api, merchant: Merchant) -> None:
    world = build(merchant, "wood")
    build(merchant, "stone")
    with tenancy.tenant(merchant.id):
        refresh()
    ids = {name: str(row_id) for name, row_id in world.ids.items()}
    expected: dict[str, Callable[[Any], bool]] = {
        f"/sales?partner_id={ids['partner']}": lambda row: row["partner_id"] == ids["partner"],
        "/sales?coupon=Wood10": lambda row: row["coupon"] == "WOOD10",
        "/sales?order_id=O-wood-1": lambda row: row["order_id"] == "O-wood-1",
        f"/commissions?status=paid&partner_id={ids['partner']}": lambda row: row["status"] == "paid",
        f"/commissions?sale_id={ids['sale']}": lambda row: row["sale_id"] == ids["sale"],
        "/customers?email=EVA@wood.example": lambda row: row["external_id"] == "c-wood",
        "/customers?q=eva%20W": lambda row: row["external_id"] == "c-wood",
        f"/customers?partner_id={ids['partner']}": lambda row: row["external_id"] in ("c-wood", "l-wood"),
        "/partners?q=wood": lambda row: "wood" in row["email"],
        "/partners?email=Anna@wood.example": lambda row: row["id"] == ids["partner"],
        "/coupons?code=WOOD20": lambda row: row["code"] == "wood20",
        f"/links?partner_id={ids['partner']}": lambda row: row["partner_id"] == ids["partner"],
        f"/bonuses?group_id={ids['group']}&status=running": lambda row: row["name"] == "Bonus wood",
        "/payouts?transaction_id=T-wood": lambda row: row["partner_id"] == ids["partner"],
        "/audit?verb=payout.record": lambda row: row["object_type"] == "payout",
        f"/audit?object_id={ids['partner']}": lambda row: row["object_id"] == ids["partner"],
        f"/balances?partner_id={ids['partner']}": lambda row: row["partner_id"] == ids["partner"],
    }
    for path, fits in expected.items():
        rows = api.get(path).body["data"]
        assert rows, path
        assert all(fits(row) for row in rows), path
    for empty in (
        "/sales?direct=true",
        "/sales?placed_before=2001-01-01T00:00:00Z",
        "/partners?status=suspended",
        "/bonuses?status=planned",
    ):
        assert api.get(empty).body["data"] == [], empty


def test_balances_are_what_the_books_say(api: Api, merchant: Merchant) -> None:
    world = build(merchant, "wood")
    (row,) = api.get(f"/balances?partner_id={world.ids['partner']}").body["data"]
    # Two orders of 100.00 at 10%: one paid out, one after a refund of 5.00; and 7.00 by hand.
    assert row["balances"] == [
        {"currency": "USD", "earned": 1650, "in_transit": 0, "paid": 1000, "pending": 0, "approved": 1650}
    ]


def test_a_commission_shows_everything_that_happened_to_it(api: Api, merchant: Merchant) -> None:
    world = build(merchant, "wood")
    answer = api.get(f"/commissions/{world.ids['commission']}").body
    assert (answer["commission"]["amount"], answer["commission"]["reversed"]) == (1000, 50)
    assert [taken["amount"] for taken in answer["reversals"]] == [50]
    assert sum(entry["amount"] for entry in answer["entries"]) == 0
    earned = [entry["amount"] for entry in answer["entries"] if entry["account"].endswith(":earned")]
    assert earned == [1000, -50]
    assert answer["payout_id"] is None


def test_a_key_without_the_scope_does_not_see_payouts_in_the_audit_log(
    merchant: Merchant, api: Api, key_of: Callable[..., str]
) -> None:
    build(merchant, "wood")
    assert api.get("/audit?object_type=payout").body["data"]
    limited = Api(key_of(merchant, "write"))
    assert limited.get("/audit?object_type=payout").body["data"] == []
    assert ",payout," not in limited.get("/audit/export.csv", Accept="text/csv").content.decode()
