"""Customers belong to one merchant; identities to none."""

from django.db import migrations

from merchants.schema import tenant_table


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial"), ("merchants", "0002_tenancy")]

    operations = [
        tenant_table("customers_customer"),
    ]
