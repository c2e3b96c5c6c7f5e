"""An announcement may be for the partners of one program, as one of its terms is."""

from django.db import migrations, models

from merchants.schema import tenant_foreign_key


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0009_stretches"), ("outreach", "0001_initial")]

    operations = [
        migrations.AddField(
            "announcement",
            "program",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=models.DO_NOTHING,
                related_name="announcements",
                to="affiliates.program",
            ),
        ),
        tenant_foreign_key("outreach_announcement", "program_id", "affiliates_program"),
    ]
