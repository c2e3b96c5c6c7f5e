"""What partners earn, as versions that never change (SPEC A8, A11), and what has been counted for it.

A rule belongs to exactly one of partner, group or program, and is a chain of versions; each owner has a basic rule and
any number of others. Changing a rule writes a new version with the moment it takes effect; a commission keeps the
version that made it. Which rule decides is the engine's (`rewards.engine`).
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from msgspec import convert

from affiliates.models import Group, Partner, Program
from customers.models import Customer
from merchants.documents import Document
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.money import display, percentage
from rewards.details import Details
from rewards.rules import Terms


class RewardKind(models.TextChoices):
    """How the amount comes about."""

    PERCENTAGE = "percentage"
    FIXED = "fixed"


class RewardVersion(models.Model):
    """The terms of one program, group or partner from `effective_from` until the next version's."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="reward_versions", db_constraint=False, db_index=False
    )
    program = models.ForeignKey(
        Program, on_delete=models.CASCADE, related_name="rewards", null=True, db_constraint=False, db_index=False
    )
    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, related_name="rewards", null=True, db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="rewards", null=True, db_constraint=False, db_index=False
    )
    rule = models.UUIDField(null=True)
    """The chain this is a version of; None is the basic rule of its program, group or partner."""
    number = models.PositiveIntegerField()
    """1, 2, 3 … for the same rule."""
    kind = models.CharField(max_length=10, choices=RewardKind.choices)
    percent = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    """0 to 100, of the base; percentage rewards only."""
    amount = models.BigIntegerField(null=True)
    """Minor units of `currency`, per order, line, lead or click; fixed rewards only."""
    currency = models.CharField(max_length=3, blank=True)
    """Of every amount that the rule names; empty for a percentage that names none."""
    excludes = ArrayField(models.CharField(max_length=8), default=list)
    """Parts of the order's amount that the base leaves out: tax, shipping, discount."""
    details = Document(default=dict)
    """Everything beyond the rate, as `rewards.details.Details` writes it."""
    levels = models.PositiveSmallIntegerField(default=0)
    """Of a rule for recruiters: how many levels it pays, as its details say; 0 of any other."""
    ended = models.BooleanField(default=False)
    """This version takes the rule away: the next one in the order decides again."""
    effective_from = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(program__isnull=False, group=None, partner=None)
                    | Q(program=None, group__isnull=False, partner=None)
                    | Q(program=None, group=None, partner__isnull=False)
                ),
                name="reward_one_level",
            ),
            models.CheckConstraint(
                condition=(
                    Q(kind="percentage", percent__gte=0, percent__lte=100, amount=None)
                    | (Q(kind="fixed", percent=None, amount__gte=0) & ~Q(currency=""))
                ),
                name="reward_terms_complete",
            ),
            models.UniqueConstraint(
                fields=["merchant", "program", "group", "partner", "rule", "number"],
                name="reward_version_once",
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "partner", "-effective_from"], name="reward_by_partner"),
            models.Index(fields=["merchant", "levels"], condition=Q(levels__gt=0), name="reward_for_recruiters"),
        ]

    def __str__(self) -> str:
        if self.percent is not None:
            return f"v{self.number} {percentage(self.percent)}"
        return f"v{self.number} {display(self.amount or 0, self.currency)}"

    def terms(self) -> Terms:
        """As the engine takes it."""
        return Terms(
            id=self.id,
            level="partner" if self.partner_id else "group" if self.group_id else "program",
            number=self.number,
            effective_from=self.effective_from,
            kind=self.kind,
            percent=self.percent,
            amount=self.amount,
            currency=self.currency,
            excludes=tuple(self.excludes),
            ended=self.ended,
            rule=self.rule,
            details=self.more(),
        )

    def more(self) -> Details:
        """What it says beyond the rate."""
        return convert(self.details, Details)


class RewardStanding(models.Model):
    """What has been counted for a partner in a period, or for a partner with one customer (see `rewards.counting`).

    A row is made when a rule first needs it, from the commissions there are, and from then on counted under its lock by
    the transaction that records the sale. It can always be thrown away: the next sale counts it again.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    """Made of whom and which period it is about, so that the primary key finds it and keeps it once."""
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="reward_standings", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="standings", db_constraint=False, db_index=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", null=True, db_constraint=False, db_index=False
    )
    """None: whoever the customers are."""
    period = models.CharField(max_length=7, blank=True)
    """`2026-03` in the merchant's time zone; empty: all time."""
    orders = models.PositiveIntegerField()
    """That earned anything, or would have but for a cap."""
    revenue = models.JSONField(default=dict)
    """Those orders' amounts by currency, in minor units, as they were placed."""
    earned = models.JSONField(default=dict)
    """By currency, in minor units, as accrued."""
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    is_settled = models.BooleanField(db_default=False, editable=False)
    """Whether it was counted once more after all sales were over that did not know of it (`commissions.standing`)."""

    class Meta:
        indexes = [
            models.Index(fields=["merchant", "partner"], name="standing_by_partner"),
            models.Index(fields=["merchant", "made_at"], condition=Q(is_settled=False), name="standing_unsettled"),
        ]

    def __str__(self) -> str:
        return f"{self.orders} orders {self.period}".strip()
