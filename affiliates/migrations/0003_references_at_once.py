"""Whose customer somebody is, checked once for a whole batch; and what is referred to, kept."""

from django.db import migrations

from merchants.schema import kept, references_at_once


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0002_tenancy"), ("customers", "0004_kept")]

    operations = [
        kept("affiliates_partner"),
        kept("affiliates_coupon"),
        *references_at_once(
            "affiliates_customerattribution", {"customer_id": "customers_customer", "partner_id": "affiliates_partner"}
        ),
    ]
