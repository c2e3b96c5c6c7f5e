"""What operators may read of jobs."""

from django.contrib import admin

from jobs.models import Job
from merchants.readable import Owned


@admin.register(Job)
class JobAdmin(Owned):
    list_display = ("kind", "actor_name", "status", "done", "total", "created_at")
    list_filter = ("status", "kind")
    # Parameters and state may be megabytes of ids.
    hidden = ("parameters", "state", "claim")
