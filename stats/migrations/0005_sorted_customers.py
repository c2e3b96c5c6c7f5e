"""Customers are listed by what they bought, so everybody has a total, and its indexes end with the customer."""

import django.db.models.deletion
from django.db import migrations, models

from merchants.schema import references_at_once

# Another currency of the merchant's own: in that one everybody is to have a row. A trigger, as for the time zone.
CURRENCY = migrations.RunSQL(
    sql="""
    CREATE FUNCTION mark_customers_stale() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO stats_stalemark (merchant_id, touched)
        VALUES (NEW.id, '{customers/00000000-0000-0000-0000-000000000000}');
        RETURN NULL;
    END $$;
    CREATE TRIGGER currency_change AFTER UPDATE OF currency ON merchants_merchant
        FOR EACH ROW WHEN (OLD.currency <> NEW.currency) EXECUTE FUNCTION mark_customers_stale();
    """,
    reverse_sql="DROP TRIGGER currency_change ON merchants_merchant; DROP FUNCTION mark_customers_stale();",
)

# The column stays what it was; only Django learns that it names a customer.
CUSTOMER = migrations.SeparateDatabaseAndState(
    state_operations=[
        migrations.RemoveConstraint(model_name="customertotal", name="customer_total_once"),
        migrations.RemoveField(model_name="customertotal", name="customer_id"),
        migrations.AddField(
            model_name="customertotal",
            name="customer",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="totals",
                to="customers.customer",
            ),
        ),
        migrations.AddConstraint(
            model_name="customertotal",
            constraint=models.UniqueConstraint(fields=("merchant", "customer", "currency"), name="customer_total_once"),
        ),
    ]
)


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0006_words"),
        ("stats", "0004_words"),
    ]

    operations = [
        CUSTOMER,
        migrations.RemoveIndex(model_name="customertotal", name="customer_total_best"),
        migrations.AddIndex(
            model_name="customertotal",
            index=models.Index(fields=["merchant", "currency", "-revenue", "-customer"], name="customer_total_best"),
        ),
        migrations.AddIndex(
            model_name="customertotal",
            index=models.Index(fields=["merchant", "currency", "-orders", "-customer"], name="customer_total_most"),
        ),
        *references_at_once("stats_customertotal", {"customer_id": "customers_customer"}, had_keys=False),
        CURRENCY,
    ]
