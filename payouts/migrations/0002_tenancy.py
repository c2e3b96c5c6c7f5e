"""Row-level security and references that stay inside the tenant."""

from django.db import migrations

from merchants.schema import tenant_foreign_key, tenant_table


class Migration(migrations.Migration):
    dependencies = [("payouts", "0001_initial"), ("commissions", "0002_tenancy")]

    operations = [
        tenant_table("payouts_payout"),
        tenant_table("payouts_payoutitem"),
        tenant_foreign_key("payouts_payout", "partner_id", "affiliates_partner"),
        tenant_foreign_key("payouts_payoutitem", "payout_id", "payouts_payout"),
        tenant_foreign_key("payouts_payoutitem", "commission_id", "commissions_commission"),
    ]
