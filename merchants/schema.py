"""What every tenant table gets from the database itself, as migration operations.

Django's own state stays plain (a single UUID `id`, foreign keys without a constraint); the constraints below are
what really holds. The primary key is `(merchant_id, id)`: row-level security adds `merchant_id = …` to every
query, so it serves look-ups by id too, and it is what composite foreign keys point at. One index does all three.
"""

from collections.abc import Sequence
from typing import Any

from django.db.migrations import RunSQL

#: nullif: after a commit the setting reads '' instead of NULL on a connection that has had it once.
CURRENT = "nullif(current_setting('app.merchant_id', true), '')::uuid"


def tenant_table(table: str, *, key: str = "id") -> RunSQL:
    """Force row-level security on `table` and make `(merchant_id, key)` its primary key."""
    return RunSQL(
        sql=[
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey",
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY (merchant_id, {key})",
            *_policies(table),
        ],
        reverse_sql=[
            f"DROP POLICY tenant ON {table}",
            f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey",
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY ({key})",
        ],
    )


def tenant_rows(table: str, *, column: str = "merchant_id", or_when: str = "") -> RunSQL:
    """Force row-level security on a table whose primary key is already as it should be."""
    return RunSQL(
        sql=_policies(table, column=column, or_when=or_when),
        reverse_sql=[
            f"DROP POLICY tenant ON {table}",
            f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY",
        ],
    )


def _policies(table: str, *, column: str = "merchant_id", or_when: str = "") -> list[str | tuple[str, Any]]:
    seen = f"{column} = {CURRENT}" + (f" OR {or_when}" if or_when else "")
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON {table} USING ({seen}) WITH CHECK ({column} = {CURRENT})",
    ]


def tenant_foreign_key(table: str, column: str, parent: str) -> RunSQL:
    """`(merchant_id, column)` must exist in `parent`: a reference into another tenant is impossible."""
    name = f"{table}_{column}_fk"
    return RunSQL(
        sql=f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (merchant_id, {column})"
        f" REFERENCES {parent} (merchant_id, id)",
        reverse_sql=f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


def append_only(tables: Sequence[str]) -> list[RunSQL]:
    """Refuse UPDATE, DELETE and TRUNCATE on these tables, whoever asks."""
    function = RunSQL(
        sql="""
        CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
        END $$
        """,
        reverse_sql=RunSQL.noop,
    )
    triggers = [
        RunSQL(
            sql=f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
            reverse_sql=f"DROP TRIGGER append_only ON {table}",
        )
        for table in tables
    ]
    return [function, *triggers]


def notes_configuration_change(table: str, *, when: str = "", events: str = "INSERT OR UPDATE OR DELETE") -> RunSQL:
    """Raise the merchant's configuration version whenever a row of `table` changes."""
    condition = f"WHEN ({when})" if when else ""
    return RunSQL(
        sql=f"CREATE TRIGGER configuration_change AFTER {events} ON {table}"
        f" FOR EACH ROW {condition} EXECUTE FUNCTION note_configuration_change()",
        reverse_sql=f"DROP TRIGGER configuration_change ON {table}",
    )
