"""A partner's group, status and recruiter over time: written by the database, whoever changes them, stretch by stretch."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models

import merchants.ids
from merchants.schema import kept, tenant_foreign_key, tenant_table

# Not now(): of two transactions that change a partner, the one that waited for the other may have begun before it. The
# clock is read under the partner's lock, and may have been set back since the last change. A partner without a stretch
# that lasts is refused (STRICT): nobody would know where they were until now.
_WRITTEN = """
CREATE FUNCTION keep_partner_stretch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed_at timestamptz;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        UPDATE affiliates_partnerstretch
           SET until = greatest(clock_timestamp(), since + interval '1 microsecond')
         WHERE merchant_id = NEW.merchant_id AND partner_id = NEW.id AND until IS NULL
        RETURNING until INTO STRICT changed_at;
    END IF;
    INSERT INTO affiliates_partnerstretch
           (merchant_id, id, partner_id, group_id, status, recruiter_id, recruited_at, since)
    VALUES (NEW.merchant_id, gen_random_uuid(), NEW.id, NEW.group_id, NEW.status, NEW.recruiter_id, NEW.recruited_at,
            changed_at);
    RETURN NULL;
END $$;
CREATE TRIGGER stretch_begins AFTER INSERT ON affiliates_partner FOR EACH ROW
    EXECUTE FUNCTION keep_partner_stretch();
CREATE TRIGGER stretch_changes AFTER UPDATE OF group_id, status, recruiter_id, recruited_at ON affiliates_partner
    FOR EACH ROW WHEN ((OLD.group_id, OLD.status, OLD.recruiter_id, OLD.recruited_at)
           IS DISTINCT FROM (NEW.group_id, NEW.status, NEW.recruiter_id, NEW.recruited_at)) EXECUTE FUNCTION keep_partner_stretch();
"""
_UNWRITTEN = """
DROP TRIGGER stretch_changes ON affiliates_partner;
DROP TRIGGER stretch_begins ON affiliates_partner;
DROP FUNCTION keep_partner_stretch();
"""
_OVER_IS_OVER = """
CREATE TRIGGER over_is_over BEFORE UPDATE ON affiliates_partnerstretch FOR EACH ROW
    WHEN (OLD.until IS NOT NULL) EXECUTE FUNCTION refuse_change();
"""
# The owner, who migrates, is held by the policies too, and stands in no tenant here.
_WHO_IS_THERE = """
ALTER TABLE affiliates_partner NO FORCE ROW LEVEL SECURITY;
ALTER TABLE affiliates_partnerstretch NO FORCE ROW LEVEL SECURITY;
INSERT INTO affiliates_partnerstretch (merchant_id, id, partner_id, group_id, status, recruiter_id, recruited_at)
SELECT merchant_id, gen_random_uuid(), id, group_id, status, recruiter_id, recruited_at FROM affiliates_partner;
ALTER TABLE affiliates_partnerstretch FORCE ROW LEVEL SECURITY;
ALTER TABLE affiliates_partner FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0008_recruiters")]

    operations = [
        # Equality beside ranges in one index. It comes with PostgreSQL, and who owns the database may have it.
        BtreeGistExtension(),
        migrations.CreateModel(
            name="PartnerStretch",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("applied", "Applied"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                            ("suspended", "Suspended"),
                        ],
                        max_length=9,
                    ),
                ),
                ("recruited_at", models.DateTimeField(null=True)),
                ("since", models.DateTimeField(null=True)),
                ("until", models.DateTimeField(null=True)),
                (
                    "group",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="affiliates.group",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="partner_stretches",
                        to="merchants.merchant",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="stretches",
                        to="affiliates.partner",
                    ),
                ),
                (
                    "recruiter",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="affiliates.partner",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["merchant", "partner", "until"], name="stretch_by_partner")],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("merchant", "="),
                            ("partner", "="),
                            (
                                models.Func(
                                    "since",
                                    "until",
                                    function="tstzrange",
                                    output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                                ),
                                "&&",
                            ),
                        ],
                        name="stretches_apart",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("since"))), name="stretch_ends_after_it_begins"
                    ),
                ],
            },
        ),
        tenant_table("affiliates_partnerstretch"),
        tenant_foreign_key("affiliates_partnerstretch", "partner_id", "affiliates_partner"),
        tenant_foreign_key("affiliates_partnerstretch", "group_id", "affiliates_group"),
        tenant_foreign_key("affiliates_partnerstretch", "recruiter_id", "affiliates_partner"),
        kept("affiliates_partnerstretch"),
        migrations.RunSQL(_OVER_IS_OVER, "DROP TRIGGER over_is_over ON affiliates_partnerstretch"),
        migrations.RunSQL(_WHO_IS_THERE, migrations.RunSQL.noop),
        migrations.RunSQL(_WRITTEN, _UNWRITTEN),
    ]
