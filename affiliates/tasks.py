"""What affiliates leave for later: applications that nobody confirmed, which are words about somebody and no more."""

from celery import shared_task
from django.utils import timezone

from affiliates.applications import LIFETIME, forget_unconfirmed
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
