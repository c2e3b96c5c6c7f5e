"""Bonuses on hold can be taken back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("commissions", "0009_levels"),
    ]

    operations = [
        migrations.AlterField(
            model_name="decision",
            name="kind",
            field=models.CharField(
                choices=[
                    ("rejection", "Rejection"),
                    ("restoration", "Restoration"),
                    ("reattribution", "re-attribution"),
                    ("deletion", "Deletion"),
                    ("below_target", "below target"),
                ],
                max_length=13,
            ),
        ),
    ]
