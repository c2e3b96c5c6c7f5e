"""What ends by the clock, every minute: holds, and the time in which a count may have missed a sale under way."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from commissions.hold import release_due
from commissions.standing import settle
from merchants import tenancy
from merchants.tenancy import TenantTask

#: Commissions in one transaction.
LIMIT = 1_000
#: Counts that are made once more in one transaction: each reads what a partner earned in a month, or ever.
STANDINGS = 100
#: Far longer than a transaction that records sales lasts.
UNDER_WAY = timedelta(minutes=5)
#: A message that has waited this long is dropped: later sweeps have rung for the same commissions.
EXPIRES = timedelta(minutes=2).total_seconds()


@shared_task(name="commissions.sweep_holds")
def sweep_holds() -> None:
    """Ring for every merchant: which of them have something due is seen only inside each."""
    for merchant_id in tenancy.every_merchant("holds that are over"):
        _ring(merchant_id)


@shared_task(name="commissions.release_holds", base=TenantTask)
def release_holds() -> None:
    """Approve a merchant's due commissions and settle what was counted; ring again at once when that was not all."""
    now = timezone.now()
    settled = settle(made_before=now - UNDER_WAY, limit=STANDINGS)
    released = release_due(now=now, limit=LIMIT)
    if settled == STANDINGS or released == LIMIT:
        merchant_id = tenancy.current()
        transaction.on_commit(lambda: _ring(merchant_id))


def _ring(merchant_id: UUID) -> None:
    release_holds.apply_async(kwargs={"merchant_id": str(merchant_id)}, expires=EXPIRES)
