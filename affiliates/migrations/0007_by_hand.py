"""A customer may come to a partner by hand, and is still known to have been another's before."""

import django.db.models.deletion
from django.db import migrations, models

import merchants.ids
from merchants.schema import tenant_foreign_key, tenant_table


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0006_applications"), ("customers", "0001_initial")]

    operations = [
        migrations.AlterField(
            "customerattribution",
            "touch",
            models.CharField(
                choices=[
                    ("api", "Api"),
                    ("coupon", "Coupon"),
                    ("click", "Click"),
                    ("customer", "Customer"),
                    ("hand", "By hand"),
                ],
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            name="EarlierAttribution",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="earlier_attributions",
                        to="customers.customer",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="earlier_attributions",
                        to="merchants.merchant",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="affiliates.partner",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "customer", "until"), name="earlier_attribution_once")
                ],
            },
        ),
        tenant_table("affiliates_earlierattribution"),
        tenant_foreign_key("affiliates_earlierattribution", "customer_id", "customers_customer"),
        tenant_foreign_key("affiliates_earlierattribution", "partner_id", "affiliates_partner"),
    ]
