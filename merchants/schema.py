"""What every tenant table gets from the database itself, as migration operations.

Django's own state stays plain (a single UUID `id`, foreign keys without a constraint); the constraints below are
what really holds. The primary key is `(merchant_id, id)`: row-level security adds `merchant_id = …` to every
query, so it serves look-ups by id too, and it is what composite foreign keys point at. One index does all three.
"""

# ruff: noqa: S608 - what is put together are names from migrations.

from collections.abc import Mapping, Sequence
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
    return RunSQL(*_foreign_key(table, column, parent))


def _foreign_key(table: str, column: str, parent: str) -> tuple[str, str]:
    """The statements that add it and drop it."""
    name = f"{table}_{column}_fk"
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (merchant_id, {column})"
        f" REFERENCES {parent} (merchant_id, id)",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


def references_at_once(table: str, parents: Mapping[str, str], *, had_keys: bool = True) -> list[RunSQL]:
    """In place of the `tenant_foreign_key` of each column, for tables that thousands of rows enter in one statement.

    A foreign key asks for every row and every column by itself, and locks the parent: a third of what the statement of
    a batch of sales cost. A trigger of the statement asks once for all its rows. It is as strict, given that no parent
    ever goes (`kept`); a violation has the code and the constraint's name that the foreign key had. What is checked
    stands in the trigger's arguments, for whoever reads the catalogue. A new table never had the keys (`had_keys`).
    """
    arguments = ", ".join(f"'{column}', '{parent}'" for column, parent in parents.items())
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in parents)
    inserted = RunSQL(
        sql=[
            _refuses_broken(f"{table}_references_of_all", table, parents, "arrived"),
            f"CREATE TRIGGER references_at_once AFTER INSERT ON {table} REFERENCING NEW TABLE AS arrived"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_references_of_all({arguments})",
        ],
        reverse_sql=f"DROP TRIGGER references_at_once ON {table}; DROP FUNCTION {table}_references_of_all()",
    )
    updated = RunSQL(
        sql=[
            _refuses_broken(f"{table}_references_of_one", table, parents, "(SELECT NEW.*)"),
            f"CREATE TRIGGER references_of_change AFTER UPDATE OF {', '.join(parents)} ON {table}"
            f" FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION {table}_references_of_one()",
        ],
        reverse_sql=f"DROP TRIGGER references_of_change ON {table}; DROP FUNCTION {table}_references_of_one()",
    )
    keys = [_foreign_key(table, column, parent) for column, parent in parents.items()] if had_keys else []
    replaced = [RunSQL(sql=dropped, reverse_sql=added) for added, dropped in keys]
    return [inserted, updated, *replaced]


def _refuses_broken(function: str, table: str, parents: Mapping[str, str], rows: str) -> str:
    # Scalar subqueries: as a join or EXISTS, a plan made for one row may read a whole parent table for it.
    broken = " ".join(
        f"WHEN a.{column} IS NOT NULL AND (SELECT true FROM {parent} p"
        f" WHERE p.merchant_id = a.merchant_id AND p.id = a.{column}) IS NULL THEN '{column}'"
        for column, parent in parents.items()
    )
    return f"""
        CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE broken text;
        BEGIN
            SELECT found.broken INTO broken
              FROM (SELECT CASE {broken} END AS broken FROM {rows} a OFFSET 0) found
             WHERE found.broken IS NOT NULL LIMIT 1;
            IF broken IS NOT NULL THEN
                RAISE EXCEPTION '{table}.% refers to nothing of this merchant', broken
                    USING ERRCODE = 'foreign_key_violation', CONSTRAINT = '{table}_' || broken || '_fk';
            END IF;
            RETURN NULL;
        END $$
    """


def kept(table: str) -> RunSQL:
    """Rows of `table` never go and never change their key: what refers to them by `references_at_once` holds."""
    return RunSQL(
        sql=[
            """
            CREATE OR REPLACE FUNCTION refuse_loss() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '% is referred to: % refused', TG_TABLE_NAME, TG_OP
                    USING ERRCODE = 'restrict_violation';
            END $$
            """,
            f"CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_loss()",
            f"CREATE TRIGGER kept_key AFTER UPDATE OF merchant_id, id ON {table} FOR EACH ROW"
            " WHEN (OLD.merchant_id <> NEW.merchant_id OR OLD.id <> NEW.id) EXECUTE FUNCTION refuse_loss()",
        ],
        reverse_sql=f"DROP TRIGGER kept ON {table}; DROP TRIGGER kept_key ON {table}",
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


def names_can_go(table: str, columns: Sequence[str]) -> RunSQL:
    """After `append_only`: these columns of `table` may be written anew while `app.erasing` is on, and nothing else.

    Who was erased must not stand in the log for ever; that something was done, when and by which id, must.
    """
    others = f"""
        SELECT string_agg(format('%I', attname), ', ') FROM pg_attribute
         WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped
           AND attname <> ALL(ARRAY[{", ".join(f"'{column}'" for column in columns)}])"""
    return RunSQL(
        sql=[
            f"""
            CREATE FUNCTION {table}_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'UPDATE' AND current_setting('app.erasing', true) = 'on' THEN
                    RETURN NULL;
                END IF;
                RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
                    USING ERRCODE = 'restrict_violation';
            END $$
            """,
            f"DROP TRIGGER append_only ON {table}",
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse_change()",
            f"""
            DO $$ BEGIN EXECUTE
                'CREATE TRIGGER append_only_rest BEFORE UPDATE OF ' || ({others})
                || ' ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()';
            END $$
            """,
        ],
        reverse_sql=[
            f"DROP TRIGGER append_only_rest ON {table}",
            f"DROP TRIGGER append_only ON {table}",
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
            f"DROP FUNCTION {table}_refuse_change()",
        ],
    )


def notes_configuration_change(table: str, *, when: str = "", events: str = "INSERT OR UPDATE OR DELETE") -> RunSQL:
    """Raise the merchant's configuration version whenever a row of `table` changes."""
    condition = f"WHEN ({when})" if when else ""
    return RunSQL(
        sql=f"CREATE TRIGGER configuration_change AFTER {events} ON {table}"
        f" FOR EACH ROW {condition} EXECUTE FUNCTION note_configuration_change()",
        reverse_sql=f"DROP TRIGGER configuration_change ON {table}",
    )
