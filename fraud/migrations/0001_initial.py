"""Rules of fraud, addresses of partners, and what was looked at."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import merchants.ids
from merchants.schema import tenant_foreign_key, tenant_rows, tenant_table

# The sweep looks into every merchant six times a minute: only those that have a rule switched on are rung for.
SWEEP = migrations.RunSQL(
    sql="CREATE POLICY sweep ON fraud_rulesetting FOR SELECT USING (current_setting('app.sweep', true) = 'on' AND is_on)",
    reverse_sql="DROP POLICY sweep ON fraud_rulesetting",
)


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("affiliates", "0005_words"),
        ("commissions", "0008_flags"),
        ("merchants", "0007_operator_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="Screened",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "merchant_id", "commission_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "commission",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="commissions.commission",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="screened",
                        to="merchants.merchant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Address",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("ip_hash", models.CharField(max_length=32)),
                ("seen_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="partner_addresses",
                        to="merchants.merchant",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="addresses",
                        to="affiliates.partner",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "addresses",
                "indexes": [models.Index(fields=["merchant", "ip_hash"], name="partner_address_shared")],
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "partner", "ip_hash"), name="partner_address_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="RuleSetting",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("rule", models.CharField(max_length=40)),
                ("is_on", models.BooleanField(default=False)),
                ("parameters", models.JSONField(default=dict)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fraud_rules",
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("merchant", "rule"), name="fraud_rule_once")],
            },
        ),
        migrations.CreateModel(
            name="Screening",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("until", models.DateTimeField()),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="screenings",
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("merchant",), name="screening_once")],
            },
        ),
        tenant_table("fraud_rulesetting"),
        tenant_table("fraud_screening"),
        tenant_table("fraud_address"),
        tenant_rows("fraud_screened"),
        tenant_foreign_key("fraud_address", "partner_id", "affiliates_partner"),
        tenant_foreign_key("fraud_screened", "commission_id", "commissions_commission"),
        SWEEP,
    ]
