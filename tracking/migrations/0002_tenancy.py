"""Row-level security."""

from django.db import migrations

from merchants.schema import tenant_table


class Migration(migrations.Migration):
    dependencies = [("tracking", "0001_initial"), ("merchants", "0002_tenancy")]

    operations = [
        tenant_table("tracking_storedanswer"),
    ]
