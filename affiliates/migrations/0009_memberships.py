"""Which group a partner was in when: written by the database, whoever moves them, one stretch after the other."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models

import merchants.ids
from merchants.schema import kept, tenant_foreign_key, tenant_table

# Not now(): of two transactions that move a partner, the one that waited for the other may have begun before it. The
# clock is read under the partner's lock, and may have been set back since the last move. A partner without a stretch
# that lasts is refused (STRICT): nobody would know where they were until now.
_WRITTEN = """
CREATE FUNCTION keep_group_membership() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved_at timestamptz;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        UPDATE affiliates_groupmembership
           SET until = greatest(clock_timestamp(), since + interval '1 microsecond')
         WHERE merchant_id = NEW.merchant_id AND partner_id = NEW.id AND until IS NULL
        RETURNING until INTO STRICT moved_at;
    END IF;
    INSERT INTO affiliates_groupmembership (merchant_id, id, partner_id, group_id, since)
    VALUES (NEW.merchant_id, gen_random_uuid(), NEW.id, NEW.group_id, moved_at);
    RETURN NULL;
END $$;
CREATE TRIGGER group_membership_begins AFTER INSERT ON affiliates_partner FOR EACH ROW
    EXECUTE FUNCTION keep_group_membership();
CREATE TRIGGER group_membership_changes AFTER UPDATE OF group_id ON affiliates_partner FOR EACH ROW
    WHEN (OLD.group_id IS DISTINCT FROM NEW.group_id) EXECUTE FUNCTION keep_group_membership();
"""
_UNWRITTEN = """
DROP TRIGGER group_membership_changes ON affiliates_partner;
DROP TRIGGER group_membership_begins ON affiliates_partner;
DROP FUNCTION keep_group_membership();
"""
_OVER_IS_OVER = """
CREATE TRIGGER over_is_over BEFORE UPDATE ON affiliates_groupmembership FOR EACH ROW
    WHEN (OLD.until IS NOT NULL) EXECUTE FUNCTION refuse_change();
"""
# The owner, who migrates, is held by the policies too, and stands in no tenant here.
_WHO_IS_THERE = """
ALTER TABLE affiliates_partner NO FORCE ROW LEVEL SECURITY;
ALTER TABLE affiliates_groupmembership NO FORCE ROW LEVEL SECURITY;
INSERT INTO affiliates_groupmembership (merchant_id, id, partner_id, group_id)
SELECT merchant_id, gen_random_uuid(), id, group_id FROM affiliates_partner;
ALTER TABLE affiliates_groupmembership FORCE ROW LEVEL SECURITY;
ALTER TABLE affiliates_partner FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0008_recruiters")]

    operations = [
        # Equality beside ranges in one index. It comes with PostgreSQL, and who owns the database may have it.
        BtreeGistExtension(),
        migrations.CreateModel(
            name="GroupMembership",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
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
                        related_name="group_memberships",
                        to="merchants.merchant",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="group_memberships",
                        to="affiliates.partner",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["merchant", "partner", "until"], name="membership_by_partner")],
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
                        name="membership_one_group",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("since"))), name="membership_ends_after_it_begins"
                    ),
                ],
            },
        ),
        tenant_table("affiliates_groupmembership"),
        tenant_foreign_key("affiliates_groupmembership", "partner_id", "affiliates_partner"),
        tenant_foreign_key("affiliates_groupmembership", "group_id", "affiliates_group"),
        kept("affiliates_groupmembership"),
        migrations.RunSQL(_OVER_IS_OVER, "DROP TRIGGER over_is_over ON affiliates_groupmembership"),
        migrations.RunSQL(_WHO_IS_THERE, migrations.RunSQL.noop),
        migrations.RunSQL(_WRITTEN, _UNWRITTEN),
    ]
