"""Commissions of recruiters, which follow what their recruits earned."""

from django.db import migrations, models

from merchants.schema import tenant_foreign_key


class Migration(migrations.Migration):
    dependencies = [("commissions", "0008_flags")]

    operations = [
        migrations.AddField("commission", "level", models.PositiveSmallIntegerField(db_default=0)),
        migrations.AddField(
            "commission",
            "source",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=models.DO_NOTHING,
                related_name="shares",
                to="commissions.commission",
            ),
        ),
        migrations.AddConstraint(
            "commission",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("level", 0), ("source", None)),
                    models.Q(("level__gt", 0), ("source__isnull", False)),
                    _connector="OR",
                ),
                name="commission_level",
            ),
        ),
        migrations.AddIndex(
            "commission",
            models.Index(
                condition=models.Q(("source__isnull", False)),
                fields=["merchant", "source"],
                name="commission_by_source",
            ),
        ),
        # A key like any other, not one of those that are checked at once: it costs only where there is a recruiter.
        tenant_foreign_key("commissions_commission", "source_id", "commissions_commission"),
        migrations.AddField("decision", "follows", models.UUIDField(null=True)),
        tenant_foreign_key("commissions_decision", "follows", "commissions_decision"),
    ]
