"""Lists in one currency, also in a rare one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0004_document"),
        ("customers", "0005_keys_that_are_there"),
        ("merchants", "0004_brand"),
        ("orders", "0004_document_and_coupon"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["merchant", "currency", "-placed_at", "-id"], name="order_by_currency"),
        ),
    ]
