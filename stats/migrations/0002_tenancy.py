"""Row-level security, the sweep's look at marks, and the mark that a new time zone leaves."""

from django.db import migrations

from merchants.schema import tenant_rows, tenant_table

# Marks are few and short-lived, and looking into thousands of tenants every second for them is not cheap.
SWEEP = migrations.RunSQL(
    sql="""
    CREATE POLICY sweep ON stats_stalemark FOR SELECT USING (current_setting('app.sweep', true) = 'on')
    """,
    reverse_sql="DROP POLICY sweep ON stats_stalemark",
)

# Every row comes and goes within seconds; with the usual thresholds dead ones would pile up between vacuums.
VACUUM = migrations.RunSQL(
    sql="""
    ALTER TABLE stats_stalemark
        SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0)
    """,
    reverse_sql="""
    ALTER TABLE stats_stalemark
        RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay)
    """,
)

# Another time zone cuts other days. A trigger, because merchants knows nothing of what is kept above it.
TIME_ZONE = migrations.RunSQL(
    sql="""
    CREATE FUNCTION mark_everything_stale() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO stats_stalemark (merchant_id, touched) VALUES (NEW.id, '{everything}');
        RETURN NULL;
    END $$;
    CREATE TRIGGER time_zone_change AFTER UPDATE OF time_zone ON merchants_merchant
        FOR EACH ROW WHEN (OLD.time_zone <> NEW.time_zone) EXECUTE FUNCTION mark_everything_stale();
    """,
    reverse_sql="""
    DROP TRIGGER time_zone_change ON merchants_merchant;
    DROP FUNCTION mark_everything_stale();
    """,
)


class Migration(migrations.Migration):
    dependencies = [("stats", "0001_initial"), ("merchants", "0002_tenancy")]

    operations = [
        tenant_table("stats_stalemark"),
        tenant_rows("stats_partnerday"),
        tenant_rows("stats_merchantday"),
        tenant_rows("stats_partnertotal"),
        tenant_rows("stats_customertotal"),
        SWEEP,
        VACUUM,
        TIME_ZONE,
    ]
