"""Row-level security, references that stay inside the tenant, and cached configuration."""

from django.db import migrations

from merchants.schema import notes_configuration_change, tenant_foreign_key, tenant_table


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0001_initial"), ("customers", "0002_tenancy")]

    operations = [
        tenant_table("affiliates_program"),
        tenant_table("affiliates_group"),
        tenant_table("affiliates_partner"),
        tenant_table("affiliates_coupon"),
        tenant_table("affiliates_link"),
        tenant_table("affiliates_click"),
        tenant_table("affiliates_customerattribution"),
        tenant_table("affiliates_lead"),
        tenant_foreign_key("affiliates_group", "program_id", "affiliates_program"),
        tenant_foreign_key("affiliates_partner", "program_id", "affiliates_program"),
        tenant_foreign_key("affiliates_partner", "group_id", "affiliates_group"),
        tenant_foreign_key("affiliates_coupon", "partner_id", "affiliates_partner"),
        tenant_foreign_key("affiliates_link", "partner_id", "affiliates_partner"),
        tenant_foreign_key("affiliates_click", "link_id", "affiliates_link"),
        tenant_foreign_key("affiliates_click", "partner_id", "affiliates_partner"),
        tenant_foreign_key("affiliates_customerattribution", "customer_id", "customers_customer"),
        tenant_foreign_key("affiliates_customerattribution", "partner_id", "affiliates_partner"),
        tenant_foreign_key("affiliates_lead", "customer_id", "customers_customer"),
        tenant_foreign_key("affiliates_lead", "partner_id", "affiliates_partner"),
        notes_configuration_change("affiliates_program"),
        notes_configuration_change("affiliates_group"),
    ]
