"""Assets and announcements for partners."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import merchants.ids
from merchants.schema import tenant_foreign_key, tenant_table


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("affiliates", "0005_words"),
        ("merchants", "0007_operator_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="Announcement",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("title", models.CharField(max_length=150)),
                ("body", models.TextField()),
                (
                    "group_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
                ),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="announcements",
                        to="merchants.merchant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Asset",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("banner", "Banner"), ("text", "Text"), ("file", "File"), ("video", "Video")],
                        max_length=6,
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("note", models.CharField(blank=True, max_length=500)),
                ("body", models.TextField(blank=True)),
                ("url", models.CharField(blank=True, max_length=2000)),
                ("file", models.CharField(blank=True, max_length=200)),
                ("saved_as", models.CharField(blank=True, max_length=120)),
                ("content_type", models.CharField(blank=True, max_length=40)),
                ("size", models.BigIntegerField(default=0)),
                ("width", models.PositiveIntegerField(null=True)),
                ("height", models.PositiveIntegerField(null=True)),
                (
                    "group_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
                ),
                ("position", models.IntegerField(default=0)),
                ("archived_at", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assets",
                        to="merchants.merchant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AssetUse",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveIntegerField(default=1)),
                ("last_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "asset",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uses",
                        to="outreach.asset",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="asset_uses",
                        to="merchants.merchant",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="asset_uses",
                        to="affiliates.partner",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Receipt",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "mail",
                    models.CharField(
                        choices=[
                            ("none", "None"),
                            ("queued", "Queued"),
                            ("handed", "Handed"),
                            ("sent", "Sent"),
                            ("refused", "Refused"),
                            ("skipped", "Skipped"),
                        ],
                        default="none",
                        max_length=7,
                    ),
                ),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "announcement",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="receipts",
                        to="outreach.announcement",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="receipts",
                        to="merchants.merchant",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="receipts",
                        to="affiliates.partner",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Unsubscription",
            fields=[
                (
                    "id",
                    models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="unsubscriptions",
                        to="merchants.merchant",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="unsubscriptions",
                        to="affiliates.partner",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="announcement",
            index=models.Index(fields=["merchant", "-created_at", "-id"], name="announcement_newest"),
        ),
        migrations.AddIndex(
            model_name="asset",
            index=models.Index(fields=["merchant", "position", "id"], name="asset_in_order"),
        ),
        migrations.AddConstraint(
            model_name="asset",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("file", ""), ("kind", "text"), ("url", ""), models.Q(("body", ""), _negated=True)),
                    models.Q(("body", ""), ("file", ""), ("kind", "video"), models.Q(("url", ""), _negated=True)),
                    models.Q(
                        ("body", ""),
                        ("kind__in", ["banner", "file"]),
                        ("url", ""),
                        models.Q(("file", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="asset_is_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="assetuse",
            constraint=models.UniqueConstraint(fields=("merchant", "asset", "partner"), name="asset_use_once"),
        ),
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(fields=["merchant", "partner"], name="receipt_by_partner"),
        ),
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(
                condition=models.Q(("mail", "queued")), fields=["merchant", "announcement", "id"], name="receipt_queued"
            ),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(fields=("merchant", "announcement", "partner"), name="receipt_once"),
        ),
        migrations.AddConstraint(
            model_name="unsubscription",
            constraint=models.UniqueConstraint(fields=("merchant", "partner"), name="unsubscription_once"),
        ),
        *[
            tenant_table(f"outreach_{name}")
            for name in ("asset", "assetuse", "announcement", "receipt", "unsubscription")
        ],
        tenant_foreign_key("outreach_assetuse", "asset_id", "outreach_asset"),
        tenant_foreign_key("outreach_assetuse", "partner_id", "affiliates_partner"),
        tenant_foreign_key("outreach_receipt", "announcement_id", "outreach_announcement"),
        tenant_foreign_key("outreach_receipt", "partner_id", "affiliates_partner"),
        tenant_foreign_key("outreach_unsubscription", "partner_id", "affiliates_partner"),
    ]
