"""Bonuses, how far partners are, what was given for targets, and whose figures are to be looked at."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import merchants.ids
from merchants.schema import append_only, tenant_foreign_key, tenant_table

SWEEP = migrations.RunSQL(
    sql="CREATE POLICY sweep ON bonuses_due FOR SELECT USING (current_setting('app.sweep', true) = 'on')",
    reverse_sql="DROP POLICY sweep ON bonuses_due",
)

# Who is approved again may have reached something before, and another group has other bonuses. No figure changes then,
# so the rollups would not tell.
CHANGED = migrations.RunSQL(
    sql="""
    CREATE FUNCTION note_bonuses_due() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM bonuses_bonus WHERE merchant_id = NEW.merchant_id) THEN
            RETURN NULL;
        END IF;
        INSERT INTO bonuses_due (merchant_id, partners) VALUES (NEW.merchant_id, ARRAY[NEW.id]);
        RETURN NULL;
    END $$;
    CREATE TRIGGER bonuses_due AFTER UPDATE OF status, group_id, program_id ON affiliates_partner FOR EACH ROW
        WHEN (OLD.status <> NEW.status OR OLD.group_id IS DISTINCT FROM NEW.group_id OR OLD.program_id <> NEW.program_id)
        EXECUTE FUNCTION note_bonuses_due();
    """,
    reverse_sql="DROP TRIGGER bonuses_due ON affiliates_partner; DROP FUNCTION note_bonuses_due();",
)


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("affiliates", "0007_by_hand"),
        ("commissions", "0010_below_target"),
        ("merchants", "0007_operator_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="Bonus",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "measure",
                    models.CharField(
                        choices=[("orders", "Orders"), ("revenue", "Revenue"), ("leads", "Leads")], max_length=7
                    ),
                ),
                (
                    "period",
                    models.CharField(
                        choices=[("month", "Month"), ("quarter", "Quarter"), ("year", "Year"), ("once", "Once")],
                        max_length=7,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField(null=True)),
                ("ladder", models.JSONField()),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "group",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="bonuses",
                        to="affiliates.group",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bonuses",
                        to="merchants.merchant",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="bonuses",
                        to="affiliates.partner",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="bonuses",
                        to="affiliates.program",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "bonuses",
            },
        ),
        migrations.CreateModel(
            name="Award",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("first_day", models.DateField()),
                ("target", models.BigIntegerField()),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "commission",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="bonus_awards",
                        to="commissions.commission",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="bonus_awards",
                        to="merchants.merchant",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="bonus_awards",
                        to="affiliates.partner",
                    ),
                ),
                (
                    "bonus",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="awards",
                        to="bonuses.bonus",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Due",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("partners", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ("not_before", models.DateField(null=True)),
                (
                    "noted_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bonuses_due",
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "due",
            },
        ),
        migrations.CreateModel(
            name="Progress",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("first_day", models.DateField()),
                ("reached", models.BigIntegerField()),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "bonus",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="progress",
                        to="bonuses.bonus",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bonus_progress",
                        to="merchants.merchant",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="bonus_progress",
                        to="affiliates.partner",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "progress",
            },
        ),
        migrations.AddIndex(
            model_name="bonus",
            index=models.Index(fields=["merchant", "-created_at", "-id"], name="bonus_newest"),
        ),
        migrations.AddConstraint(
            model_name="bonus",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("group", None), ("partner", None), ("program__isnull", False)),
                    models.Q(("group__isnull", False), ("partner", None), ("program", None)),
                    models.Q(("group", None), ("partner__isnull", False), ("program", None)),
                    _connector="OR",
                ),
                name="bonus_one_level",
            ),
        ),
        migrations.AddConstraint(
            model_name="bonus",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_on__gte", models.F("starts_on")),
                    models.Q(("ends_on", None), models.Q(("period", "once"), _negated=True)),
                    _connector="OR",
                ),
                name="bonus_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="award",
            constraint=models.UniqueConstraint(
                fields=("merchant", "partner", "bonus", "first_day", "target"), name="bonus_award_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="award",
            constraint=models.UniqueConstraint(fields=("merchant", "commission"), name="bonus_award_of_commission"),
        ),
        migrations.AddIndex(
            model_name="progress",
            index=models.Index(
                fields=["merchant", "bonus", "first_day", "-reached", "-id"], name="bonus_progress_furthest"
            ),
        ),
        migrations.AddConstraint(
            model_name="progress",
            constraint=models.UniqueConstraint(
                fields=("merchant", "partner", "bonus", "first_day"), name="bonus_progress_once"
            ),
        ),
        tenant_table("bonuses_bonus"),
        tenant_table("bonuses_progress"),
        tenant_table("bonuses_award"),
        tenant_table("bonuses_due"),
        tenant_foreign_key("bonuses_bonus", "program_id", "affiliates_program"),
        tenant_foreign_key("bonuses_bonus", "group_id", "affiliates_group"),
        tenant_foreign_key("bonuses_bonus", "partner_id", "affiliates_partner"),
        tenant_foreign_key("bonuses_progress", "bonus_id", "bonuses_bonus"),
        tenant_foreign_key("bonuses_progress", "partner_id", "affiliates_partner"),
        tenant_foreign_key("bonuses_award", "bonus_id", "bonuses_bonus"),
        tenant_foreign_key("bonuses_award", "partner_id", "affiliates_partner"),
        tenant_foreign_key("bonuses_award", "commission_id", "commissions_commission"),
        *append_only(["bonuses_award"]),
        SWEEP,
        CHANGED,
    ]
