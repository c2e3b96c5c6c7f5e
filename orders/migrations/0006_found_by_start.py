"""Orders are found by the start of their id: a range in the unique index, which costs a sale nothing more."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0005_by_currency"),
    ]

    operations = [
        migrations.AlterField(
            model_name="order",
            name="external_id",
            field=models.CharField(db_collation="C", max_length=200),
        ),
    ]
