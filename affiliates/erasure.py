"""Forgetting who a partner or an applicant was. Rows that the books point at stay, and say nothing any more.

Here goes what affiliates know themselves. `tracking.erasure` is the verb for a partner: it asks the books first, and
finds what others wrote down about them.
"""

import secrets
from typing import Any

from django.db import transaction
from django.utils import timezone

from affiliates import search
from affiliates.models import Application, Link, Partner, PartnerStatus
from affiliates.partners import new_portal_code
from merchants import edits, tenancy
from merchants.audit import Actor, record
from merchants.contact import normal_email
from merchants.models import Merchant

#: What everybody who was erased is called.
NOBODY = "Erased partner"

#: What is left of an application: when it was sent and confirmed, and which terms were accepted with it.
_APPLICATION: dict[str, Any] = {
    "name": NOBODY, "email": "", "website": "", "country": "", "ip_hash": "", "answers": [],
}  # fmt: skip


def forget(partner: Partner, *, actor: Actor) -> bool:
    """Take out of the partner's own rows who they are; False when that was done before.

    They leave their group, can sign in nowhere, and earn nothing more. Links and coupons answer no more, and their
    codes, names as often as not, become codes that say nothing: the ones they had are free for somebody else.
    """
    with transaction.atomic():
        edits.lock(partner)
        if partner.erased_at is not None:
            return False
        was, partner.portal_code = partner.portal_code, new_portal_code()
        for name, value in _forgotten(partner).items():
            setattr(partner, name, value)
        partner.save()
        tenancy.unregister(tenancy.Finds.PORTAL, was)
        tenancy.register(tenancy.Finds.PORTAL, partner.portal_code)
        for link in partner.links.order_by("id"):
            _rename(link)
        for coupon in partner.coupons.order_by("id"):
            coupon.code, coupon.is_active = f"ERASED-{secrets.token_hex(8).upper()}", False
            coupon.save(update_fields=["code", "is_active"])
        partner.applications.update(**_APPLICATION)
        search.refresh([partner.id])
        # What was erased must not stand in the log of the erasing.
        record(actor, "partner.erase", "partner", partner.id)
    return True


def _forgotten(partner: Partner) -> dict[str, Any]:
    now = timezone.now()
    closed = PartnerStatus.REJECTED if partner.status in _NEVER_IN else PartnerStatus.SUSPENDED
    return {
        "name": NOBODY, "email": f"{partner.id}@erased.invalid", "password": "", "notes": "", "tags": [],
        "metadata": {}, "group": None, "status": closed, "status_changed_at": now, "owes_acceptance": False,
        "erased_at": now,
    }  # fmt: skip


_NEVER_IN = (PartnerStatus.APPLIED, PartnerStatus.REJECTED)


def _rename(link: Link) -> None:
    tenancy.unregister(tenancy.Finds.LINK, link.code)
    link.code, link.is_active = f"erased-{secrets.token_hex(8)}", False
    tenancy.register(tenancy.Finds.LINK, link.code)
    link.save(update_fields=["code", "is_active"])


def forget_applications_of(email: str, *, merchant: Merchant, actor: Actor) -> int:
    """Delete what was sent in the name of this address and never confirmed; how many. Nobody ever saw it.

    What was confirmed made a partner, who is erased as one.
    """
    address = normal_email(email)
    with transaction.atomic():
        # Locked: one that is being confirmed at this moment has a partner then, and is left.
        unconfirmed = merchant.applications.filter(email=address, confirmed_at=None)
        gone = list(unconfirmed.select_for_update(no_key=True).values_list("id", flat=True))
        Application.objects.filter(id__in=gone).delete()
        for application_id in gone:
            record(actor, "application.erase", "application", application_id)
    return len(gone)
