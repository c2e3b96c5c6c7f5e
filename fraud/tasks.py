"""The doorbell of screening: what is to be looked at stands in the database."""

from uuid import UUID

from celery import shared_task
from django.db import transaction

from fraud import addresses
from fraud.screening import LIMIT, screen
from merchants import tenancy
from merchants.tenancy import TenantTask

#: A message that has waited this long (seconds) is dropped: later sweeps have rung for the same commissions.
EXPIRES = 30


@shared_task(name="fraud.sweep")
def sweep() -> None:
    """Ring for every merchant that has a rule switched on."""
    for merchant_id in tenancy.every_merchant("rules of fraud that are on", having="fraud_rules"):
        ring(merchant_id)


@shared_task(name="fraud.screen_merchant", base=TenantTask)
def screen_merchant() -> None:
    """Look at a merchant's new commissions; ring again at once when those were not all."""
    if screen() >= LIMIT:
        merchant_id = tenancy.current()
        transaction.on_commit(lambda: ring(merchant_id))


@shared_task(name="fraud.sweep_addresses")
def sweep_addresses() -> None:
    """Ring for every merchant, once a day."""
    for merchant_id in tenancy.every_merchant("addresses of partners that are too old"):
        forget_addresses.delay(merchant_id=str(merchant_id))


@shared_task(name="fraud.forget_addresses", base=TenantTask)
def forget_addresses() -> None:
    """Let go of addresses that say nothing any more."""
    addresses.forget()


def ring(merchant_id: UUID) -> None:
    """Ask a worker to look."""
    screen_merchant.apply_async(kwargs={"merchant_id": str(merchant_id)}, expires=EXPIRES)
