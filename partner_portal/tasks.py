"""The link that a partner asks for, sent by the worker.

The page that asks answers the same, and as fast, whether the e-mail is the partner's or not: only the worker looks.
"""

from celery import shared_task
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from affiliates import activation
from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from merchants.tenancy import TenantTask
from pages import mail
from partner_portal.attempts import may_send_link


@shared_task(name="partner_portal.send_link", base=TenantTask)
def send_link(*, portal_code: str, email: str) -> None:
    """Send the partner a link to set a password with, if this is their e-mail."""
    partner = Merchant(id=tenancy.current()).partners.select_related("merchant").filter(portal_code=portal_code).first()
    if partner is None or partner.email != email or not may_send_link(partner):
        return
    if partner.password:
        token, template = activation.reset_token(partner, now=timezone.now()), "portal_reset"
    else:
        token, template = activation.activation_token(partner, now=timezone.now()), "activation"
    context = {"partner": partner, "link": address(partner, "activate", token)}
    mail.send(template, to=partner.email, context=context, merchant=partner.merchant)


def address(partner: Partner, page: str, *arguments: str) -> str:
    """A page of the partner's portal, for an e-mail."""
    return settings.BASE_URL + reverse(f"portal:{page}", args=[partner.portal_code, *arguments])
