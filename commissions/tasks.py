"""What ends by the clock, every minute: holds."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from commissions.hold import release_due
from merchants import tenancy
from merchants.tenancy import TenantTask

#: Commissions in one transaction.
LIMIT = 1_000
#: A message that has waited this long is dropped: later sweeps have rung for the same commissions.
EXPIRES = timedelta(minutes=2).total_seconds()


@shared_task(name="commissions.sweep_holds")
def sweep_holds() -> None:
    """Ring for every merchant: which of them have something due is seen only inside each."""
    for merchant_id in tenancy.every_merchant("holds that are over"):
        _ring(merchant_id)


@shared_task(name="commissions.release_holds", base=TenantTask)
def release_holds() -> None:
    """Approve a merchant's due commissions; ring again at once when that was not all."""
    if release_due(now=timezone.now(), limit=LIMIT) == LIMIT:
        merchant_id = tenancy.current()
        transaction.on_commit(lambda: _ring(merchant_id))


def _ring(merchant_id: UUID) -> None:
    release_holds.apply_async(kwargs={"merchant_id": str(merchant_id)}, expires=EXPIRES)
