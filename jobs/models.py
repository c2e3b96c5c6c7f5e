"""Long work that a person started: what, how far it is, what came of it.

Who works on a job holds its `claim`, and writes nothing unless the row still carries it. So a worker that was taken
for dead, and is not, loses its piece instead of doing it twice.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from merchants.audit import Actor
from merchants.ids import new_id
from merchants.models import Merchant


class JobStatus(models.TextChoices):
    """Where a job is. Queued and running are open; a failed one can be queued again."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (JobStatus.QUEUED, JobStatus.RUNNING)


class Job(models.Model):
    """Long work, all of it in the row: what is to be done, for whom, where it goes on. So any worker can take it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="jobs", db_constraint=False, db_index=False
    )
    kind = models.CharField(max_length=40)
    """The name of a `jobs.kinds.Kind`."""
    parameters = models.JSONField()
    """What the kind's function is told, as its docstring says. May be megabytes: lists leave it out."""
    status = models.CharField(max_length=9, choices=JobStatus.choices, default=JobStatus.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    """0 until it is known."""
    state = models.JSONField(default=dict)
    """Where the work goes on, written with each piece by the kind's function and read by nobody else."""
    result = models.JSONField(default=dict)
    """What came of it: `summary`, a sentence, and `left_out`, a sentence for each thing that was not done."""
    error = models.CharField(max_length=500, blank=True)
    """Why it failed and what to do, for the person who started it."""
    file = models.CharField(max_length=200, blank=True)
    """Name in Django's default storage; empty without a file, or when it was kept long enough."""
    saved_as = models.CharField(max_length=100, blank=True)
    """What a browser saves the file as."""
    actor_kind = models.CharField(max_length=8)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=200)
    attempts = models.PositiveSmallIntegerField(default=0)
    """How often a worker has taken it."""
    claim = models.UUIDField(null=True)
    """The worker that has it."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    """When the worker last wrote: after each piece."""
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="running", claim__isnull=False) | (~Q(status="running") & Q(claim=None)),
                name="job_claimed_while_running",
            ),
        ]
        indexes = [
            # For the sweep, which looks into every merchant: open jobs are few.
            models.Index(fields=["merchant"], condition=Q(status__in=["queued", "running"]), name="job_open"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def is_open(self) -> bool:
        """Whether somebody will still work on it."""
        return self.status in OPEN

    @property
    def actor(self) -> Actor:
        """Whoever started it: what the work does, it does in their name."""
        return Actor(kind=self.actor_kind, name=self.actor_name, id=self.actor_id)

    @property
    def percent(self) -> int | None:
        """How far it is, 0 to 100; None while nobody knows how much there is."""
        if not self.total:
            return None
        return min(100, 100 * self.done // self.total)
