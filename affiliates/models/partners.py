"""Programs, partners, and everything by which a sale can find its partner."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now, Upper

from merchants.ids import new_id
from merchants.models import Merchant
from merchants.words import Word


class AutoApproval(models.TextChoices):
    """Whose confirmed application is approved without anybody looking."""

    NOBODY = "nobody"
    EVERYBODY = "everybody"
    DOMAINS = "domains"
    """Those whose e-mail is at one of the domains listed."""
    COUNTRIES = "countries"
    """Those who applied from one of the countries listed, where a proxy names it."""


class Program(models.Model):
    """What partners join, and the page on which they apply. A merchant starts with one, the default."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="programs", db_index=False)
    name = models.CharField(max_length=200)
    is_default = models.BooleanField(default=False)
    applications_open = models.BooleanField(default=False)
    """Whether its page takes applications."""
    landing_text = models.TextField(blank=True)
    """What stands above the form, in paragraphs."""
    reapply_days = models.PositiveSmallIntegerField(default=30)
    """After a rejection an address waits this long before it can apply again."""
    auto_approval = models.CharField(max_length=9, choices=AutoApproval.choices, default=AutoApproval.NOBODY)
    auto_approve_domains = ArrayField(models.CharField(max_length=253), default=list)
    auto_approve_countries = ArrayField(models.CharField(max_length=2), default=list)
    auto_reject_domains = ArrayField(models.CharField(max_length=253), default=list)
    """E-mail domains that are always turned down, whatever else says yes."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "name"], name="program_name_once"),
            models.UniqueConstraint(fields=["merchant"], condition=Q(is_default=True), name="program_one_default"),
        ]

    def __str__(self) -> str:
        return self.name


class GroupManager(models.Manager["Group"]):
    """Groups that stand. One that was deleted is in no list and no choice (`affiliates.programs.delete_group`)."""

    def get_queryset(self) -> "models.QuerySet[Group]":
        """Without the deleted."""
        return super().get_queryset().filter(deleted_at=None)


class Group(models.Model):
    """Partners of a program who share terms.

    A group that was deleted has no partners. Its row stays, because commissions keep the versions of its rewards.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="groups", db_index=False)
    program = models.ForeignKey(
        Program, on_delete=models.CASCADE, related_name="groups", db_constraint=False, db_index=False
    )
    name = models.CharField(max_length=200)
    hold_days = models.PositiveSmallIntegerField(null=True)
    """None: the merchant's."""
    minimum_payout = models.BigIntegerField(null=True)
    """Minor units of `minimum_currency`; None: the merchant's."""
    minimum_currency = models.CharField(max_length=3, blank=True)
    """The merchant's currency when the minimum was set; in any other one the merchant's own minimum holds."""
    landing_text = models.TextField(blank=True)
    """Instead of the program's, where the page of applications is opened with `?group=`."""
    auto_approval = models.CharField(max_length=9, choices=AutoApproval.choices, blank=True)
    """Empty: the program's rule, with its lists."""
    auto_approve_domains = ArrayField(models.CharField(max_length=253), default=list)
    auto_approve_countries = ArrayField(models.CharField(max_length=2), default=list)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = GroupManager()
    with_deleted = models.Manager["Group"]()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "program", "name"], condition=Q(deleted_at=None), name="group_name_once"
            ),
            models.CheckConstraint(
                condition=Q(minimum_payout=None, minimum_currency="") | Q(minimum_payout__gte=0), name="group_minimum"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PartnerStatus(models.TextChoices):
    """Only an approved partner earns (SPEC A3)."""

    APPLIED = "applied"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUSPENDED = "suspended"


class Partner(models.Model):
    """Someone who brings customers and is paid for it. One row per person and merchant."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="partners", db_index=False)
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="partners", db_constraint=False, db_index=False
    )
    group = models.ForeignKey(
        Group, on_delete=models.PROTECT, related_name="partners", null=True, db_constraint=False, db_index=False
    )
    name = models.CharField(max_length=200)
    email = models.CharField(max_length=254)
    """Lower case; unique per merchant."""
    status = models.CharField(max_length=9, choices=PartnerStatus.choices, default=PartnerStatus.APPROVED)
    status_changed_at = models.DateTimeField(db_default=Now())
    recruiter = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="recruits", null=True, db_constraint=False, db_index=False
    )
    """The partner who brought this one, and who may earn on what this one earns (`rewards.levels`). Never a circle."""
    recruited_at = models.DateTimeField(null=True)
    """Since when; set with `recruiter`."""
    owes_acceptance = models.BooleanField(default=False)
    """Suspended by the deadline of new terms: accepting them ends it."""
    portal_code = models.CharField(max_length=24, unique=True)
    """The last part of the portal address; no secret."""
    password = models.CharField(max_length=128, blank=True)
    """Django's password hash; empty until the partner has activated the portal."""
    notes = models.TextField(blank=True)
    tags = ArrayField(models.CharField(max_length=50), default=list)
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)
    """Since when the row says nothing of who it was (`affiliates.erasure`). It stays: the books point at it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "email"], name="partner_email_once"),
            models.CheckConstraint(
                condition=Q(recruiter=None, recruited_at=None) | Q(recruiter__isnull=False, recruited_at__isnull=False),
                name="partner_recruited",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-created_at", "-id"], name="partner_newest"),
            models.Index(
                fields=["merchant", "recruiter", "-recruited_at", "-id"],
                condition=Q(recruiter__isnull=False),
                name="partner_by_recruiter",
            ),
            models.Index(fields=["merchant", "status", "-created_at", "-id"], name="partner_by_status"),
            models.Index(fields=["merchant", "group"], name="partner_by_group"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def hold_days(self) -> int:
        """How long what they earn is held: as their group says, or the merchant where it says nothing."""
        own = self.group.hold_days if self.group else None
        return self.merchant.hold_days if own is None else own


class PartnerStretch(models.Model):
    """A stretch of time in which a partner's group, status and recruiter stayed what they were.

    Written by a trigger, whoever changes the partner: what a sale of that time would have found (`affiliates.past`).
    A partner's stretches follow one another without a gap, from the beginning on; the last one says what the partner's
    own row says (`affiliates.verify`). What is over never changes.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="partner_stretches", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.DO_NOTHING, related_name="stretches", db_constraint=False, db_index=False
    )
    group = models.ForeignKey(
        Group, on_delete=models.DO_NOTHING, related_name="+", null=True, db_constraint=False, db_index=False
    )
    """None: they were in none."""
    status = models.CharField(max_length=9, choices=PartnerStatus.choices)
    recruiter = models.ForeignKey(
        Partner, on_delete=models.DO_NOTHING, related_name="+", null=True, db_constraint=False, db_index=False
    )
    recruited_at = models.DateTimeField(null=True)
    since = models.DateTimeField(null=True)
    """None: from the beginning. An order that is older than its partner's row meets them as they came."""
    until = models.DateTimeField(null=True)
    """The first moment at which something of it was otherwise; None: nothing is yet."""

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="stretches_apart",
                expressions=[
                    ("merchant", RangeOperators.EQUAL),
                    ("partner", RangeOperators.EQUAL),
                    (Func("since", "until", function="tstzrange", output_field=DateTimeRangeField()), "&&"),
                ],
            ),
            # Null is no answer, and passes: a stretch without a beginning or an end.
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="stretch_ends_after_it_begins"),
        ]
        indexes = [models.Index(fields=["merchant", "partner", "until"], name="stretch_by_partner")]

    def __str__(self) -> str:
        return f"{self.partner_id} until {self.until or 'now'}"


