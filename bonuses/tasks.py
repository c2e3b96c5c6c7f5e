"""The doorbell: whose bonuses are to be looked at stands in the database."""

from uuid import UUID

from celery import shared_task
from django.db import transaction

from bonuses.reaching import LIMIT, settle
from merchants import tenancy
from merchants.tenancy import TenantTask

#: A message that has waited this long (seconds) is dropped: later sweeps have rung for the same partners.
EXPIRES = 5


@shared_task(name="bonuses.sweep")
def sweep() -> None:
    """Ring for every merchant where somebody's figures were recomputed."""
    for merchant_id in tenancy.every_merchant("bonuses to look at", having="bonuses_due"):
        ring(merchant_id)


@shared_task(name="bonuses.settle_merchant", base=TenantTask)
def settle_merchant() -> None:
    """Look at a merchant's partners; ring again at once when those were not all."""
    if settle() >= LIMIT:
        merchant_id = tenancy.current()
        transaction.on_commit(lambda: ring(merchant_id))


def ring(merchant_id: UUID) -> None:
    """Ask a worker to look."""
    settle_merchant.apply_async(kwargs={"merchant_id": str(merchant_id)}, expires=EXPIRES)
