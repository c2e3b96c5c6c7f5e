"""Row-level security, the append-only audit log, and the version that caches of a merchant's configuration check."""

from django.db import migrations

from merchants.schema import append_only, names_can_go, tenant_rows, tenant_table

# Whatever a process caches about a merchant is checked against this number, so a writer cannot forget to raise it.
# `note_configuration_change` is for tables in other apps (see affiliates and rewards).
CONFIGURATION_VERSION = migrations.RunSQL(
    sql="""
    CREATE FUNCTION raise_configuration_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.configuration_version := OLD.configuration_version + 1;
        RETURN NEW;
    END $$;
    CREATE TRIGGER configuration_version BEFORE UPDATE ON merchants_merchant
        FOR EACH ROW EXECUTE FUNCTION raise_configuration_version();
    CREATE FUNCTION note_configuration_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE merchants_merchant SET configuration_version = configuration_version
         WHERE id = coalesce(NEW.merchant_id, OLD.merchant_id);
        RETURN NULL;
    END $$;
    """,
    reverse_sql="""
    DROP TRIGGER configuration_version ON merchants_merchant;
    DROP FUNCTION raise_configuration_version();
    DROP FUNCTION note_configuration_change();
    """,
)


class Migration(migrations.Migration):
    dependencies = [("merchants", "0001_initial")]

    operations = [
        tenant_rows("merchants_merchant", column="id", or_when="current_setting('app.sweep', true) = 'on'"),
        tenant_table("merchants_membership"),
        tenant_table("merchants_apikey"),
        tenant_table("merchants_auditentry"),
        *append_only(["merchants_auditentry"]),
        names_can_go("merchants_auditentry", ["actor_name", "before", "after"]),
        CONFIGURATION_VERSION,
    ]
