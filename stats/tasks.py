"""Keeping the rollups up to date. The marks are the work that is to do; a message only says that there may be some.

Nothing rings from the request path: a sale does not wait for Redis, and a sweep every other second is soon enough.
"""

from random import shuffle
from uuid import UUID

from celery import shared_task
from django.db import transaction

from merchants import tenancy
from merchants.tenancy import TenantTask
from stats.rollup import LIMIT, refresh

#: A message that has waited this long (seconds) is dropped: later sweeps have rung for the same marks.
EXPIRES = 5


@shared_task(name="stats.sweep")
def sweep() -> None:
    """Ring for every merchant that has open marks.

    In any order: when the workers cannot keep up, messages expire, and always the same merchants' would.
    """
    found = tenancy.every_merchant("open stale marks", having="stale_marks")
    shuffle(found)
    for merchant_id in found:
        ring(merchant_id)


@shared_task(name="stats.refresh_merchant", base=TenantTask)
def refresh_merchant() -> None:
    """Take a merchant's oldest marks; ring again at once when that was not all (a big import)."""
    if refresh() >= LIMIT:
        merchant_id = tenancy.current()
        transaction.on_commit(lambda: ring(merchant_id))


def ring(merchant_id: UUID) -> None:
    """Ask a worker to refresh this merchant."""
    refresh_merchant.apply_async(kwargs={"merchant_id": str(merchant_id)}, expires=EXPIRES)
