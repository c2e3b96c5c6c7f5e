"""What each partner earned with each order, why, and what became of it."""

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Now

from affiliates.models import Partner
from customers.models import Customer
from merchants.documents import Document
from merchants.ids import new_id
from merchants.models import Merchant
from orders.models import Order, Refund
from rewards.models import RewardVersion


class CommissionStatus(models.TextChoices):
    """Pending while the hold runs; only approved can be reserved by a payout (SPEC A13)."""

    PENDING = "pending"
    APPROVED = "approved"
    IN_PAYOUT = "in_payout"
    PAID = "paid"
    REVERSED = "reversed"
    REJECTED = "rejected"


class CommissionQuerySet(models.QuerySet["Commission"]):
    """Sets of commissions that have a name."""

    def payable(self) -> "CommissionQuerySet":
        """What a payout may reserve."""
        return self.filter(status=CommissionStatus.APPROVED)

    def listed(self) -> "CommissionQuerySet":
        """What lists show: not what went with a deleted order."""
        return self.filter(is_hidden=False)

    def under_review(self) -> "CommissionQuerySet":
        """Those on hold that somebody has to decide about, without those that follow them."""
        own = Flag.objects.filter(commission=OuterRef("pk"), outcome=FlagOutcome.OPEN)
        return self.filter(Exists(own), status=CommissionStatus.PENDING)

    def earned(self) -> "CommissionQuerySet":
        """What rules and bonuses gave, and nobody by hand."""
        given = self.alias(event=KT("explanation__event"))
        return given.filter(Q(reward_version__isnull=False) | Q(event="bonus"))

    def kept_on_hold(self) -> "CommissionQuerySet":
        """Those that no time releases: somebody doubts what they follow, or what they adjust is on hold."""
        return self.filter(_has_open_flag() | Q(adjusts__status=CommissionStatus.PENDING))

    def with_doubts(self) -> "CommissionQuerySet":
        """Each with `is_doubted`: whether it is under review. Nothing of why, which partners may not see."""
        return self.annotate(is_doubted=_has_open_flag())  # type: ignore[no-redef] # declared for whoever reads a row


def _has_open_flag() -> Exists:
    """A doubt is also one about what follows: a recruiter's share, and what adjusts either."""
    followed = ("pk", "source", "adjusts", "adjusts__source")
    doubted = Q(*(("commission", OuterRef(each)) for each in followed), _connector=Q.OR)
    return Exists(Flag.objects.filter(doubted, outcome=FlagOutcome.OPEN))


class Commission(models.Model):
    """An amount owed to a partner, in minor units of `currency`, with its full working."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="commissions", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.DO_NOTHING, related_name="commissions", db_constraint=False, db_index=False
    )
    order = models.ForeignKey(
        Order, on_delete=models.DO_NOTHING, related_name="commissions", null=True, db_constraint=False, db_index=False
    )
    """None for what no order earned: by hand, a lead, clicks, a bonus."""
    customer = models.ForeignKey(
        Customer,
        on_delete=models.DO_NOTHING,
        related_name="commissions",
        null=True,
        db_constraint=False,
        db_index=False,
    )
    reward_version = models.ForeignKey(
        RewardVersion, on_delete=models.DO_NOTHING, related_name="+", null=True, db_constraint=False, db_index=False
    )
    level = models.PositiveSmallIntegerField(db_default=0)
    """0: the partner sold. n: it is the recruiter n steps above the partner who sold (`rewards.levels`)."""
    source = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, related_name="shares", null=True, db_constraint=False, db_index=False
    )
    """What the partner earned who sold; of a recruiter's commission only, which follows it (`commissions.shares`)."""
    adjusts = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, related_name="adjustments", null=True, db_constraint=False, db_index=False
    )
    """The commission by rule that this one by hand corrects, and follows (`commissions.adjustment`)."""
    currency = models.CharField(max_length=3)
    base = models.BigIntegerField()
    """What the reward was computed on: the part of the order's amount that counts, or what the recruit earned."""
    amount = models.BigIntegerField()
    """As accrued. A manual commission may be negative (a correction)."""
    reversed = models.BigIntegerField(default=0)
    """How much of it refunds and decisions by hand have taken back; the partner has `amount - reversed`."""
    status = models.CharField(max_length=9, choices=CommissionStatus.choices)
    held_until = models.DateTimeField()
    explanation = Document()
    """The working, for people: base, rules tried, rate, rounding. See rewards.engine."""
    occurred_at = models.DateTimeField()
    """When the order was placed."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    paid_at = models.DateTimeField(null=True)
    moved = models.PositiveSmallIntegerField(db_default=0)
    """0 while it stands; n when it was the n-th of its order to leave this partner (tracking.reattribution)."""
    is_hidden = models.BooleanField(db_default=False)
    """Its order was deleted and it was never paid. One that was paid stays in view: it explains what is owed."""

    is_doubted: bool
    """Of those that `with_doubts` found."""

    objects = CommissionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "order", "partner", "moved"], name="commission_once"),
            models.CheckConstraint(
                condition=Q(reversed=0) | Q(reversed__gt=0, reversed__lte=F("amount")),
                name="commission_reversed_within",
            ),
            models.CheckConstraint(
                condition=Q(level=0, source=None) | Q(level__gt=0, source__isnull=False), name="commission_level"
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-occurred_at", "-id"], name="commission_newest"),
            models.Index(fields=["merchant", "currency", "-occurred_at", "-id"], name="commission_by_currency"),
            models.Index(
                fields=["merchant", "partner", "occurred_at"],
                include=["amount", "reversed"],
                name="commission_by_partner",
            ),
            models.Index(
                fields=["merchant", "partner", "currency"],
                include=["amount", "reversed"],
                condition=Q(status="approved"),
                name="commission_payable",
            ),
            models.Index(fields=["merchant", "held_until"], condition=Q(status="pending"), name="commission_on_hold"),
            # Few beside those of orders: what leads and clicks earned, and what was given and adjusted by hand.
            models.Index(fields=["merchant", "partner"], condition=Q(order=None), name="commission_without_order"),
            models.Index(fields=["merchant", "source"], condition=Q(source__isnull=False), name="commission_by_source"),
            models.Index(
                fields=["merchant", "adjusts"], condition=Q(adjusts__isnull=False), name="commission_by_adjusted"
            ),
            # For lists by status. The newest are on hold, so those are read from `commission_newest`, and a new
            # commission pays nothing here unless the program has no hold.
            models.Index(
                fields=["merchant", "status", "-occurred_at", "-id"],
                condition=~Q(status="pending"),
                name="commission_by_status",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @property
    def called(self) -> str:
        """What people know it by: its order, the lead, clicks or bonus that made it, or that it was given by hand."""
        if self.order is not None:
            return self.order.external_id
        return str(self.explanation.get("called", "By hand"))

    @property
    def is_by_hand(self) -> bool:
        """Whether somebody gave it, and no rule and no bonus."""
        return "manual" in self.explanation

    @property
    def is_by_rule(self) -> bool:
        """Whether a rule made it, of an order, a lead or clicks."""
        return self.reward_version_id is not None


class Reversal(models.Model):
    """Part of a commission taken back because of a refund. Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="reversals", db_constraint=False, db_index=False
    )
    commission = models.ForeignKey(
        Commission, on_delete=models.DO_NOTHING, related_name="reversals", db_constraint=False, db_index=False
    )
    refund = models.ForeignKey(
        Refund, on_delete=models.DO_NOTHING, related_name="reversals", db_constraint=False, db_index=False
    )
    amount = models.BigIntegerField()
    """Minor units of the commission's currency, positive."""
    working = models.CharField(max_length=300)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "commission", "refund"], name="reversal_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="reversal_positive"),
        ]

    def __str__(self) -> str:
        return f"-{self.amount}"


