"""The books are kept by the database: balanced, append-only, one tenant."""

from django.db import migrations

from merchants.schema import append_only, tenant_foreign_key, tenant_rows, tenant_table

# A statement-level trigger sees all entries of the statement at once. Measured free, where a deferred row trigger
# costs 50 us a row. The second check closes the door behind: nobody adds entries, even balanced ones, to a
# transaction that was posted before.
BALANCED = migrations.RunSQL(
    sql="""
    CREATE FUNCTION check_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE bad record;
    BEGIN
        SELECT transaction_id, currency, sum(amount) AS off INTO bad FROM posted
         GROUP BY merchant_id, transaction_id, currency HAVING sum(amount) <> 0 LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'ledger transaction % is off by % %', bad.transaction_id, bad.off, bad.currency
                USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_balance';
        END IF;
        PERFORM 1 FROM posted p JOIN ledger_transaction t ON t.merchant_id = p.merchant_id AND t.id = p.transaction_id
          WHERE t.posted_at <> statement_timestamp() LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entries can only be posted together with their transaction'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_posted_together';
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER balanced AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS posted
        FOR EACH STATEMENT EXECUTE FUNCTION check_balanced();
    """,
    reverse_sql="DROP TRIGGER balanced ON ledger_entry; DROP FUNCTION check_balanced();",
)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial"), ("merchants", "0002_tenancy")]

    operations = [
        tenant_table("ledger_transaction"),
        tenant_rows("ledger_entry"),
        tenant_foreign_key("ledger_entry", "transaction_id", "ledger_transaction"),
        *append_only(["ledger_transaction", "ledger_entry"]),
        BALANCED,
    ]
