"""The memory of the doors: answers given to an Idempotency-Key, replayed word for word."""

from django.db import models
from django.db.models.functions import Now

from merchants.ids import new_id
from merchants.models import Merchant


class StoredAnswer(models.Model):
    """The first answer to a write with an `Idempotency-Key`, kept for a retry of the same request."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="stored_answers", db_constraint=False, db_index=False
    )
    key = models.CharField(max_length=255)
    request_fingerprint = models.CharField(max_length=32)
    """Of method, path and body."""
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="stored_answer_age")]

    def __str__(self) -> str:
        return self.key
