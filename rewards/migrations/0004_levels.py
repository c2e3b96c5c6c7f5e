"""Rules for recruiters. How deep any of them reaches is cached by the ingest, those of partners included."""

from django.db import migrations, models

from merchants.schema import names_can_go, notes_configuration_change

_BEFORE = notes_configuration_change("rewards_rewardversion", when="NEW.partner_id IS NULL", events="INSERT")


class Migration(migrations.Migration):
    dependencies = [("rewards", "0003_rules")]

    operations = [
        migrations.AddField("rewardversion", "levels", models.PositiveSmallIntegerField(default=0)),
        migrations.AddIndex(
            "rewardversion",
            models.Index(
                condition=models.Q(("levels__gt", 0)), fields=["merchant", "levels"], name="reward_for_recruiters"
            ),
        ),
        migrations.RunSQL(_BEFORE.reverse_sql, _BEFORE.sql),
        notes_configuration_change(
            "rewards_rewardversion", when="NEW.partner_id IS NULL OR NEW.levels > 0", events="INSERT"
        ),
        # What a rule is called, and which codes it asks for, of a partner who was erased since.
        names_can_go("rewards_rewardversion", ["details"]),
    ]
