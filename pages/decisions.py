"""An application decided, and the applicant told: what back-office, API and the rules of a program have in common."""

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from affiliates import activation, applications
from affiliates import partners as verbs
from affiliates.applications import Unchanged
from affiliates.models import Group, Partner, PartnerStatus, Program
from merchants.audit import Actor
from pages import mail

#: Decisions that an applicant is told of. Who is let in again after a suspension has no application waiting.
APPLICANTS = (PartnerStatus.APPLIED, PartnerStatus.REJECTED)


def approve(
    partner: Partner,
    *,
    group: Group | Unchanged | None = Unchanged.GROUP,
    coupon_code: str = "",
    message: str = "",
    is_told: bool = True,
    actor: Actor,
) -> Partner:
    """Let somebody in (`affiliates.applications.approve`), with an e-mail to who applied unless that is not wanted."""
    applied = partner.status in APPLICANTS
    applications.approve(partner, group=group, coupon_code=coupon_code, actor=actor)
    if applied and is_told:
        tell(partner, message=message)
    return partner


def reject(partner: Partner, *, message: str = "", is_told: bool = True, actor: Actor) -> Partner:
    """Turn an application down, with an e-mail unless that is not wanted."""
    verbs.reject(partner, actor=actor)
    if is_told:
        tell(partner, message=message)
    return partner


def tell(partner: Partner, *, message: str = "") -> None:
    """Write to an applicant what was decided, once the running transaction has committed."""
    approved = partner.status == PartnerStatus.APPROVED
    context = {
        "partner": partner.name,
        "message": message.strip(),
        "link": way_in(partner) if approved else page_of(partner),
    }
    letter = "application_approved" if approved else "application_rejected"
    mail.send(letter, to=partner.email, context=context, merchant=partner.merchant)


def way_in(partner: Partner) -> str:
    """Where the partner sets the first password, or the portal for who has one."""
    if partner.password:
        return settings.BASE_URL + reverse("portal:home", args=[partner.portal_code])
    token = activation.activation_token(partner, now=timezone.now())
    return settings.BASE_URL + reverse("portal:activate", args=[partner.portal_code, token])


def page_of(partner: Partner) -> str:
    """The public page of the partner's program."""
    return settings.BASE_URL + address(partner.program, "page")


def address(program: Program, page: str, *arguments: object) -> str:
    """The path of one of the public pages of a program. Only the default program needs no id in it."""
    which = [] if program.is_default else [program.id]
    return reverse(f"apply:{page}", args=[program.merchant.slug, *which, *arguments])
