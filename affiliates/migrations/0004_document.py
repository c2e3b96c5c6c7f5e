"""The decision about a lead is stored as it was written."""

from django.db import migrations

import merchants.documents


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0003_references_at_once"),
    ]

    operations = [
        migrations.AlterField(
            model_name="lead",
            name="attribution",
            field=merchants.documents.Document(),
        ),
    ]
