"""What tracking leaves for later: clicks on their way to the database, and answers that nobody will ask for again."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from merchants import tenancy
from merchants.tenancy import TenantTask
from tracking import clicks, idempotency

#: Clicks in one go, and how many goes before the worker sees to something else.
LIMIT = 2_000
GOES = 10
#: How long a retry under the same Idempotency-Key is answered from memory.
REMEMBERED = timedelta(days=30)


@shared_task(name="tracking.drain_clicks")
def drain_clicks() -> None:
    """Move the clicks that wait in the stream to the database. Two at once each take their own."""
    for _ in range(GOES):
        if clicks.drain(limit=LIMIT) < LIMIT:
            return


@shared_task(name="tracking.sweep_answers")
def sweep_answers() -> None:
    """Ring for every merchant, once a day."""
    for merchant_id in tenancy.every_merchant("stored answers that are too old"):
        forget_answers.delay(merchant_id=str(merchant_id))


@shared_task(name="tracking.forget_answers", base=TenantTask)
def forget_answers() -> None:
    """Forget a merchant's answers that were given too long ago."""
    idempotency.forget(timezone.now() - REMEMBERED)
