"""Versions never change. Those of programs and groups are cached by the ingest; a partner's own are not."""

from django.db import migrations

from merchants.schema import append_only, notes_configuration_change, tenant_foreign_key, tenant_table


class Migration(migrations.Migration):
    dependencies = [("rewards", "0001_initial"), ("affiliates", "0002_tenancy")]

    operations = [
        tenant_table("rewards_rewardversion"),
        tenant_foreign_key("rewards_rewardversion", "program_id", "affiliates_program"),
        tenant_foreign_key("rewards_rewardversion", "group_id", "affiliates_group"),
        tenant_foreign_key("rewards_rewardversion", "partner_id", "affiliates_partner"),
        *append_only(["rewards_rewardversion"]),
        notes_configuration_change("rewards_rewardversion", when="NEW.partner_id IS NULL", events="INSERT"),
    ]
