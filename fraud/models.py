"""Which rules a merchant has switched on, what partners were seen under, and which commissions were looked at."""

from django.db import models
from django.db.models.functions import Now

from affiliates.models import Partner
from commissions.models import Commission
from merchants.ids import new_id
from merchants.models import Merchant


class RuleSetting(models.Model):
    """A rule of `fraud.rules` as this merchant wants it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="fraud_rules", db_constraint=False, db_index=False
    )
    rule = models.CharField(max_length=40)
    is_on = models.BooleanField(default=False)
    parameters = models.JSONField(default=dict)
    """By the names of the rule's parameters; one that is missing is as the rule says."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "rule"], name="fraud_rule_once")]

    def __str__(self) -> str:
        return self.rule


class Screening(models.Model):
    """Up to when the commissions of a merchant were looked at. Its row is the lock of whoever looks."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="screenings", db_constraint=False, db_index=False
    )
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant"], name="screening_once")]

    def __str__(self) -> str:
        return str(self.until)


class Screened(models.Model):
    """A commission that was looked at a short while ago: so that none is looked at twice, or missed.

    Ids are made in the order of time, and commits are not: what lies a little before the newest may still appear.
    """

    pk = models.CompositePrimaryKey("merchant_id", "commission_id")
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="screened", db_constraint=False, db_index=False
    )
    commission = models.ForeignKey(
        Commission, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )


class Address(models.Model):
    """A network address, as a keyed hash, under which a partner applied or signed in."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="partner_addresses", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="addresses", db_constraint=False, db_index=False
    )
    ip_hash = models.CharField(max_length=32)
    """As on a click."""
    seen_at = models.DateTimeField(db_default=Now())
    """The last time."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "partner", "ip_hash"], name="partner_address_once")]
        indexes = [models.Index(fields=["merchant", "ip_hash"], name="partner_address_shared")]
        verbose_name_plural = "addresses"

    def __str__(self) -> str:
        return str(self.partner_id)
