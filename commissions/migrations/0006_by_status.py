"""Lists of what is approved or paid begin behind all that is on hold; an index leads there at once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commissions", "0005_by_currency")]

    operations = [
        migrations.RemoveIndex(model_name="commission", name="commission_unusual"),
        migrations.AddIndex(
            model_name="commission",
            index=models.Index(
                fields=["merchant", "status", "-occurred_at", "-id"],
                condition=models.Q(("status", "pending"), _negated=True),
                name="commission_by_status",
            ),
        ),
    ]
