"""What payment providers call a customer."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import merchants.ids
from merchants.schema import tenant_foreign_key, tenant_table


class Migration(migrations.Migration):
    dependencies = [("customers", "0006_words")]

    operations = [
        migrations.CreateModel(
            name="ProviderKey",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("provider", models.CharField(max_length=20)),
                ("key", models.CharField(max_length=200)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="provider_keys",
                        to="customers.customer",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="provider_keys",
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "provider", "key"), name="provider_key_once")
                ],
                "indexes": [models.Index(fields=["merchant", "customer"], name="provider_key_by_customer")],
            },
        ),
        tenant_table("customers_providerkey"),
        tenant_foreign_key("customers_providerkey", "customer_id", "customers_customer"),
    ]
