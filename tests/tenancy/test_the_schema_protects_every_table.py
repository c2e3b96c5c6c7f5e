"""Row-level security and composite foreign keys, for every table there is, also those of tomorrow."""

import json
from uuid import uuid4

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from config.management.commands.doctor import database_role, row_level_security
from merchants import tenancy
from merchants.constraints import violated
from merchants.models import Merchant
from tests.tenancy.population import owned_models

#: References without a constraint, with the reason: clicks are pruned; the trigger that checks the balance of a posting
#: also wants its transaction from the same statement, and neither table of the books loses rows.
FREE = {("orders_order", "click_id"), ("ledger_entry", "transaction_id")}

#: By foreign key, or by the trigger that takes its place (merchants.schema.references_at_once).
_COMPOSITE = """
SELECT c.conrelid::regclass::text AS child, a.attname AS reference, c.confrelid::regclass::text, c.conname
  FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[2]
 WHERE c.contype = 'f' AND cardinality(c.conkey) = 2 AND c.connamespace = current_schema()::regnamespace
   AND (SELECT attname FROM pg_attribute WHERE attrelid = c.conrelid AND attnum = c.conkey[1]) = 'merchant_id'
UNION ALL
SELECT tgrelid::regclass::text, said[n], said[n + 1], tgrelid::regclass || '_' || said[n] || '_fk'
  FROM pg_trigger, LATERAL (SELECT string_to_array(encode(tgargs, 'escape'), '\\000') AS said) given,
       generate_series(1, tgnargs, 2) n
 WHERE tgname = 'references_at_once'
 ORDER BY child, reference
"""
#: Tables whose references a statement's trigger checks.
AT_ONCE = ("affiliates_customerattribution", "orders_order", "commissions_commission", "customers_customerword")
_IS_APPEND_ONLY = "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = 'append_only')"


def composite_keys() -> list[tuple[str, str, str, str]]:
    """(table, column, parent, constraint) of every reference that stays inside the tenant."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPOSITE)
        return [tuple(row) for row in cursor.fetchall()]


def test_the_test_database_is_used_by_an_ordinary_role(db: None) -> None:
    assert list(database_role()) == []


def test_every_table_with_a_merchant_forces_row_level_security(db: None) -> None:
    assert list(row_level_security()) == []
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE forgotten (merchant_id uuid)")
    assert len(list(row_level_security())) == 1, "the check sees a table that was forgotten"


def test_every_reference_between_owned_rows_stays_inside_the_tenant(db: None) -> None:
    tables = {model._meta.db_table for model in owned_models()}
    wanted = {
        (model._meta.db_table, field.column)
        for model in owned_models()
        for field in model._meta.fields
        if field.is_relation and field.related_model._meta.db_table in tables  # type: ignore[union-attr]
    }
    assert len(wanted) > 20
    assert wanted - {(table, column) for table, column, _, _ in composite_keys()} == FREE


def test_no_reference_can_point_into_another_tenant(mine: Merchant, theirs: Merchant) -> None:
    keys = composite_keys()
    foreign = {}
    with tenancy.tenant(theirs.id), connection.cursor() as cursor:
        for _, _, parent, _ in keys:
            cursor.execute(f"SELECT id FROM {parent} ORDER BY id DESC LIMIT 1")
            foreign[parent] = str(cursor.fetchone()[0])
    with tenancy.tenant(mine.id):
        for table, column, parent, constraint in keys:
            with pytest.raises(IntegrityError) as refused, transaction.atomic():
                _point(table, column, foreign[parent])
            assert violated(refused.value) == constraint


def _point(table: str, column: str, target: str) -> None:
    """Make a row of the running tenant refer to `target`: an update, or a copy where updates are refused."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_APPEND_ONLY, [table])
        if not cursor.fetchone()[0]:
            # The newest: of what has stretches of time, those that are over refuse every change.
            one = f"(SELECT ctid FROM {table} WHERE {column} IS NOT NULL ORDER BY ctid DESC LIMIT 1)"
            cursor.execute(f"UPDATE {table} SET {column} = %s WHERE ctid = {one}", [target])
            assert cursor.rowcount, f"{table}.{column} is never set in the population"
            return
        cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t WHERE {column} IS NOT NULL LIMIT 1")
        copy = json.loads(cursor.fetchone()[0])
        # Only the reference may be at fault, not a uniqueness that comes before it.
        copy |= {"external_id": "copy", "number": 100, "target": 100}
        if "commission_id" in copy:
            cursor.execute("SELECT id FROM commissions_commission WHERE id <> %s LIMIT 1", [copy["commission_id"]])
            copy["commission_id"] = str(cursor.fetchone()[0])
        copy |= {"id": str(uuid4()), column: target}
        cursor.execute(f"INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, %s)", [json.dumps(copy)])


def test_what_is_referred_to_never_goes(mine: Merchant) -> None:
    """A foreign key would refuse it; where a statement's trigger checks references, the parent refuses by itself."""
    parents = {parent for table, _, parent, _ in composite_keys() if table in AT_ONCE}
    assert parents > {"orders_order", "affiliates_partner", "affiliates_coupon", "customers_customer"}
    with tenancy.tenant(mine.id), connection.cursor() as cursor:
        for parent in parents:
            for change in ("DELETE FROM {}", "TRUNCATE {} CASCADE", "UPDATE {} SET id = gen_random_uuid()"):
                # OperationalError: of what this transaction changed before, nothing is truncated anyway.
                with pytest.raises((IntegrityError, OperationalError)), transaction.atomic():
                    cursor.execute(change.format(parent))
