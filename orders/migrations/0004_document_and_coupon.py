"""The decision is stored as it was written; orders are found by their code, kept in upper case."""

from django.db import migrations, models

import merchants.documents

# The owner, who migrates, is held by the policy too, and stands in no tenant here.
UPPER_CASE = migrations.RunSQL(
    sql="""
    ALTER TABLE orders_order NO FORCE ROW LEVEL SECURITY;
    UPDATE orders_order SET coupon_code = upper(coupon_code) WHERE coupon_code <> upper(coupon_code);
    ALTER TABLE orders_order FORCE ROW LEVEL SECURITY;
    """,
    reverse_sql=migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0004_document"),
        ("customers", "0005_keys_that_are_there"),
        ("merchants", "0004_brand"),
        ("orders", "0003_references_at_once"),
    ]

    operations = [
        UPPER_CASE,
        migrations.AlterField(
            model_name="order",
            name="attribution",
            field=merchants.documents.Document(),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("coupon_code", ""), _negated=True),
                fields=["merchant", "coupon_code", "-placed_at", "-id"],
                name="order_by_coupon",
            ),
        ),
    ]
