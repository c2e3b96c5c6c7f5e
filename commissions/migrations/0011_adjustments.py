"""What an adjustment adjusts, as a reference: the end of a hold, and every doubt, asks for it."""

from django.db import migrations, models

from merchants.schema import tenant_foreign_key


class Migration(migrations.Migration):
    dependencies = [("commissions", "0010_below_target")]

    operations = [
        migrations.AddField(
            "commission",
            "adjusts",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=models.DO_NOTHING,
                related_name="adjustments",
                to="commissions.commission",
            ),
        ),
        migrations.AddIndex(
            "commission",
            models.Index(
                condition=models.Q(("adjusts__isnull", False)),
                fields=["merchant", "adjusts"],
                name="commission_by_adjusted",
            ),
        ),
        tenant_foreign_key("commissions_commission", "adjusts_id", "commissions_commission"),
    ]
