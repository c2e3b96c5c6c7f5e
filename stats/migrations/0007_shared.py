"""What recruiters earned, by day. There was none of it before, so every row is right with 0."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stats", "0006_statuses"), ("commissions", "0009_levels")]

    operations = [
        migrations.AddField("merchantday", "shared", models.BigIntegerField(default=0)),
        migrations.AddField("partnerday", "shared", models.BigIntegerField(default=0)),
    ]
