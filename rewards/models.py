"""What partners earn, as versions that never change (SPEC A8, A11).

A reward belongs to exactly one of partner, group or program, and the nearest to the partner decides. Setting a
reward writes a new version with the moment it takes effect; a commission keeps the version that made it.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from affiliates.models import Group, Partner, Program
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.money import to_decimal
from rewards.engine import Terms


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
    number = models.PositiveIntegerField()
    """1, 2, 3 … for the same program, group or partner."""
    kind = models.CharField(max_length=10, choices=RewardKind.choices)
    percent = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    """0 to 100, of the base; percentage rewards only."""
    amount = models.BigIntegerField(null=True)
    """Minor units of `currency`, per order; fixed rewards only."""
    currency = models.CharField(max_length=3, blank=True)
    excludes = ArrayField(models.CharField(max_length=8), default=list)
    """Parts of the order's amount that the base leaves out: tax, shipping, discount."""
    ended = models.BooleanField(default=False)
    """This version takes the terms away: the next level decides again."""
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
                    Q(kind="percentage", percent__gte=0, percent__lte=100, amount=None, currency="")
                    | (Q(kind="fixed", percent=None, amount__gte=0) & ~Q(currency=""))
                ),
                name="reward_terms_complete",
            ),
            models.UniqueConstraint(
                fields=["merchant", "program", "group", "partner", "number"],
                name="reward_version_once",
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "partner", "-effective_from"], name="reward_by_partner"),
        ]

    def __str__(self) -> str:
        if self.percent is not None:
            return f"v{self.number} {self.percent.normalize():f} %"
        terms = f"{to_decimal(self.amount or 0, self.currency)} {self.currency}"
        return f"v{self.number} {terms}"

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
        )
