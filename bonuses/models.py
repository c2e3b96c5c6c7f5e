"""What partners get for reaching a target in a period, how far each of them is, and what was given for it.

A bonus belongs to exactly one of partner, group or program, as a reward does. From the day it begins it never changes
but for its name and its end. `Progress` is a rollup of rollups: recomputed, never incremented (`bonuses.reaching`).
"""

from dataclasses import replace
from datetime import date

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from affiliates.models import Group, Partner, Program
from bonuses.periods import Span, running, spans
from commissions.models import Commission
from merchants.ids import new_id
from merchants.models import Merchant


class Measure(models.TextChoices):
    """What is counted."""

    ORDERS = "orders"
    """In any currency; one that was refunded in full does not count."""
    REVENUE = "revenue"
    """In the bonus's currency, less refunds."""
    LEADS = "leads"


class Period(models.TextChoices):
    """How often a bonus can be reached."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ONCE = "once"


class Rung(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A target and what reaching it pays, beside what the targets below it pay."""

    target: int
    """Orders, leads, or minor units of revenue."""
    amount: int
    """Minor units."""


class BonusQuerySet(models.QuerySet["Bonus"]):
    """Sets of bonuses that have a name."""

    def planned(self, today: date) -> "BonusQuerySet":
        """Those that have not begun."""
        return self.filter(starts_on__gt=today)

    def running(self, today: date) -> "BonusQuerySet":
        """Those that count today."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=today), starts_on__lte=today)

    def ended(self, today: date) -> "BonusQuerySet":
        """Those whose last day is over."""
        return self.filter(ends_on__lt=today)

    def for_partner(self, partner: Partner) -> "BonusQuerySet":
        """The partner's own, their group's and their program's."""
        mine = Q(partner=partner) | Q(program=partner.program_id)
        return self.filter(mine | Q(group=partner.group_id) if partner.group_id else mine)


class Bonus(models.Model):
    """A promise to the partners of a program or a group, or to one partner. Days are the merchant's."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="bonuses", db_constraint=False, db_index=False
    )
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, related_name="bonuses", null=True, db_constraint=False, db_index=False
    )
    group = models.ForeignKey(
        Group, on_delete=models.DO_NOTHING, related_name="bonuses", null=True, db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.DO_NOTHING, related_name="bonuses", null=True, db_constraint=False, db_index=False
    )
    name = models.CharField(max_length=100)
    measure = models.CharField(max_length=7, choices=Measure.choices)
    period = models.CharField(max_length=7, choices=Period.choices)
    currency = models.CharField(max_length=3)
    """Of the amounts, and of revenue."""
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    """The last day that counts; None until somebody ends it."""
    ladder = models.JSONField()
    """Targets in ascending order, as `Rung` has them."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = BonusQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(program__isnull=False, group=None, partner=None)
                    | Q(program=None, group__isnull=False, partner=None)
                    | Q(program=None, group=None, partner__isnull=False)
                ),
                name="bonus_one_level",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")) | (Q(ends_on=None) & ~Q(period="once")),
                name="bonus_ends_after_it_starts",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "-created_at", "-id"], name="bonus_newest")]
        verbose_name_plural = "bonuses"

    def __str__(self) -> str:
        return self.name

    @property
    def owner(self) -> Program | Group | Partner:
        """Whose it is. Ask for it with `select_related`."""
        owner = self.partner or self.group or self.program
        assert owner is not None, "bonus_one_level"
        return owner

    @property
    def level(self) -> str:
        """`partner`, `group` or `program`."""
        return "partner" if self.partner_id else "group" if self.group_id else "program"

    @property
    def rungs(self) -> list[Rung]:
        """The ladder as it was checked when it was set."""
        return msgspec.convert(self.ladder, list[Rung])

    @property
    def counts(self) -> tuple[str, str]:
        """Of bonuses that count the same thing, only one counts for a partner on a day."""
        return self.measure, self.currency if self.measure == Measure.REVENUE else ""

    def is_running(self, today: date) -> bool:
        """Whether that day counts."""
        return running(self.starts_on, self.ends_on, today)

    def status(self, today: date) -> str:
        """`planned`, `running` or `ended`."""
        if self.starts_on > today:
            return "planned"
        return "running" if self.is_running(today) else "ended"

    def spans(self, since: date, until: date) -> list[Span]:
        """Its periods that touch these days, the oldest first."""
        return spans(self.period, self.starts_on, self.ends_on, since, until)

    def span_since(self, first_day: date) -> Span:
        """The period that this day names. No day of it counts when the bonus was ended before it began.

        Where the merchant moves to a time zone further west, a day on which something was given can come again.
        """
        if self.ends_on is None or first_day <= self.ends_on:
            (span,) = self.spans(first_day, first_day)
            return span
        (span,) = spans(self.period, self.starts_on, None, first_day, first_day)
        return replace(span, last=self.ends_on)


class Progress(models.Model):
    """How far a partner came in one period of a bonus."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="bonus_progress", db_constraint=False, db_index=False
    )
    bonus = models.ForeignKey(
        Bonus, on_delete=models.DO_NOTHING, related_name="progress", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.DO_NOTHING, related_name="bonus_progress", db_constraint=False, db_index=False
    )
    first_day = models.DateField()
    """Of the period, and what names it: its last day may come earlier than it was meant to."""
    reached = models.BigIntegerField()
    """Orders, leads, or minor units of revenue."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "partner", "bonus", "first_day"], name="bonus_progress_once"),
        ]
        indexes = [
            models.Index(fields=["merchant", "bonus", "first_day", "-reached", "-id"], name="bonus_progress_furthest")
        ]
        verbose_name_plural = "progress"

    def __str__(self) -> str:
        return f"{self.reached} since {self.first_day}"


class Award(models.Model):
    """A target that a partner reached, and the commission for it. Append-only: there is one whatever runs twice."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="bonus_awards", db_constraint=False, db_index=False
    )
    bonus = models.ForeignKey(
        Bonus, on_delete=models.DO_NOTHING, related_name="awards", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.DO_NOTHING, related_name="bonus_awards", db_constraint=False, db_index=False
    )
    first_day = models.DateField()
    """Of the period."""
    target = models.BigIntegerField()
    commission = models.ForeignKey(
        Commission, on_delete=models.DO_NOTHING, related_name="bonus_awards", db_constraint=False, db_index=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "partner", "bonus", "first_day", "target"], name="bonus_award_once"
            ),
            models.UniqueConstraint(fields=["merchant", "commission"], name="bonus_award_of_commission"),
        ]

    def __str__(self) -> str:
        return f"{self.target} since {self.first_day}"


class Due(models.Model):
    """Partners whose figures were recomputed and whose bonuses were not looked at since. Append-only for writers."""

    id = models.BigAutoField(primary_key=True)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="bonuses_due", db_constraint=False, db_index=False
    )
    partners = ArrayField(models.UUIDField())
    not_before = models.DateField(null=True)
    """The merchant's day that those figures are of, when it has not begun; None: look at once."""
    noted_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "due"

    def __str__(self) -> str:
        return f"{len(self.partners)} partners"