class FlagOutcome(models.TextChoices):
    """What became of a doubt. Whether the rule was right is known of two of them: mistaken and rejected."""

    OPEN = "open"
    RELEASED = "released"
    """Somebody looked and let it pass."""
    MISTAKEN = "mistaken"
    """The rule was wrong."""
    REJECTED = "rejected"
    """The rule was right."""
    MOOT = "moot", "Nothing left to decide"
    """Nothing of the commission is left: its order was refunded, deleted or given to somebody else."""


class Severity(models.IntegerChoices):
    """How much there is to a doubt."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Flag(models.Model):
    """A doubt about a commission. While one is open, the end of the hold does not release it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="flags", db_constraint=False, db_index=False
    )
    commission = models.ForeignKey(
        Commission, on_delete=models.DO_NOTHING, related_name="flags", db_constraint=False, db_index=False
    )
    rule = models.CharField(max_length=40)
    """Who doubts: the key of a rule of `fraud.rules`."""
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    reason = models.CharField(max_length=500)
    """A sentence for the merchant's staff. Partners never read it."""
    evidence = models.JSONField(default=dict)
    """The figures behind it."""
    outcome = models.CharField(max_length=8, choices=FlagOutcome.choices, default=FlagOutcome.OPEN)
    decided_by = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=500, blank=True)
    """Why it was decided so."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "commission", "rule"], name="flag_once"),
            models.CheckConstraint(
                condition=Q(outcome="open", closed_at=None) | (~Q(outcome="open") & Q(closed_at__isnull=False)),
                name="flag_closed_when_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "commission"], condition=Q(outcome="open"), name="flag_open"),
            models.Index(fields=["merchant", "rule", "outcome"], name="flag_by_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.commission_id}"


class DecisionKind(models.TextChoices):
    """Why somebody took a commission back, or gave it again."""

    REJECTION = "rejection"
    RESTORATION = "restoration"
    REATTRIBUTION = "reattribution", "re-attribution"
    DELETION = "deletion"
    BELOW_TARGET = "below_target", "below target"
    """A bonus on hold, whose target is not reached any more."""


class Decision(models.Model):
    """Part of a commission taken back, or given again, because somebody decided so. Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="decisions", db_constraint=False, db_index=False
    )
    commission = models.ForeignKey(
        Commission, on_delete=models.DO_NOTHING, related_name="decisions", db_constraint=False, db_index=False
    )
    kind = models.CharField(max_length=13, choices=DecisionKind.choices)
    amount = models.BigIntegerField()
    """Minor units of the commission's currency taken back; below zero for what was given again."""
    follows = models.UUIDField(null=True)
    """Of a recruiter's commission: the decision about the recruit's that it follows."""
    reason = models.CharField(max_length=800)
    decided_by = models.CharField(max_length=200)
    """The name of who decided."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["merchant", "commission"], name="decision_by_commission")]

    def __str__(self) -> str:
        return f"{self.kind} {-self.amount:+d}"
