"""Row-level security and references that stay inside the tenant."""

from django.db import migrations

from merchants.schema import append_only, tenant_foreign_key, tenant_table


class Migration(migrations.Migration):
    dependencies = [("commissions", "0001_initial"), ("orders", "0002_tenancy"), ("rewards", "0002_tenancy")]

    operations = [
        tenant_table("commissions_commission"),
        tenant_table("commissions_reversal"),
        tenant_foreign_key("commissions_commission", "partner_id", "affiliates_partner"),
        tenant_foreign_key("commissions_commission", "order_id", "orders_order"),
        tenant_foreign_key("commissions_commission", "customer_id", "customers_customer"),
        tenant_foreign_key("commissions_commission", "reward_version_id", "rewards_rewardversion"),
        tenant_foreign_key("commissions_reversal", "commission_id", "commissions_commission"),
        tenant_foreign_key("commissions_reversal", "refund_id", "orders_refund"),
        *append_only(["commissions_reversal"]),
    ]
