"""Orders that were not refunded in full, by partner and day: targets of bonuses count those."""

from importlib import import_module

from django.db import migrations, models

EVERYTHING = import_module("stats.migrations.0003_standing").EVERYTHING


class Migration(migrations.Migration):
    dependencies = [
        ("stats", "0007_shared"),
    ]

    operations = [
        migrations.AddField("partnerday", "kept_orders", models.IntegerField(default=0)),
        EVERYTHING,
    ]
