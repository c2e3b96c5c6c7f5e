"""How somebody becomes a partner: what is asked, what is agreed to, and what was sent."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from affiliates.models.partners import Group, Partner, Program
from merchants.ids import new_id
from merchants.models import Merchant


class QuestionKind(models.TextChoices):
    """How an applicant answers."""

    SHORT = "short", "Short text"
    LONG = "long", "Long text"
    CHOICE = "choice", "One of several"
    CHOICES = "choices", "Any of several"
    NUMBER = "number", "Number"
    CHECKBOX = "checkbox", "Checkbox"

    @property
    def has_choices(self) -> bool:
        """Whether the question lists what can be answered."""
        return self in (QuestionKind.CHOICE, QuestionKind.CHOICES)


class Question(models.Model):
    """What a program asks applicants besides name, e-mail and website. An answer keeps the question as it was asked."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="questions", db_index=False)
    program = models.ForeignKey(
        Program, on_delete=models.CASCADE, related_name="questions", db_constraint=False, db_index=False
    )
    position = models.PositiveSmallIntegerField()
    """From 0, in the order of the form."""
    version = models.PositiveIntegerField(default=1)
    """Raised by every edit; answers name it."""
    label = models.CharField(max_length=200)
    hint = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=8, choices=QuestionKind.choices, default=QuestionKind.SHORT)
    choices = ArrayField(models.CharField(max_length=100), default=list)
    required = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["merchant", "program", "position"], name="question_in_order")]

    def __str__(self) -> str:
        return self.label


class AfterDeadline(models.TextChoices):
    """What becomes of a partner who let the day pass. Either way the portal shows the terms alone until they accept."""

    REVIEW = "review"
    """They earn on, and what they earn waits for somebody to look at it (`fraud.terms`)."""
    SUSPEND = "suspend"
    """They earn nothing more until they accept (`affiliates.deadlines`)."""


class ProgramTerms(models.Model):
    """One version of what partners agree to. Append-only: what somebody accepted can always be read."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="program_terms", db_index=False)
    program = models.ForeignKey(
        Program, on_delete=models.CASCADE, related_name="terms", db_constraint=False, db_index=False
    )
    number = models.PositiveIntegerField()
    """From 1 in each program; the highest is the one in force."""
    text = models.TextField()
    accept_by = models.DateField(null=True)
    """The last day on which partners who were there before can accept it; None: there is no such day."""
    after_deadline = models.CharField(max_length=7, choices=AfterDeadline.choices, default=AfterDeadline.REVIEW)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "program terms"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "program", "number"], name="program_terms_number_once")
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"


class TermsAcceptance(models.Model):
    """That a partner agreed to a version, and when. Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="terms_acceptances", db_index=False)
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="terms_acceptances", db_constraint=False, db_index=False
    )
    terms = models.ForeignKey(
        ProgramTerms, on_delete=models.CASCADE, related_name="acceptances", db_constraint=False, db_index=False
    )
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "partner", "terms"], name="terms_accepted_once")]
        indexes = [models.Index(fields=["merchant", "terms", "-id"], name="terms_accepted_by")]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.terms_id}"


class Application(models.Model):
    """What somebody sent on the public page. Until the address is confirmed it has no partner."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    """Made with the form, so that a form that is sent twice is one application."""
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="applications", db_index=False)
    program = models.ForeignKey(
        Program, on_delete=models.CASCADE, related_name="applications", db_constraint=False, db_index=False
    )
    group = models.ForeignKey(
        Group, on_delete=models.SET_NULL, related_name="applications", null=True, db_constraint=False, db_index=False
    )
    """The group whose page it was."""
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="applications", null=True, db_constraint=False, db_index=False
    )
    """Who came of it."""
    recruiter = models.ForeignKey(
        Partner, on_delete=models.SET_NULL, related_name="+", null=True, db_constraint=False, db_index=False
    )
    """Whose invitation it came by."""
    terms = models.ForeignKey(
        ProgramTerms, on_delete=models.PROTECT, related_name="applications", null=True, db_constraint=False,
        db_index=False,
    )  # fmt: skip
    """The version that was accepted with it."""
    name = models.CharField(max_length=200)
    email = models.CharField(max_length=254)
    """Lower case."""
    website = models.CharField(max_length=500, blank=True)
    country = models.CharField(max_length=2, blank=True)
    """Where the form was sent from, when a proxy names it."""
    ip_hash = models.CharField(max_length=32, blank=True)
    """The network address it was sent from, hashed as on a click. Once confirmed, `fraud.addresses` keeps it."""
    answers = models.JSONField(default=list)
    """In order, each with the question as it was asked: question, version, label, kind, answer (null: none)."""
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(partner=None) | Q(confirmed_at__isnull=False), name="application_confirmed"
            )
        ]
        indexes = [
            models.Index(fields=["merchant", "-created_at", "-id"], name="application_newest"),
            models.Index(fields=["merchant", "partner", "-created_at"], name="application_by_partner"),
        ]

    def __str__(self) -> str:
        return self.name
