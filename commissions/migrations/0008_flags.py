"""Doubts about commissions."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import merchants.ids
from merchants.schema import tenant_foreign_key, tenant_table


class Migration(migrations.Migration):
    dependencies = [
        ("commissions", "0007_decisions"),
        ("merchants", "0007_operator_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="Flag",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("rule", models.CharField(max_length=40)),
                ("severity", models.PositiveSmallIntegerField(choices=[(1, "Low"), (2, "Medium"), (3, "High")])),
                ("reason", models.CharField(max_length=500)),
                ("evidence", models.JSONField(default=dict)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("released", "Released"),
                            ("mistaken", "Mistaken"),
                            ("rejected", "Rejected"),
                            ("moot", "Nothing left to decide"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("decided_by", models.CharField(blank=True, max_length=200)),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "commission",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="flags",
                        to="commissions.commission",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="flags",
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("outcome", "open")), fields=["merchant", "commission"], name="flag_open"
                    ),
                    models.Index(fields=["merchant", "rule", "outcome"], name="flag_by_rule"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "commission", "rule"), name="flag_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("outcome", "open")),
                            models.Q(models.Q(("outcome", "open"), _negated=True), ("closed_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="flag_closed_when_decided",
                    ),
                ],
            },
        ),
        tenant_table("commissions_flag"),
        tenant_foreign_key("commissions_flag", "commission_id", "commissions_commission"),
    ]
