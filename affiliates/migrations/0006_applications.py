"""Programs take applications: questions, terms by version, what was sent; and what groups decide for themselves."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import merchants.ids
from merchants.schema import append_only, tenant_foreign_key, tenant_table


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0005_words"),
        ("merchants", "0007_operator_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="Application",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=200)),
                ("email", models.CharField(max_length=254)),
                ("website", models.CharField(blank=True, max_length=500)),
                ("country", models.CharField(blank=True, max_length=2)),
                ("ip_hash", models.CharField(blank=True, max_length=32)),
                ("answers", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ProgramTerms",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveIntegerField()),
                ("text", models.TextField()),
                ("accept_by", models.DateField(null=True)),
                (
                    "after_deadline",
                    models.CharField(
                        choices=[("review", "Review"), ("suspend", "Suspend")], default="review", max_length=7
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "verbose_name_plural": "program terms",
            },
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("version", models.PositiveIntegerField(default=1)),
                ("label", models.CharField(max_length=200)),
                ("hint", models.CharField(blank=True, max_length=300)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("short", "Short text"),
                            ("long", "Long text"),
                            ("choice", "One of several"),
                            ("choices", "Any of several"),
                            ("number", "Number"),
                            ("checkbox", "Checkbox"),
                        ],
                        default="short",
                        max_length=8,
                    ),
                ),
                (
                    "choices",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), default=list, size=None
                    ),
                ),
                ("required", models.BooleanField(default=False)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TermsAcceptance",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("accepted_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="partner",
            name="owes_acceptance",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="partner",
            name="erased_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="group",
            name="deleted_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RemoveConstraint(model_name="group", name="group_name_once"),
        migrations.AddConstraint(
            model_name="group",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at", None)), fields=("merchant", "program", "name"), name="group_name_once"
            ),
        ),
        migrations.AddField(
            model_name="group",
            name="auto_approval",
            field=models.CharField(
                blank=True,
                choices=[
                    ("nobody", "Nobody"),
                    ("everybody", "Everybody"),
                    ("domains", "Domains"),
                    ("countries", "Countries"),
                ],
                max_length=9,
            ),
        ),
        migrations.AddField(
            model_name="group",
            name="auto_approve_countries",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=2), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="group",
            name="auto_approve_domains",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=253), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="group",
            name="landing_text",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="group",
            name="minimum_currency",
            field=models.CharField(blank=True, max_length=3),
        ),
        migrations.AddField(
            model_name="group",
            name="minimum_payout",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="program",
            name="applications_open",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="program",
            name="auto_approval",
            field=models.CharField(
                choices=[
                    ("nobody", "Nobody"),
                    ("everybody", "Everybody"),
                    ("domains", "Domains"),
                    ("countries", "Countries"),
                ],
                default="nobody",
                max_length=9,
            ),
        ),
        migrations.AddField(
            model_name="program",
            name="auto_approve_countries",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=2), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="program",
            name="auto_approve_domains",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=253), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="program",
            name="auto_reject_domains",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=253), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="program",
            name="landing_text",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="program",
            name="reapply_days",
            field=models.PositiveSmallIntegerField(default=30),
        ),
        migrations.AddConstraint(
            model_name="group",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("minimum_currency", ""), ("minimum_payout", None)),
                    ("minimum_payout__gte", 0),
                    _connector="OR",
                ),
                name="group_minimum",
            ),
        ),
        migrations.AddField(
            model_name="application",
            name="group",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="applications",
                to="affiliates.group",
            ),
        ),
        migrations.AddField(
            model_name="application",
            name="merchant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="applications",
                to="merchants.merchant",
            ),
        ),
        migrations.AddField(
            model_name="application",
            name="partner",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="applications",
                to="affiliates.partner",
            ),
        ),
        migrations.AddField(
            model_name="application",
            name="program",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="applications",
                to="affiliates.program",
            ),
        ),
        migrations.AddField(
            model_name="programterms",
            name="merchant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="program_terms",
                to="merchants.merchant",
            ),
        ),
        migrations.AddField(
            model_name="programterms",
            name="program",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="terms",
                to="affiliates.program",
            ),
        ),
        migrations.AddField(
            model_name="application",
            name="terms",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="applications",
                to="affiliates.programterms",
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="merchant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="questions",
                to="merchants.merchant",
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="program",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="questions",
                to="affiliates.program",
            ),
        ),
        migrations.AddField(
            model_name="termsacceptance",
            name="merchant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="terms_acceptances",
                to="merchants.merchant",
            ),
        ),
        migrations.AddField(
            model_name="termsacceptance",
            name="partner",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="terms_acceptances",
                to="affiliates.partner",
            ),
        ),
        migrations.AddField(
            model_name="termsacceptance",
            name="terms",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="acceptances",
                to="affiliates.programterms",
            ),
        ),
        migrations.AddConstraint(
            model_name="programterms",
            constraint=models.UniqueConstraint(
                fields=("merchant", "program", "number"), name="program_terms_number_once"
            ),
        ),
        migrations.AddIndex(
            model_name="application",
            index=models.Index(fields=["merchant", "-created_at", "-id"], name="application_newest"),
        ),
        migrations.AddIndex(
            model_name="application",
            index=models.Index(fields=["merchant", "partner", "-created_at"], name="application_by_partner"),
        ),
        migrations.AddConstraint(
            model_name="application",
            constraint=models.CheckConstraint(
                condition=models.Q(("partner", None), ("confirmed_at__isnull", False), _connector="OR"),
                name="application_confirmed",
            ),
        ),
        migrations.AddIndex(
            model_name="question",
            index=models.Index(fields=["merchant", "program", "position"], name="question_in_order"),
        ),
        migrations.AddConstraint(
            model_name="termsacceptance",
            constraint=models.UniqueConstraint(fields=("merchant", "partner", "terms"), name="terms_accepted_once"),
        ),
        tenant_table("affiliates_question"),
        tenant_table("affiliates_programterms"),
        tenant_table("affiliates_termsacceptance"),
        tenant_table("affiliates_application"),
        tenant_foreign_key("affiliates_question", "program_id", "affiliates_program"),
        tenant_foreign_key("affiliates_programterms", "program_id", "affiliates_program"),
        tenant_foreign_key("affiliates_termsacceptance", "partner_id", "affiliates_partner"),
        tenant_foreign_key("affiliates_termsacceptance", "terms_id", "affiliates_programterms"),
        tenant_foreign_key("affiliates_application", "program_id", "affiliates_program"),
        tenant_foreign_key("affiliates_application", "group_id", "affiliates_group"),
        tenant_foreign_key("affiliates_application", "partner_id", "affiliates_partner"),
        tenant_foreign_key("affiliates_application", "terms_id", "affiliates_programterms"),
        # What somebody agreed to, and that they did, is evidence.
        *append_only(["affiliates_programterms", "affiliates_termsacceptance"]),
    ]
