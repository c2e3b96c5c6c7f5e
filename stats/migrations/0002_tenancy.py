"""Row-level security."""

from django.db import migrations

from merchants.schema import tenant_rows


class Migration(migrations.Migration):
    dependencies = [("stats", "0001_initial"), ("merchants", "0002_tenancy")]

    operations = [
        tenant_rows("stats_stalemark"),
        tenant_rows("stats_partnerday"),
        tenant_rows("stats_merchantday"),
        tenant_rows("stats_partnertotal"),
        tenant_rows("stats_customertotal"),
    ]
