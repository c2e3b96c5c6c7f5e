"""The e-mail after an application, written by the worker: only there is looked at who the address belongs to."""

from zoneinfo import ZoneInfo

from celery import shared_task
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from affiliates.applications import Known, Standing, confirmation_token, standing_of
from affiliates.models import Application
from merchants import tenancy
from merchants.models import Merchant
from merchants.tenancy import TenantTask
from pages import mail
from pages.attempts import counted
from pages.decisions import address

#: E-mails to one address in a quarter of an hour: no weapon against a mailbox.
LETTERS = 3


@shared_task(name="apply.send_confirmation", base=TenantTask)
def send_confirmation(*, application_id: str) -> None:
    """Ask the address to confirm, or tell it what it is to the merchant already."""
    application = (
        Merchant(id=tenancy.current())
        .applications.select_related("merchant", "program__merchant")
        .filter(id=application_id, confirmed_at=None)
        .first()
    )
    if application is None or counted(f"apply-mail:{application.merchant_id}:{application.email}") > LETTERS:
        return
    merchant = application.merchant
    known = standing_of(merchant.partners.select_related("merchant"), application.email, now=timezone.now())
    if known.standing == Standing.NEW:
        path = address(application.program, "confirm", application.id, confirmation_token(application))
        context = {"link": settings.BASE_URL + path}
        mail.send("application_confirm", to=application.email, context=context, merchant=merchant)
    else:
        mail.send("application_known", to=application.email, context=_known(application, known), merchant=merchant)


def _known(application: Application, known: Known) -> dict[str, object]:
    """The sentence that says what the address is, and where to go from there."""
    name, partner = application.merchant.name, known.partner
    if known.standing == Standing.PARTNER and partner is not None:
        link = settings.BASE_URL + reverse("portal:home", args=[partner.portal_code])
        return {"standing": f"You have a partner account at {name} already: sign in.", "link": link}
    link = settings.BASE_URL + address(application.program, "page")
    if known.again_at is None:
        return {"standing": f"{name} has your application and is looking at it.", "link": link}
    day = date_format(timezone.localdate(known.again_at, ZoneInfo(application.merchant.time_zone)), "F j, Y")
    return {
        "standing": f"An application of yours was turned down lately. Apply again from {day} on.",
        "link": link,
    }
