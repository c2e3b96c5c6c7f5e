"""What goes to libpq past psycopg's cursor arrives as it was, and fails as psycopg's errors do."""

from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
import pytest
from django.db import connection, transaction

from merchants import statements, tenancy
from merchants.models import Merchant
from merchants.statements import Statement
from tests.tenancy.test_a_lost_connection_is_replaced import end_from_the_other_side

AWKWARD = ["", "NULL", "null", "a,b", "{}", 'say "no"', "back\\slash", "it's", "$1", " \t\n", "é😀", None]
ID = UUID("0198a5b2-0000-7000-8000-000000000001")


@pytest.fixture(params=["prepared", "pooled"])
def _either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "pooled":
        connection.ensure_connection()
        monkeypatch.setattr(connection.connection, "prepare_threshold", None)


@pytest.mark.django_db
@pytest.mark.usefixtures("_either_way")
def test_values_arrive_as_they_were() -> None:
    ask = Statement("SELECT %(text)s::text, %(number)s::bigint, %(id)s::uuid, %(none)s::int, %(list)s::text[]")
    for text in AWKWARD:
        given = {"text": text, "number": -(2**60), "id": ID, "none": None, "list": AWKWARD}
        assert ask.run(given) == (text, -(2**60), ID, None, AWKWARD)
    assert Statement("SELECT %(ids)s::uuid[]").run({"ids": [ID, ID]}) == ([ID, ID],)
    assert Statement("SELECT %(text)s::text").value({"text": "é"}) == "é".encode()
    assert Statement("SELECT 1 WHERE %(no)s = 1").value({"no": 0}) is None


@pytest.mark.django_db
@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("text", ["a\0b", ["a\0b"]])
def test_nul_is_refused_and_not_cut_off(text: str | list[str]) -> None:
    with pytest.raises(psycopg.DataError):
        Statement("SELECT %(text)s").run({"text": text})


@pytest.mark.django_db
@pytest.mark.usefixtures("_either_way")
def test_errors_are_psycopgs_own() -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), transaction.atomic():
        Statement("SELECT 1 / %(by)s::int").run({"by": 0})


@pytest.mark.parametrize("threshold", [5, None], ids=["prepared", "pooled"])
def test_a_tenant_can_begin_with_a_question(
    committed_merchant: Merchant, threshold: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.connection, "prepare_threshold", threshold)
    statement = Statement("SELECT %(text)s || current_setting('app.merchant_id')")
    for text in ("it's", "back\\slash"):
        with tenancy.tenant(committed_merchant.id, tenancy.Question(statement, {"text": text})) as answer:
            assert answer == f"{text}{committed_merchant.id}".encode()
            assert Merchant.objects.get() == committed_merchant
    assert not Merchant.objects.exists()


@pytest.mark.django_db
def test_a_connection_keeps_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "_KEPT", 2)
    monkeypatch.setattr(statements, "_sessions", WeakKeyDictionary())
    several = [Statement(f"SELECT {number} AS kept_few") for number in range(5)]
    assert [statement.value({}) for statement in several * 2] == [b"%d" % number for number in range(5)] * 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT _ AS kept_few'")
        assert cursor.fetchone() == (2,)


@pytest.mark.django_db
def test_a_plan_is_made_anew_as_tables_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables that are loaded for the first time grow faster than autovacuum analyzes them."""
    monkeypatch.setattr(statements, "_sessions", WeakKeyDictionary())
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE growing (tenant int, key int)")
        cursor.execute("CREATE INDEX growing_key ON growing (key)")
        cursor.execute("INSERT INTO growing VALUES (1, 1)")
        cursor.execute("ANALYZE growing")
        find = Statement("SELECT key FROM growing WHERE key = %(key)s")
        find.value({"key": 1})
        cursor.execute("INSERT INTO growing SELECT 1, n FROM generate_series(2, 10000) n")
        assert not _reads_by_index(find), "the plan of a table of one row"
        for _ in range(16):
            find.value({"key": 1})
        assert _reads_by_index(find)


def _reads_by_index(statement: Statement) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE statement LIKE 'SELECT key FROM growing%'")
        cursor.execute(f"EXPLAIN EXECUTE {cursor.fetchone()[0]}(1)")
        return "growing_key" in str(cursor.fetchall())


def test_a_lost_connection_is_an_operational_error(committed_merchant: Merchant) -> None:
    statement = Statement("SELECT 1 AS lost")

    def lose_it_twice() -> None:
        with tenancy.tenant(committed_merchant.id):
            assert statement.value({}) == b"1"
            end_from_the_other_side()
            with pytest.raises(psycopg.OperationalError):
                statement.value({})
            statement.value({})

    with pytest.raises(psycopg.OperationalError):
        lose_it_twice()
    with tenancy.tenant(committed_merchant.id):
        assert statement.value({}) == b"1"
