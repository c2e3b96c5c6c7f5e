"""What affiliates leave for later: applications that nobody confirmed, and days for new terms that have passed."""

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from affiliates.applications import LIFETIME, forget_unconfirmed
from affiliates.deadlines import LIMIT, suspend_late
from merchants import tenancy
from merchants.tenancy import TenantTask


@shared_task(name="affiliates.sweep_applications")
def sweep_applications() -> None:
    """Ring for every merchant, once a day."""
    for merchant_id in tenancy.every_merchant("applications that were never confirmed"):
        forget_applications.delay(merchant_id=str(merchant_id))


@shared_task(name="affiliates.forget_applications", base=TenantTask)
def forget_applications() -> None:
    """Forget a merchant's applications whose links have expired."""
    forget_unconfirmed(timezone.now() - LIFETIME)


@shared_task(name="affiliates.sweep_deadlines")
def sweep_deadlines() -> None:
    """Ring for every merchant, once an hour: days end at another time in every zone."""
    for merchant_id in tenancy.every_merchant("days for new terms that have passed"):
        suspend_for_deadlines.delay(merchant_id=str(merchant_id))


@shared_task(name="affiliates.suspend_for_deadlines", base=TenantTask)
def suspend_for_deadlines() -> None:
    """Suspend a merchant's partners who let the day pass; ring again at once when those were not all."""
    if suspend_late(now=timezone.now()) >= LIMIT:
        merchant_id = tenancy.current()
        transaction.on_commit(lambda: suspend_for_deadlines.delay(merchant_id=str(merchant_id)))
