"""What operators may read of the doors' memory."""

from django.contrib import admin

from merchants.readable import Owned
from tracking.models import StoredAnswer


@admin.register(StoredAnswer)
class StoredAnswerAdmin(Owned):
    called = "Idempotency keys"
    list_display = ("key", "status", "created_at")
    search_fields = ("key__startswith",)
    hidden = ("request_fingerprint",)
