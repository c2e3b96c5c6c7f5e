"""Rules: several chains of versions for one owner, a typed document beside the rate, and what is counted for them.

What was counted stands for the groups a partner was in and for the merchant's time zone: when either changes, the rows go
and the next sale counts them again.
"""

import django.db.models.deletion
from django.db import migrations, models

import merchants.documents
from merchants.schema import tenant_foreign_key, tenant_table

_FORGET = """
CREATE FUNCTION forget_standings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'affiliates_partner' THEN
        DELETE FROM rewards_rewardstanding WHERE merchant_id = NEW.merchant_id AND partner_id = NEW.id;
    ELSE
        DELETE FROM rewards_rewardstanding WHERE merchant_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_standings AFTER UPDATE OF group_id, program_id ON affiliates_partner FOR EACH ROW
    WHEN (OLD.group_id IS DISTINCT FROM NEW.group_id OR OLD.program_id <> NEW.program_id)
    EXECUTE FUNCTION forget_standings();
CREATE TRIGGER forget_standings AFTER UPDATE OF time_zone ON merchants_merchant FOR EACH ROW
    WHEN (OLD.time_zone <> NEW.time_zone) EXECUTE FUNCTION forget_standings();
"""
_REMEMBER = """
DROP TRIGGER forget_standings ON affiliates_partner;
DROP TRIGGER forget_standings ON merchants_merchant;
DROP FUNCTION forget_standings();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0002_tenancy"),
        ("customers", "0002_tenancy"),
        ("merchants", "0002_tenancy"),
        ("rewards", "0002_tenancy"),
    ]

    operations = [
        migrations.CreateModel(
            name="RewardStanding",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("period", models.CharField(blank=True, max_length=7)),
                ("orders", models.PositiveIntegerField()),
                ("revenue", models.JSONField(default=dict)),
                ("earned", models.JSONField(default=dict)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="rewardversion",
            name="reward_terms_complete",
        ),
        migrations.RemoveConstraint(
            model_name="rewardversion",
            name="reward_version_once",
        ),
        migrations.AddField(
            model_name="rewardversion",
            name="details",
            field=merchants.documents.Document(default=dict),
        ),
        migrations.AddField(
            model_name="rewardversion",
            name="rule",
            field=models.UUIDField(null=True),
        ),
        migrations.AddConstraint(
            model_name="rewardversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount", None), ("kind", "percentage"), ("percent__gte", 0), ("percent__lte", 100)),
                    models.Q(
                        ("amount__gte", 0),
                        ("kind", "fixed"),
                        ("percent", None),
                        models.Q(("currency", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="reward_terms_complete",
            ),
        ),
        migrations.AddConstraint(
            model_name="rewardversion",
            constraint=models.UniqueConstraint(
                fields=("merchant", "program", "group", "partner", "rule", "number"),
                name="reward_version_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddField(
            model_name="rewardstanding",
            name="customer",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="customers.customer",
            ),
        ),
        migrations.AddField(
            model_name="rewardstanding",
            name="merchant",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reward_standings",
                to="merchants.merchant",
            ),
        ),
        migrations.AddField(
            model_name="rewardstanding",
            name="partner",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="standings",
                to="affiliates.partner",
            ),
        ),
        migrations.AddIndex(
            model_name="rewardstanding",
            index=models.Index(fields=["merchant", "partner"], name="standing_by_partner"),
        ),
        tenant_table("rewards_rewardstanding"),
        tenant_foreign_key("rewards_rewardstanding", "partner_id", "affiliates_partner"),
        tenant_foreign_key("rewards_rewardstanding", "customer_id", "customers_customer"),
        migrations.RunSQL(_FORGET, _REMEMBER),
    ]