class PartnerWord(Word):
    """What a partner is found by (`affiliates.search`)."""

    pk = models.CompositePrimaryKey("merchant_id", "word", "partner_id")
    partner = models.ForeignKey(
        Partner, on_delete=models.DO_NOTHING, related_name="words", db_constraint=False, db_index=False
    )

    class Meta:
        # Without the word: what a row has several of is one entry of the index.
        indexes = [models.Index(fields=["merchant", "partner"], name="partner_word_by_partner")]


class Coupon(models.Model):
    """A code that stands for a partner. Unique per merchant whatever the case (SPEC A4)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="coupons", db_index=False)
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="coupons", db_constraint=False, db_index=False
    )
    code = models.CharField(max_length=64)
    """As the merchant wrote it."""
    key = models.GeneratedField(expression=Upper("code"), output_field=models.CharField(max_length=64), db_persist=True)
    """What the code is found by, whatever the case. A column: under row-level security no index on upper() serves."""
    is_active = models.BooleanField(default=True)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    """The first moment at which it no longer works."""
    max_uses = models.PositiveIntegerField(null=True)
    uses = models.PositiveIntegerField(default=0)
    """Counted only while `max_uses` is set, under a lock on this row, so that the limit is exact."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="coupon_code_once"),
            models.CheckConstraint(condition=Q(max_uses=None) | Q(uses__lte=F("max_uses")), name="coupon_within_limit"),
        ]
        indexes = [
            models.Index(fields=["merchant", "partner"], name="coupon_by_partner"),
            models.Index(fields=["merchant", "-created_at", "-id"], name="coupon_newest"),
        ]

    def __str__(self) -> str:
        return self.code


class Link(models.Model):
    """A tracking link: `/r/<code>`, or `?via=<code>` on the merchant's own site. Codes are global (one host)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="links", db_index=False)
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="links", db_constraint=False, db_index=False
    )
    code = models.CharField(max_length=64, unique=True)
    """Lower case."""
    destination = models.URLField(max_length=2000)
    """Where the redirect leads; always on one of the merchant's domains."""
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["merchant", "partner"], name="link_by_partner"),
            models.Index(fields=["merchant", "-created_at", "-id"], name="link_newest"),
        ]

    def __str__(self) -> str:
        return self.code


class Click(models.Model):
    """A touch: someone, not a bot, followed a link. Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    """Is also the click id that the merchant's site sends back with the sale."""
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="clicks", db_constraint=False, db_index=False
    )
    link = models.ForeignKey(
        Link, on_delete=models.DO_NOTHING, related_name="clicks", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.DO_NOTHING, related_name="clicks", db_constraint=False, db_index=False
    )
    visitor = models.UUIDField()
    """From a first-party cookie where there is one, else of this click alone."""
    clicked_at = models.DateTimeField()
    is_unique = models.BooleanField()
    """The visitor's first click on this link that day (UTC), as far as the cookie tells."""
    landing_url = models.CharField(max_length=2000, blank=True)
    referrer = models.CharField(max_length=2000, blank=True)
    country = models.CharField(max_length=2, blank=True)
    utm = models.JSONField(default=dict)
    ip_hash = models.CharField(max_length=32, blank=True)
    """Keyed hash of the address: enough to see velocity, not to find a person."""
    user_agent = models.CharField(max_length=400, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["merchant", "-clicked_at", "-id"], name="click_newest"),
            models.Index(fields=["merchant", "partner", "clicked_at"], name="click_by_partner"),
            models.Index(fields=["merchant", "visitor"], name="click_by_visitor"),
        ]

    def __str__(self) -> str:
        return str(self.id)
