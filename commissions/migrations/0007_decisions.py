"""Commissions taken back and given again by hand: who, when and why; and those that went to another partner."""

import django.db.models.functions.datetime
from django.db import migrations, models

import merchants.ids
from merchants.schema import append_only, names_can_go, tenant_foreign_key, tenant_table


class Migration(migrations.Migration):
    dependencies = [("commissions", "0006_by_status"), ("orders", "0007_deleted")]

    operations = [
        migrations.AddField("commission", "moved", models.PositiveSmallIntegerField(db_default=0)),
        migrations.AddField("commission", "is_hidden", models.BooleanField(db_default=False)),
        migrations.RemoveConstraint("commission", "commission_once"),
        migrations.AddConstraint(
            "commission",
            models.UniqueConstraint(fields=("merchant", "order", "partner", "moved"), name="commission_once"),
        ),
        migrations.AddIndex(
            "commission",
            models.Index(
                condition=models.Q(("order", None)), fields=["merchant", "partner"], name="commission_without_order"
            ),
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("rejection", "Rejection"),
                            ("restoration", "Restoration"),
                            ("reattribution", "re-attribution"),
                            ("deletion", "Deletion"),
                        ],
                        max_length=13,
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("reason", models.CharField(max_length=800)),
                ("decided_by", models.CharField(max_length=200)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "commission",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=models.DO_NOTHING,
                        related_name="decisions",
                        to="commissions.commission",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=models.DO_NOTHING,
                        related_name="decisions",
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["merchant", "commission"], name="decision_by_commission")],
            },
        ),
        tenant_table("commissions_decision"),
        tenant_foreign_key("commissions_decision", "commission_id", "commissions_commission"),
        *append_only(["commissions_decision"]),
        # What somebody wrote about whoever was erased since.
        names_can_go("commissions_decision", ["reason"]),
    ]
