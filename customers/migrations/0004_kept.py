"""Customers are referred to by what is sold and earned; who is forgotten leaves an empty row."""

from django.db import migrations

from merchants.schema import kept


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_erased")]

    operations = [
        kept("customers_customer"),
    ]
