"""Rollups that pages read. Never incremented, always recomputed from source, so they cannot drift.

A write appends a `StaleMark`; the worker takes marks, recomputes the rows they touch and deletes them, in one
transaction (`stats.rollup`). `stats.verify` compares every rollup with its source.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from merchants.models import Merchant


class StaleMark(models.Model):
    """Something changed for these partners, customers and days. Append-only for writers; no hot row."""

    id = models.BigAutoField(primary_key=True)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="stale_marks", db_constraint=False, db_index=False
    )
    touched = ArrayField(models.CharField(max_length=80))
    """`<partner id or "direct">/<moment>` for a partner's day, `customer/<id>` for a customer.

    `everything` when no rollup holds any more, as after a change of the merchant's time zone. That is worked off in
    pieces, and after each a mark says from where on: `everything/<day>` (days behind that one, then all that follows),
    `partners/<id>` (totals of partners behind that one, then the customers), `customers/<id>`.
    """
    marked_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"{self.merchant_id} {self.touched}"


class PartnerDay(models.Model):
    """One partner's day in the merchant's time zone, per currency; `partner_id` None counts direct orders.

    Amounts are minor units. Counts of clicks and leads have no currency and stand in the row whose currency is ''.
    """

    id = models.BigAutoField(primary_key=True)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="partner_days", db_constraint=False, db_index=False
    )
    partner_id = models.UUIDField(null=True)
    day = models.DateField()
    currency = models.CharField(max_length=3, blank=True)
    clicks = models.IntegerField(default=0)
    unique_clicks = models.IntegerField(default=0)
    leads = models.IntegerField(default=0)
    orders = models.IntegerField(default=0)
    revenue = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    earned = models.BigIntegerField(default=0)
    """Commissions on the day's orders, less what was reversed of them."""
    pending = models.BigIntegerField(default=0)
    """Of `earned`: on hold."""
    approved = models.BigIntegerField(default=0)
    """Of `earned`: what a payout may take."""
    in_payout = models.BigIntegerField(default=0)
    """Of `earned`."""
    paid = models.BigIntegerField(default=0)
    """Of `earned`."""
    taken_back = models.BigIntegerField(default=0)
    """What had accrued of commissions that were reversed whole or rejected."""
    pending_count = models.IntegerField(default=0)
    unpaid_count = models.IntegerField(default=0)
    """Approved or in a payout."""
    paid_count = models.IntegerField(default=0)
    taken_back_count = models.IntegerField(default=0)
    shared = models.BigIntegerField(default=0)
    """Of `earned`: what recruiters earned on what their recruits earned."""
    kept_orders = models.IntegerField(default=0)
    """Of `orders`: those that were not refunded in full."""

    class Meta:
        constraints = [
            # With the figures in it, a partner's years are added up from the index alone (PartnerTotal).
            models.UniqueConstraint(
                fields=["merchant", "partner_id", "day", "currency"],
                include=[
                    "clicks",
                    "unique_clicks",
                    "leads",
                    "orders",
                    "revenue",
                    "refunded",
                    "earned",
                    "pending",
                    "approved",
                ],
                name="partner_day_once",
                nulls_distinct=False,
            )
        ]
        indexes = [models.Index(fields=["merchant", "day"], name="partner_day_by_day")]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.day} {self.currency}"


class MerchantDay(models.Model):
    """The sum of a day's PartnerDay rows: direct orders and partners' apart."""

    id = models.BigAutoField(primary_key=True)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="merchant_days", db_constraint=False, db_index=False
    )
    day = models.DateField()
    currency = models.CharField(max_length=3, blank=True)
    clicks = models.IntegerField(default=0)
    unique_clicks = models.IntegerField(default=0)
    leads = models.IntegerField(default=0)
    orders = models.IntegerField(default=0)
    """Of partners."""
    direct_orders = models.IntegerField(default=0)
    revenue = models.BigIntegerField(default=0)
    """Through partners."""
    direct_revenue = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    direct_refunded = models.BigIntegerField(default=0)
    earned = models.BigIntegerField(default=0)
    pending = models.BigIntegerField(default=0)
    approved = models.BigIntegerField(default=0)
    in_payout = models.BigIntegerField(default=0)
    paid = models.BigIntegerField(default=0)
    taken_back = models.BigIntegerField(default=0)
    pending_count = models.IntegerField(default=0)
    unpaid_count = models.IntegerField(default=0)
    paid_count = models.IntegerField(default=0)
    taken_back_count = models.IntegerField(default=0)
    shared = models.BigIntegerField(default=0)
    """Of `earned`: what recruiters earned on what their recruits earned."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "day", "currency"], name="merchant_day_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.currency}"


class PartnerTotal(models.Model):
    """All of a partner's days together, per currency: what lists sort by."""

    id = models.BigAutoField(primary_key=True)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="partner_totals", db_constraint=False, db_index=False
    )
    partner_id = models.UUIDField()
    currency = models.CharField(max_length=3, blank=True)
    clicks = models.BigIntegerField(default=0)
    unique_clicks = models.BigIntegerField(default=0)
    leads = models.BigIntegerField(default=0)
    orders = models.BigIntegerField(default=0)
    revenue = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    earned = models.BigIntegerField(default=0)
    pending = models.BigIntegerField(default=0)
    approved = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "partner_id", "currency"], name="partner_total_once")
        ]
        indexes = [models.Index(fields=["merchant", "currency", "-revenue"], name="partner_total_best")]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.currency}"


class CustomerTotal(models.Model):
    """A customer's figures per currency (SPEC C1: three cards; C6: first and last order)."""

    id = models.BigAutoField(primary_key=True)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="customer_totals", db_constraint=False, db_index=False
    )
    customer = models.ForeignKey(
        "customers.Customer",
        on_delete=models.DO_NOTHING,
        related_name="totals",
        db_constraint=False,
        db_index=False,
    )
    currency = models.CharField(max_length=3)
    orders = models.BigIntegerField(default=0)
    """All orders; 0 for who bought nothing in the merchant's own currency, in which everybody has a row."""
    referred_orders = models.BigIntegerField(default=0)
    """Orders that came through a partner."""
    revenue = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    commission = models.BigIntegerField(default=0)
    """What partners earned with this customer, less reversals."""
    first_order_at = models.DateTimeField(null=True)
    last_order_at = models.DateTimeField(null=True)
    partner_id = models.UUIDField(null=True)
    """Whose the customer is."""
    brought = models.BigIntegerField(default=0)
    """What is left, after refunds, of the orders that came through that partner: the portal's list is sorted by it."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "customer", "currency"], name="customer_total_once")]
        indexes = [
            models.Index(fields=["merchant", "currency", "-revenue", "-customer"], name="customer_total_best"),
            models.Index(fields=["merchant", "currency", "-orders", "-customer"], name="customer_total_most"),
            models.Index(
                fields=["merchant", "partner_id", "currency", "-brought", "-customer"],
                condition=models.Q(partner_id__isnull=False),
                name="customer_total_brought",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.currency}"
