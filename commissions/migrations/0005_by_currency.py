"""Lists in one currency, also in a rare one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0004_document"),
        ("commissions", "0004_document"),
        ("customers", "0005_keys_that_are_there"),
        ("merchants", "0004_brand"),
        ("orders", "0004_document_and_coupon"),
        ("rewards", "0002_tenancy"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="commission",
            index=models.Index(fields=["merchant", "currency", "-occurred_at", "-id"], name="commission_by_currency"),
        ),
    ]
