"""Money sent to partners: specific commissions, each in at most one live payout."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from affiliates.models import Partner
from commissions.models import Commission
from merchants.ids import new_id
from merchants.models import Merchant


class PayoutMethod(models.TextChoices):
    """How money leaves."""

    MANUAL = "manual"


class PayoutStatus(models.TextChoices):
    """A manual payout is paid at once; a reversed one has given its commissions back."""

    RESERVED = "reserved"
    PAID = "paid"
    REVERSED = "reversed"


class Payout(models.Model):
    """One payment to one partner in one currency, for exactly the commissions in its items."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="payouts", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.DO_NOTHING, related_name="payouts", db_constraint=False, db_index=False
    )
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    """Minor units, positive: what its commissions come to, less what the partner owed."""
    netted = models.BigIntegerField(default=0)
    """What the partner owed and this payout took off (below zero: was owed and added): items = amount + netted."""
    method = models.CharField(max_length=8, choices=PayoutMethod.choices)
    status = models.CharField(max_length=8, choices=PayoutStatus.choices)
    transaction_id = models.CharField(max_length=200)
    """The bank's or provider's reference, as typed; once per merchant and method."""
    note = models.CharField(max_length=500, blank=True)
    paid_on = models.DateField()
    reversed_at = models.DateTimeField(null=True)
    reversal_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payout_positive"),
            models.UniqueConstraint(
                fields=["merchant", "method", "transaction_id", "partner"],
                condition=~Q(status="reversed"),
                name="payout_transaction_once",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-created_at", "-id"], name="payout_newest"),
            models.Index(fields=["merchant", "partner", "-created_at"], name="payout_by_partner"),
        ]

    def __str__(self) -> str:
        return self.transaction_id


class PayoutItem(models.Model):
    """A commission in a payout, with what it counted for then."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="payout_items", db_constraint=False, db_index=False
    )
    payout = models.ForeignKey(
        Payout, on_delete=models.DO_NOTHING, related_name="items", db_constraint=False, db_index=False
    )
    commission = models.ForeignKey(
        Commission, on_delete=models.DO_NOTHING, related_name="payout_items", db_constraint=False, db_index=False
    )
    amount = models.BigIntegerField()
    is_live = models.BooleanField(default=True)
    """False once the payout was reversed: the commission can be paid again."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "commission"], condition=Q(is_live=True), name="commission_in_one_live_payout"
            )
        ]
        indexes = [models.Index(fields=["merchant", "payout"], name="payout_item_by_payout")]

    def __str__(self) -> str:
        return str(self.commission_id)
