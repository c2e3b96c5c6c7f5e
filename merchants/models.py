"""The tenant and who acts for it."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from merchants.ids import new_id
from merchants.roles import Role
from merchants.tenancy import Finds


class AttributionModel(models.TextChoices):
    """Which of several clicks wins."""

    FIRST_TOUCH = "first"
    LAST_TOUCH = "last"


class TouchKind(models.TextChoices):
    """What can tie an order to a partner, strongest first unless the merchant orders them otherwise."""

    API = "api"
    COUPON = "coupon"
    CLICK = "click"
    CUSTOMER = "customer"


class SelfReferralPolicy(models.TextChoices):
    """What happens when a partner buys through their own code."""

    REJECT = "reject"
    ALLOW = "allow"


class CustomersShown(models.TextChoices):
    """How much of a customer's name a partner reads in the portal."""

    NAME = "name"
    INITIALS = "initials"
    NOTHING = "nothing"


def default_precedence() -> list[str]:
    """Named by the API, then coupon, then click, then the partner the customer already belongs to."""
    return [kind.value for kind in TouchKind]


def default_link_parameters() -> list[str]:
    """Query parameters that carry a link's code; the last three keep the links of other systems alive (SPEC A5)."""
    return ["via", "ref", "fp_ref", "fpr"]


class Merchant(models.Model):
    """A tenant: one business with its programs, partners, customers and books."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    """ISO 4217; what new rewards and pages default to. Orders may be in any currency."""
    time_zone = models.CharField(max_length=63, default="UTC")
    """IANA name; decides which day an order belongs to."""
    domains = ArrayField(models.CharField(max_length=253), default=list)
    """Hosts of the merchant's own site: deep links lead there, or to a subdomain, and nowhere else."""
    link_parameters = ArrayField(models.CharField(max_length=32), default=default_link_parameters)
    attribution_model = models.CharField(
        max_length=8, choices=AttributionModel.choices, default=AttributionModel.LAST_TOUCH
    )
    attribution_window_days = models.PositiveSmallIntegerField(default=30)
    """A click older than this, at the time of the order, does not count."""
    attribution_precedence = ArrayField(models.CharField(max_length=8), default=default_precedence)
    self_referral = models.CharField(
        max_length=8, choices=SelfReferralPolicy.choices, default=SelfReferralPolicy.REJECT
    )
    hold_days = models.PositiveSmallIntegerField(default=30)
    """How long a commission stays pending before it can be paid."""
    minimum_payout = models.BigIntegerField(default=0)
    """Minor units of `currency`."""
    brand_color = models.CharField(max_length=7, blank=True)
    """`#rrggbb` in lower case, for the portal and e-mail; empty is the house's ink."""
    reply_to = models.CharField(max_length=254, blank=True)
    """Where answers to the merchant's e-mail go; empty: nowhere."""
    logo = models.CharField(max_length=200, blank=True)
    """Name in Django's default storage, of a file that `merchants.logo` has written; empty: initials stand there."""
    legal_name = models.CharField(max_length=200, blank=True)
    """Who the merchant is to the law: on invoices, and at the foot of the portal and of e-mail."""
    legal_address = models.CharField(max_length=500, blank=True)
    """Lines as on an envelope."""
    tax_id = models.CharField(max_length=64, blank=True)
    contact_email = models.CharField(max_length=254, blank=True)
    terms_url = models.CharField(max_length=500, blank=True)
    privacy_url = models.CharField(max_length=500, blank=True)
    portal_customers = models.CharField(max_length=8, choices=CustomersShown.choices, default=CustomersShown.INITIALS)
    configuration_version = models.BigIntegerField(default=1)
    """Raised by triggers when anything a process caches about this merchant changes."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: models.Manager["Merchant"]

    def __str__(self) -> str:
        return self.name


class Locator(models.Model):
    """What finds a tenant before one is entered. Not under row-level security, so it says nothing else."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=8, choices=Finds.choices)
    key = models.CharField(max_length=200)
    merchant_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "key", "merchant_id"], name="locator_once"),
            models.UniqueConstraint(
                fields=["kind", "key"], condition=~models.Q(kind=Finds.STAFF), name="locator_finds_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"


class UserManager(BaseUserManager["User"]):
    """Users are made by e-mail; the address is kept in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user who signs in with `email` and `password`."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An operator of the installation: reaches the Django admin, belongs to no merchant."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Log-in looks users up whatever the case they type."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in to the back-office; what they may do hangs on a `Membership`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    """Lower case."""
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    """Operator of the installation (Django's word); a merchant's staff have this off."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower")]

    def __str__(self) -> str:
        return self.email


