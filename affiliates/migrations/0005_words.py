"""What partners are found by."""

import django.db.models.deletion
from django.db import migrations, models

from merchants.schema import tenant_foreign_key, tenant_rows


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0004_document"),
        ("merchants", "0007_operator_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="PartnerWord",
            fields=[
                ("word", models.CharField(db_collation="C", max_length=64)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "merchant_id",
                        "word",
                        "partner_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="merchants.merchant",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="words",
                        to="affiliates.partner",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["merchant", "partner"], name="partner_word_by_partner")],
            },
        ),
        tenant_rows("affiliates_partnerword"),
        tenant_foreign_key("affiliates_partnerword", "partner_id", "affiliates_partner"),
    ]
