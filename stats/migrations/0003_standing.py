"""How much of what was earned is on hold and how much may be paid: kept by day, so that balances are not added up."""

from django.db import migrations, models

# Whatever changes the status of commissions, one or thousands at once, also marks their days; no writer can forget it.
STATUS = migrations.RunSQL(
    sql="""
    CREATE FUNCTION mark_changed_status() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO stats_stalemark (merchant_id, touched)
        SELECT n.merchant_id, array_agg(DISTINCT n.partner_id || '/' || n.occurred_at)
          FROM changed n JOIN before o ON o.merchant_id = n.merchant_id AND o.id = n.id
         WHERE n.status <> o.status GROUP BY n.merchant_id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER status_change AFTER UPDATE ON commissions_commission
        REFERENCING OLD TABLE AS before NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION mark_changed_status();
    """,
    reverse_sql="DROP TRIGGER status_change ON commissions_commission; DROP FUNCTION mark_changed_status();",
)

# The owner, who migrates, is held by the policies too, and stands in no tenant here.
EVERYTHING = migrations.RunSQL(
    sql="""
    ALTER TABLE stats_stalemark NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE merchants_merchant NO FORCE ROW LEVEL SECURITY;
    INSERT INTO stats_stalemark (merchant_id, touched) SELECT id, '{everything}' FROM merchants_merchant;
    ALTER TABLE merchants_merchant FORCE ROW LEVEL SECURITY;
    ALTER TABLE stats_stalemark FORCE ROW LEVEL SECURITY;
    """,
    reverse_sql=migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [
        ("commissions", "0004_document"),
        ("merchants", "0004_brand"),
        ("stats", "0002_tenancy"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="partnerday",
            name="partner_day_once",
        ),
        migrations.AddField(
            model_name="merchantday",
            name="approved",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="merchantday",
            name="pending",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="partnerday",
            name="approved",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="partnerday",
            name="pending",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="partnertotal",
            name="approved",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="partnertotal",
            name="pending",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name="partnerday",
            constraint=models.UniqueConstraint(
                fields=("merchant", "partner_id", "day", "currency"),
                include=(
                    "clicks",
                    "unique_clicks",
                    "leads",
                    "orders",
                    "revenue",
                    "refunded",
                    "earned",
                    "pending",
                    "approved",
                ),
                name="partner_day_once",
                nulls_distinct=False,
            ),
        ),
        STATUS,
        EVERYTHING,
    ]
