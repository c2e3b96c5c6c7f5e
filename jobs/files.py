"""Files of jobs go a week after they were made. They hold people's names: nobody shall find them years later."""

from datetime import timedelta
from uuid import UUID

from django.core.files.storage import default_storage
from django.utils import timezone

from jobs.models import Job
from jobs.work import FOLDER
from merchants import tenancy

KEPT = timedelta(days=7)


def forget(merchant_id: UUID) -> int:
    """Remove the merchant's files that are too old, also those of workers that died with one; how many.

    Outside of any transaction, for the storage may be far away. The rows forget first: no page offers what is gone.
    """
    limit = timezone.now() - KEPT
    with tenancy.tenant(merchant_id):
        Job.objects.filter(finished_at__lt=limit).exclude(file="").update(file="")
    folder = f"{FOLDER}/{merchant_id}"
    try:
        _, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return 0
    old = [name for name in names if default_storage.get_modified_time(f"{folder}/{name}") < limit]
    for name in old:
        default_storage.delete(f"{folder}/{name}")
    return len(old)
