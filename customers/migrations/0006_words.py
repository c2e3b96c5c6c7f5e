"""What customers are found by: words that the worker writes, so that a new customer pays nothing."""

import django.db.models.deletion
from django.db import migrations, models

from merchants.schema import references_at_once, tenant_rows


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0005_keys_that_are_there"),
        ("merchants", "0007_operator_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="CustomerWord",
            fields=[
                ("word", models.CharField(db_collation="C", max_length=64)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "merchant_id",
                        "word",
                        "customer_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="words",
                        to="customers.customer",
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
            ],
            options={
                "indexes": [models.Index(fields=["merchant", "customer"], name="customer_word_by_customer")],
            },
        ),
        tenant_rows("customers_customerword"),
        *references_at_once("customers_customerword", {"customer_id": "customers_customer"}, had_keys=False),
    ]
