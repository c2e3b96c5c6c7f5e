"""The working of a commission is stored as it was written."""

from django.db import migrations

import merchants.documents


class Migration(migrations.Migration):
    dependencies = [
        ("commissions", "0003_references_at_once"),
    ]

    operations = [
        migrations.AlterField(
            model_name="commission",
            name="explanation",
            field=merchants.documents.Document(),
        ),
    ]