class Membership(models.Model):
    """A user's role at one merchant."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


class Invitation(models.Model):
    """A role at the merchant, offered to whoever reads an e-mail address. The link in that e-mail is the secret."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="invitations", db_index=False)
    email = models.CharField(max_length=254)
    """Lower case."""
    role = models.CharField(max_length=8, choices=Role.choices)
    token_hash = models.CharField(max_length=64)
    """SHA-256 of the token, which has 256 random bits; it is also the key in `Locator`."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            # One that was accepted or taken back is gone; the audit log keeps that it was there.
            models.UniqueConstraint(fields=["merchant", "email"], name="invitation_once"),
        ]

    def __str__(self) -> str:
        return f"{self.email} {self.role}"


class ApiKey(models.Model):
    """A developer's key. Shown once; only its SHA-256 is kept (the secret has 190 random bits)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="api_keys", db_index=False)
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, unique=True)
    """The part before the secret: finds the tenant, and lets people tell keys apart."""
    secret_hash = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=8))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True)
    """To the minute."""
    expires_at = models.DateTimeField(null=True)
    """Set by a rotation: the old key works until then."""
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"


class MailWords(models.Model):
    """A merchant's own words for one of the e-mails in `merchants.letters`; what is empty is said in ours."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="mail_words", db_index=False)
    letter = models.CharField(max_length=40)
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "letter"], name="mail_words_once")]

    def __str__(self) -> str:
        return self.letter


class AuditEntry(models.Model):
    """Who did what to which object when. Append-only; written by `merchants.audit.record` and the ingest.

    Names alone can go from it, when a person is erased (`merchants.audit.write_anew`).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="audit_entries", db_constraint=False, db_index=False
    )
    at = models.DateTimeField(db_default=Now(), editable=False)
    actor_kind = models.CharField(max_length=8)
    """user, key, partner, system, operator."""
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=200)
    """What the actor was called then."""
    verb = models.CharField(max_length=40)
    """`partner.approve`, `sale.record`, …"""
    object_type = models.CharField(max_length=40)
    object_id = models.UUIDField()
    object_count = models.PositiveIntegerField(default=1)
    """More than one for a batch: `object_id` is the first, `after.ids` holds all."""
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["merchant", "object_type", "object_id"], name="audit_object"),
            # Two for lists. What integrations write all day is found at the top of the log, and pays for neither.
            models.Index(fields=["merchant", "verb", "-id"], condition=~Q(verb="sale.record"), name="audit_verb"),
            models.Index(
                fields=["merchant", "actor_kind", "-id"], condition=~Q(actor_kind="key"), name="audit_actor_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.verb} {self.object_type} {self.object_id}"


class OperatorEntry(models.Model):
    """What operators looked at or did outside any merchant. Append-only; inside one it is in the merchant's own log."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(db_default=Now(), editable=False)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=200)
    """What the operator was called then."""
    verb = models.CharField(max_length=40)
    """`operator.list`, `user.deactivate`, …"""
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64, blank=True)
    """Empty for a list."""
    detail = models.JSONField(null=True)
    """What was searched for, or what changed."""

    class Meta:
        verbose_name = "operator's log entry"
        verbose_name_plural = "operators' log"

    def __str__(self) -> str:
        return f"{self.actor_name} {self.verb} {self.object_type} {self.object_id}"
