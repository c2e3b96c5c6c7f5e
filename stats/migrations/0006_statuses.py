"""What became of commissions, by day, so that no page adds them up; and totals of everybody."""

from importlib import import_module

from django.db import migrations, models

EVERYTHING = import_module("stats.migrations.0003_standing").EVERYTHING


class Migration(migrations.Migration):
    dependencies = [
        ("stats", "0005_sorted_customers"),
    ]

    operations = [
        migrations.AddField(
            model_name="merchantday",
            name="in_payout",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="merchantday",
            name="paid",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="merchantday",
            name="paid_count",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="merchantday",
            name="pending_count",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="merchantday",
            name="taken_back",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="merchantday",
            name="taken_back_count",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="merchantday",
            name="unpaid_count",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="partnerday",
            name="in_payout",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="partnerday",
            name="paid",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="partnerday",
            name="paid_count",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="partnerday",
            name="pending_count",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="partnerday",
            name="taken_back",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="partnerday",
            name="taken_back_count",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="partnerday",
            name="unpaid_count",
            field=models.IntegerField(default=0),
        ),
        EVERYTHING,
    ]
