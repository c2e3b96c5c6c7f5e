"""A customer may come to a partner by hand."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0006_applications")]

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
    ]
