"""What tracking leaves for later: clicks on their way to the database, and answers that nobody will ask for again."""

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from merchants import tenancy
from merchants.tenancy import TenantTask
from tracking import click_stream, clicks, idempotency

logger = logging.getLogger(__name__)

#: Clicks in one go, and how many goes before the worker sees to something else.
LIMIT = 2_000
GOES = 10
#: So many clicks still waiting after all goes are more than a worker can keep up with.
TOO_MANY = 100_000
#: How long a retry under the same Idempotency-Key is answered from memory.
REMEMBERED = timedelta(days=30)


@shared_task(name="tracking.drain_clicks")
def drain_clicks() -> None:
    """Move the clicks that wait in the stream to the database. Two at once each take their own."""
    for _ in range(GOES):
        if clicks.drain(limit=LIMIT) < LIMIT:
            return
    waiting = click_stream.waiting()
    if waiting > TOO_MANY:  # never trimmed: Redis grows until somebody acts
        logger.error("%d clicks wait to be drained: start more Celery workers", waiting)


@shared_task(name="tracking.sweep_answers")
def sweep_answers() -> None:
    """Ring for every merchant, once a day."""
    for merchant_id in tenancy.every_merchant("stored answers that are too old"):
        forget_answers.delay(merchant_id=str(merchant_id))


@shared_task(name="tracking.forget_answers", base=TenantTask)
def forget_answers() -> None:
    """Forget a merchant's answers that were given too long ago."""
    idempotency.forget(timezone.now() - REMEMBERED)
