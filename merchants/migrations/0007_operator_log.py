from django.db import migrations, models
from django.db.models.functions import Now

import merchants.ids
from merchants.schema import append_only


class Migration(migrations.Migration):
    dependencies = [("merchants", "0006_mail_words")]

    operations = [
        migrations.CreateModel(
            name="OperatorEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField(db_default=Now(), editable=False)),
                ("actor_id", models.UUIDField(null=True)),
                ("actor_name", models.CharField(max_length=200)),
                ("verb", models.CharField(max_length=40)),
                ("object_type", models.CharField(max_length=40)),
                ("object_id", models.CharField(blank=True, max_length=64)),
                ("detail", models.JSONField(null=True)),
            ],
            options={"verbose_name": "operator's log entry", "verbose_name_plural": "operators' log"},
        ),
        *append_only(["merchants_operatorentry"]),
    ]
