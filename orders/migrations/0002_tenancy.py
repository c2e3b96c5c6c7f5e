"""Row-level security and references that stay inside the tenant. Clicks are not referenced: they may be pruned."""

from django.db import migrations

from merchants.schema import append_only, names_can_go, tenant_foreign_key, tenant_table


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial"), ("affiliates", "0002_tenancy")]

    operations = [
        tenant_table("orders_order"),
        tenant_table("orders_refund"),
        tenant_foreign_key("orders_order", "customer_id", "customers_customer"),
        tenant_foreign_key("orders_order", "partner_id", "affiliates_partner"),
        tenant_foreign_key("orders_order", "coupon_id", "affiliates_coupon"),
        tenant_foreign_key("orders_refund", "order_id", "orders_order"),
        *append_only(["orders_refund"]),
        # What somebody wrote about a customer who was deleted since.
        names_can_go("orders_refund", ["reason"]),
    ]
