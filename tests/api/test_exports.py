"""CSV files: whole, of one tenant, harmless to a spreadsheet, in constant memory."""

import csv
import io
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from customers.records import update_customer
from merchants import tenancy
from merchants.models import Merchant
from merchants.money import to_decimal
from pages import exports as files
from pages.csv import cell
from pages.exports import each, pieces
from tests.api.conftest import Api
from tests.api.world import build
from tests.factories import ACTOR, CustomerFactory
from tracking import ingest
from tracking.events import Sale

pytestmark = pytest.mark.django_db


def rows_of(api: Api, path: str) -> list[dict[str, str]]:
    answer = api.get(path, Accept="text/csv")
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＋1", "－1", "＠x", '=HYPERLINK("x")'],
)
def test_text_that_a_spreadsheet_would_compute_is_defused(api: Api, text: str) -> None:
    assert cell(text) == f"'{text}"


def test_ordinary_text_and_our_own_numbers_stay() -> None:
    assert [cell(value) for value in ("Anna-Lena", "a=b", "", None, -5, True)] == [
        "Anna-Lena",
        "a=b",
        "",
        "",
        -5,
        "true",
    ]
    assert cell(to_decimal(-1050, "USD")) == "-10.50"


def test_a_hostile_name_arrives_defused(api: Api) -> None:
    api.post("/customers", {"external_id": "@c", "name": '=cmd|" /C calc"!A1'})
    (row,) = rows_of(api, "/customers/export.csv")
    assert (row["external_id"], row["name"]) == ("'@c", '\'=cmd|" /C calc"!A1')


@pytest.mark.parametrize("name", ["sales", "commissions", "customers", "partners", "payouts", "audit"])
def test_a_file_has_the_rows_of_the_list_and_nobody_elses(
    api: Api, merchant: Merchant, other_merchant: Merchant, name: str
) -> None:
    build(merchant, "wood")
    build(other_merchant, "canarybird")
    listed = [row["id"] for row in api.get(f"/{name}?limit=100").body["data"]]
    assert [row["id"] for row in rows_of(api, f"/{name}/export.csv")] == listed
    assert "canarybird" not in api.get(f"/{name}/export.csv", Accept="text/csv").content.decode()


def test_amounts_are_decimal_numbers_of_their_currency(api: Api) -> None:
    for order, currency in (("A", "USD"), ("B", "JPY"), ("C", "BHD")):
        api.post("/sales", {"order_id": order, "amount": 12345, "currency": currency})
    amounts = {row["currency"]: row["amount"] for row in rows_of(api, "/sales/export.csv")}
    assert amounts == {"USD": "123.45", "JPY": "12345", "BHD": "12.345"}


def test_a_file_takes_filters_but_has_no_pages(api: Api) -> None:
    assert rows_of(api, "/sales/export.csv?currency=USD") == []
    answer = api.get("/sales/export.csv?limit=5", Accept="text/csv")
    assert (answer.status, answer.code, answer.body["field"]) == (422, "unknown_field", "limit")


def test_a_file_longer_than_a_piece_is_whole(api: Api, merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PIECE", 3)
    for number in (6, 7):
        with tenancy.tenant(merchant.id):
            CustomerFactory.create_batch(number)
    assert len({row["id"] for row in rows_of(api, "/customers/export.csv")}) == 13
    monkeypatch.setattr(files, "PIECE", 13)
    assert len(rows_of(api, "/customers/export.csv")) == 13


def test_rows_that_change_between_two_pieces_are_in_the_file_once(
    api: Api, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PIECE", 2)
    with tenancy.tenant(merchant.id):
        CustomerFactory.create_batch(6)
    response = api.client.get(
        "/api/v1/customers/export.csv", headers={"Authorization": f"Bearer {api.token}", "Accept": "text/csv"}
    )
    read = []
    for number, piece in enumerate(response.streaming_content):
        read.append(piece)
        with tenancy.tenant(merchant.id):
            for customer in merchant.customers.all():
                update_customer(customer, changes={"name": f"turn {number}", "notes": "x"}, actor=ACTOR)
            CustomerFactory(name="new meanwhile")
    rows = list(csv.DictReader(io.StringIO(b"".join(read).decode())))
    assert len(rows) == len({row["id"] for row in rows}) == 6
    assert [row["name"] for row in rows[2:]] == ["turn 0", "turn 0", "turn 1", "turn 1"]


def test_a_file_is_sorted_only_by_what_never_changes(tenant: Merchant) -> None:
    with pytest.raises(ValueError, match="name may change"):
        pieces(tenant.customers.all(), each(lambda row: [row.id]), by="name")


def test_between_two_pieces_no_tenant_is_entered(api: Api, merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PIECE", 2)
    with tenancy.tenant(merchant.id):
        CustomerFactory.create_batch(5)
    response = api.client.get(
        "/api/v1/customers/export.csv", headers={"Authorization": f"Bearer {api.token}", "Accept": "text/csv"}
    )
    for _ in response.streaming_content:
        with pytest.raises(tenancy.TenancyError):
            tenancy.current()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM customers_customer")
            assert cursor.fetchone() == (0,)


def test_memory_does_not_grow_with_the_file(api: Api, merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PIECE", 100)

    def peak() -> int:
        response: Any = api.client.get(
            "/api/v1/sales/export.csv", headers={"Authorization": f"Bearer {api.token}", "Accept": "text/csv"}
        )
        tracemalloc.start()
        for _ in response.streaming_content:
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    start = datetime(2026, 1, 1, tzinfo=UTC)

    def sell(first: int, last: int) -> None:
        sales = [
            Sale(order_id=str(n), amount=n, currency="USD", notes="n" * 500, placed_at=start + timedelta(minutes=n))
            for n in range(first, last)
        ]
        with tenancy.tenant(merchant.id):
            ingest.record(sales, actor=ACTOR)

    sell(0, 200)
    peak()
    small = peak()
    sell(200, 1000)
    sell(1000, 2000)
    assert peak() < small * 1.5
