"""What is a partner's: the customers that belong to them, and what those did short of buying."""

from django.db import models
from django.db.models.functions import Now

from affiliates.models.partners import Partner
from customers.models import Customer
from merchants.documents import Document
from merchants.ids import new_id
from merchants.models import Merchant, TouchKind

#: How a customer came to a partner when somebody decided it.
BY_HAND = "hand"


class CustomerAttribution(models.Model):
    """The partner a customer belongs to: later orders without coupon or click go to them."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="customer_attributions", db_constraint=False, db_index=False
    )
    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, related_name="attribution", db_constraint=False)
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="attributed", db_constraint=False, db_index=False
    )
    touch = models.CharField(max_length=8, choices=[*TouchKind.choices, (BY_HAND, "By hand")])
    """What made it."""
    since = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["merchant", "partner", "-since"], name="attribution_by_partner")]

    def __str__(self) -> str:
        return f"{self.customer_id} -> {self.partner_id}"


class EarlierAttribution(models.Model):
    """Whose a customer was before somebody gave them to another partner (`affiliates.belonging`)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="earlier_attributions", db_constraint=False, db_index=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="earlier_attributions", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    since = models.DateTimeField()
    until = models.DateTimeField()
    """Orders placed before this moment are theirs, whenever they arrive."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "customer", "until"], name="earlier_attribution_once")
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} -> {self.partner_id} until {self.until}"


class Lead(models.Model):
    """A customer did something short of buying (signed up, booked a call). Once per customer and name."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="leads", db_constraint=False, db_index=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="leads", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="leads", null=True, db_constraint=False, db_index=False
    )
    name = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=32)
    """Of the request's content, so that a retry can be told from a contradiction."""
    attribution = Document()
    """The decision, as on an order."""
    metadata = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "customer", "name"], name="lead_once")]
        indexes = [
            models.Index(fields=["merchant", "-occurred_at", "-id"], name="lead_newest"),
            models.Index(fields=["merchant", "partner", "occurred_at"], name="lead_by_partner"),
        ]

    def __str__(self) -> str:
        return self.name
