import django.db.models.deletion
from django.db import migrations, models

import merchants.ids
from merchants.schema import tenant_table


class Migration(migrations.Migration):
    dependencies = [("merchants", "0005_logo_and_legal")]

    operations = [
        migrations.CreateModel(
            name="MailWords",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("letter", models.CharField(max_length=40)),
                ("subject", models.CharField(blank=True, max_length=200)),
                ("body", models.TextField(blank=True)),
                (
                    "merchant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mail_words",
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("merchant", "letter"), name="mail_words_once")]},
        ),
        tenant_table("merchants_mailwords"),
    ]
