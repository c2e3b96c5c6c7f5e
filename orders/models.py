"""What customers bought and what they took back."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from affiliates.models import Click, Coupon, Partner
from customers.models import Customer
from merchants.documents import Document
from merchants.ids import new_id
from merchants.models import Merchant

#: Not deleted. The lists' indexes hold these alone, and a query that has the condition may use them.
_STANDS = Q(deleted_at=None)


class OrderManager(models.Manager["Order"]):
    """Orders that stand. One that was deleted is in no list and no sum (`orders.deletion`)."""

    def get_queryset(self) -> "models.QuerySet[Order]":
        """Without the deleted; every index of the lists has the same condition."""
        return super().get_queryset().filter(deleted_at=None)


class Order(models.Model):
    """A sale as it was tracked, with the decision whose it is. Amounts are minor units of `currency`.

    `merchant.orders` and its kind leave out what was deleted; `merchant.orders(manager="with_deleted")` has all.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="orders", db_constraint=False, db_index=False
    )
    source = models.CharField(max_length=20, default="api")
    """The door it came through: api, manual, import, a shop's name. Order ids are unique per source."""
    external_id = models.CharField(max_length=200, db_collation="C")
    """The order id in the source."""
    fingerprint = models.CharField(max_length=32)
    """Of the content, so that a retry can be told from a contradiction."""
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="orders", null=True, db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.DO_NOTHING, related_name="orders", null=True, db_constraint=False, db_index=False
    )
    """Whose order it is; None is a direct order."""
    coupon = models.ForeignKey(
        Coupon, on_delete=models.DO_NOTHING, related_name="orders", null=True, db_constraint=False, db_index=False
    )
    """The partner's coupon, when the code used is one; `coupon_code` keeps any code."""
    is_coupon_use = models.BooleanField(db_default=False, editable=False)
    """Whether it is counted among the uses of its coupon: those of a coupon that has a limit."""
    click = models.ForeignKey(
        Click, on_delete=models.DO_NOTHING, related_name="orders", null=True, db_constraint=False, db_index=False
    )
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    """The order's total; `tax`, `shipping` and `discount` are parts of it that a reward may leave out."""
    tax = models.BigIntegerField(default=0)
    shipping = models.BigIntegerField(default=0)
    discount = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    """Sum of the refunds; written with each under a lock on this row."""
    lines = models.JSONField(default=list)
    """`[{product_key, category, quantity, amount}]`."""
    coupon_code = models.CharField(max_length=64, blank=True)
    """In upper case, as codes are compared."""
    country = models.CharField(max_length=2, blank=True)
    platform = models.CharField(max_length=50, blank=True)
    notes = models.TextField(blank=True)
    metadata = models.JSONField(default=dict)
    attribution = Document()
    """The decision: winner, candidates, why the others lost. See affiliates.attribution."""
    is_first = models.BooleanField(default=False)
    """The customer's first order with this merchant, as known when it came."""
    placed_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    deleted_by = models.CharField(max_length=200, db_default="", editable=False)
    """The name of who deleted it."""
    deletion_reason = models.CharField(max_length=500, db_default="", editable=False)

    objects = OrderManager()
    with_deleted = models.Manager["Order"]()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "source", "external_id"], name="order_once"),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("amount")), name="order_refunded_within"
            ),
            models.CheckConstraint(
                condition=Q(deleted_at=None) | ~Q(deletion_reason=""), name="order_deletion_has_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-placed_at", "-id"], condition=_STANDS, name="order_newest"),
            models.Index(
                fields=["merchant", "currency", "-placed_at", "-id"], condition=_STANDS, name="order_by_currency"
            ),
            models.Index(
                fields=["merchant", "partner", "placed_at"],
                include=["amount", "refunded"],
                condition=_STANDS,
                name="order_by_partner",
            ),
            models.Index(fields=["merchant", "customer", "-placed_at"], condition=_STANDS, name="order_by_customer"),
            models.Index(
                fields=["merchant", "coupon_code", "-placed_at", "-id"],
                condition=_STANDS & ~Q(coupon_code=""),
                name="order_by_coupon",
            ),
            models.Index(fields=["merchant", "-deleted_at", "-id"], condition=~_STANDS, name="order_deleted"),
        ]

    def __str__(self) -> str:
        return self.external_id


class Refund(models.Model):
    """Money given back on an order, by amount or by line. Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="refunds", db_constraint=False, db_index=False
    )
    order = models.ForeignKey(
        Order, on_delete=models.DO_NOTHING, related_name="refunds", db_constraint=False, db_index=False
    )
    external_id = models.CharField(max_length=200)
    """The refund's id in the order's source."""
    fingerprint = models.CharField(max_length=32)
    amount = models.BigIntegerField()
    """Minor units of the order's currency, positive."""
    lines = models.JSONField(default=list)
    """`[{line, amount}]`: positions in the order's lines, when it was given by line."""
    reason = models.CharField(max_length=500, blank=True)
    refunded_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "order", "external_id"], name="refund_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_positive"),
        ]
        indexes = [models.Index(fields=["merchant", "-refunded_at", "-id"], name="refund_newest")]

    def __str__(self) -> str:
        return self.external_id
