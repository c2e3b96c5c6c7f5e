"""Whose commission it is, for what and by which reward, checked once for a whole batch.

Versions of rewards are append-only, so they are kept as well.
"""

from django.db import migrations

from merchants.schema import references_at_once


class Migration(migrations.Migration):
    dependencies = [("commissions", "0002_tenancy"), ("orders", "0003_references_at_once")]

    operations = [
        *references_at_once(
            "commissions_commission",
            {
                "partner_id": "affiliates_partner",
                "order_id": "orders_order",
                "customer_id": "customers_customer",
                "reward_version_id": "rewards_rewardversion",
            },
        ),
    ]
