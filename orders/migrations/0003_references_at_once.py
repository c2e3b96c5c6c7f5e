"""Whose order it is, checked once for a whole batch; and orders, to which the books refer, kept."""

from django.db import migrations

from merchants.schema import kept, references_at_once


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_tenancy"), ("affiliates", "0003_references_at_once")]

    operations = [
        kept("orders_order"),
        *references_at_once(
            "orders_order",
            {
                "customer_id": "customers_customer",
                "partner_id": "affiliates_partner",
                "coupon_id": "affiliates_coupon",
            },
        ),
    ]
