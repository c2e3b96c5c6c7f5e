"""Two levels (SPEC C2): one `Identity` for a person, one `Customer` for that person at each merchant.

The identity is the only place where two merchants meet, so it never shows one what the other typed: a customer
record shows its own values. It follows the identity in the fields it inherits, and what reaches it that way is
either its own merchant's writing or the person's. `customers.identity` holds the rules.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from merchants.ids import new_id
from merchants.models import Merchant
from merchants.words import Word

#: Fields a customer record can inherit from the identity.
INHERITABLE = ("email", "phone", "name", "birthday", "language")


def all_inheritable() -> list[str]:
    """A new record follows its identity in everything."""
    return list(INHERITABLE)


class Identity(models.Model):
    """A person, across merchants. Made when contact details first appear."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.CharField(max_length=254, null=True)
    """Lower case."""
    phone = models.CharField(max_length=16, null=True)
    """E.164."""
    name = models.CharField(max_length=200, blank=True)
    birthday = models.DateField(null=True)
    language = models.CharField(max_length=12, blank=True)
    """BCP 47; once set it is not overwritten."""
    holders = models.PositiveIntegerField(default=1)
    """How many customer records of this person there are. A merchant may write through only while it is 1."""
    claimed_at = models.DateTimeField(null=True)
    """When the person took the identity over; from then on only they edit it."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "identities"
        # Not unique=True: Django would add a second index for LIKE to each, which every new customer would pay for.
        constraints = [
            # And only where there is one: most people have no phone, and none of them pays for an index of it.
            models.UniqueConstraint(
                fields=["email"], condition=Q(email__isnull=False), name="customers_identity_email_key"
            ),
            models.UniqueConstraint(
                fields=["phone"], condition=Q(phone__isnull=False), name="customers_identity_phone_key"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class CustomerStatus(models.TextChoices):
    """A blocked customer cannot order, log in or earn."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    BLOCKED = "blocked"
    ERASED = "erased"
    """The person asked to be forgotten, or was deleted: only the row is left, for the books that point at it."""


class Customer(models.Model):
    """One person at one merchant."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # No constraint of its own: the check would lock the merchant's row at every new customer, and the policy already
    # says whose the row is.
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="customers", db_constraint=False, db_index=False
    )
    identity = models.ForeignKey(Identity, on_delete=models.PROTECT, null=True, related_name="+")
    """None while only keys are known, no contact."""
    external_id = models.CharField(max_length=200, null=True)
    """The customer's id in the merchant's own system."""
    email = models.CharField(max_length=254, null=True)
    phone = models.CharField(max_length=16, null=True)
    name = models.CharField(max_length=200, blank=True)
    birthday = models.DateField(null=True)
    language = models.CharField(max_length=12, blank=True)
    inherited = ArrayField(models.CharField(max_length=10), default=all_inheritable)
    """Which of INHERITABLE follow the identity; the others are this merchant's own."""
    status = models.CharField(max_length=8, choices=CustomerStatus.choices, default=CustomerStatus.ACTIVE)
    notes = models.TextField(blank=True)
    """Internal; the customer never sees them."""
    tags = ArrayField(models.CharField(max_length=50), default=list)
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", key], condition=Q((f"{key}__isnull", False)), name=f"customer_{key}_once"
            )
            for key in ("external_id", "email", "phone")
        ]
        indexes = [
            models.Index(fields=["merchant", "-created_at", "-id"], name="customer_newest"),
            # For lists by status: few among many, and a new customer is none of them and pays nothing.
            models.Index(
                fields=["merchant", "status", "-created_at", "-id"],
                condition=~Q(status="active"),
                name="customer_not_active",
            ),
        ]

    def __str__(self) -> str:
        if self.status == CustomerStatus.ERASED:
            return "Deleted customer"
        return self.name or self.email or self.external_id or str(self.id)


class ProviderKey(models.Model):
    """What a payment provider calls the customer: recurring charges know nothing else (SPEC C14). Any number."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="provider_keys", db_constraint=False, db_index=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="provider_keys", db_constraint=False, db_index=False
    )
    provider = models.CharField(max_length=20)
    """stripe, recurly, …: lower-case letters, digits and _."""
    key = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "provider", "key"], name="provider_key_once"),
        ]
        indexes = [models.Index(fields=["merchant", "customer"], name="provider_key_by_customer")]

    def __str__(self) -> str:
        return f"{self.provider} {self.key}"


class CustomerWord(Word):
    """What a customer is found by (`customers.search`). A sale does not write it: the worker of the rollups does."""

    pk = models.CompositePrimaryKey("merchant_id", "word", "customer_id")
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="words", db_constraint=False, db_index=False
    )

    class Meta:
        # Without the word: what a row has several of is one entry of the index.
        indexes = [models.Index(fields=["merchant", "customer"], name="customer_word_by_customer")]
