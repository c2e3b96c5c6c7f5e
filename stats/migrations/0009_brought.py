"""What customers bought through the partner whose they are: the portal lists them by it."""

from importlib import import_module

from django.db import migrations, models

EVERYTHING = import_module("stats.migrations.0003_standing").EVERYTHING


class Migration(migrations.Migration):
    dependencies = [
        ("stats", "0008_kept_orders"),
    ]

    operations = [
        migrations.AddField("customertotal", "partner_id", models.UUIDField(null=True)),
        migrations.AddField("customertotal", "brought", models.BigIntegerField(default=0)),
        migrations.AddIndex(
            "customertotal",
            models.Index(
                fields=["merchant", "partner_id", "currency", "-brought", "-customer"],
                condition=models.Q(("partner_id__isnull", False)),
                name="customer_total_brought",
            ),
        ),
        EVERYTHING,
    ]
