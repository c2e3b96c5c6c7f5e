"""Who accepted a version is read from there, and counted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0009_stretches")]

    operations = [
        migrations.AddIndex(
            "termsacceptance", models.Index(fields=["merchant", "terms", "-id"], name="terms_accepted_by")
        ),
    ]
