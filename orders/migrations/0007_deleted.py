"""Orders that were deleted: kept, out of every list, and no use of their coupon any more."""

from django.db import migrations, models
from django.db.models import Q

_STANDS = Q(deleted_at=None)
_LISTS = {
    "order_newest": {"fields": ["merchant", "-placed_at", "-id"]},
    "order_by_currency": {"fields": ["merchant", "currency", "-placed_at", "-id"]},
    "order_by_partner": {"fields": ["merchant", "partner", "placed_at"], "include": ["amount", "refunded"]},
    "order_by_customer": {"fields": ["merchant", "customer", "-placed_at"]},
}


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_found_by_start")]

    operations = [
        migrations.AddField("order", "deleted_at", models.DateTimeField(editable=False, null=True)),
        migrations.AddField("order", "deleted_by", models.CharField(db_default="", editable=False, max_length=200)),
        migrations.AddField(
            "order", "deletion_reason", models.CharField(db_default="", editable=False, max_length=500)
        ),
        migrations.AddField("order", "is_coupon_use", models.BooleanField(db_default=False, editable=False)),
        migrations.AddConstraint(
            "order",
            models.CheckConstraint(
                condition=Q(("deleted_at", None), models.Q(("deletion_reason", ""), _negated=True), _connector="OR"),
                name="order_deletion_has_a_reason",
            ),
        ),
        *(migrations.RemoveIndex("order", name) for name in (*_LISTS, "order_by_coupon")),
        *(
            migrations.AddIndex("order", models.Index(condition=_STANDS, name=name, **index))
            for name, index in _LISTS.items()
        ),
        migrations.AddIndex(
            "order",
            models.Index(
                condition=_STANDS & ~Q(coupon_code=""),
                fields=["merchant", "coupon_code", "-placed_at", "-id"],
                name="order_by_coupon",
            ),
        ),
        migrations.AddIndex(
            "order",
            models.Index(condition=~_STANDS, fields=["merchant", "-deleted_at", "-id"], name="order_deleted"),
        ),
    ]
