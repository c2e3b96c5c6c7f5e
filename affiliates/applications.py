"""Applications: sent on a public page, confirmed from the mailbox, decided by a rule or by staff (SPEC A7).

Until it is confirmed an application is words of somebody who may not own the address: it has no partner, staff do not
see it, and it goes after a week. Confirming makes the partner, in status applied. Whether an address is known is told
in its own mailbox alone (`standing_of`), never on the page that anybody can fill in.

The link is a signature over the application and its address: a corrected address makes the link before it worthless.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.db import transaction
from django.db.models import QuerySet, TextChoices
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from affiliates import approval_rules, coupons, partners, program_terms, questions
from affiliates.models import Application, Group, Partner, PartnerStatus, Program, ProgramTerms
from merchants import inputs, tenancy
from merchants.audit import Actor, record, system
from merchants.constraints import refusals
from merchants.contact import normal_email
from merchants.edits import lock
from merchants.errors import Conflict, DomainError
from merchants.settings import web_address

LIFETIME = timedelta(days=7)
#: Of more partners with one first name staff think of a code themselves.
_MOST_PROPOSED = 1_000
_RULES = system("Application rules")


class Standing(TextChoices):
    """What an address is to a program when it applies; told to whoever reads its mail."""

    NEW = "new"
    WAITING = "waiting"
    PARTNER = "partner"
    PAUSED = "paused"
    """Turned down, and it is too early to apply again."""


@dataclass(frozen=True, slots=True)
class Known:
    """An address and what it is."""

    standing: Standing
    partner: Partner | None = None
    again_at: datetime | None = None
    """From when on it may apply again, when it is paused."""


class Unchanged(Enum):
    """An approval that leaves the group as it is: None would take the partner out of it."""

    GROUP = "group"


def apply(
    *,
    application_id: UUID,
    program: Program,
    group: Group | None,
    name: str,
    email: str,
    website: str,
    answers: Mapping[UUID, object],
    terms: ProgramTerms | None,
    recruiter: Partner | None = None,
    country: str = "",
    ip_hash: str = "",
    at: datetime,
    actor: Actor,
) -> tuple[Application, bool]:
    """Keep what was sent; True when its address has to be asked to confirm it.

    The same form sent again changes nothing and asks nobody; with a corrected address it is corrected, and asked anew.
    DomainError `applications_closed`, `terms_changed`, or what is wrong with a field (an answer's is `question-<id>`).
    """
    if not program.applications_open:
        raise Conflict(f"{program.merchant.name} takes no applications at the moment.", code="applications_closed")
    if terms != program_terms.terms_in_force(program):
        raise Conflict("The terms have changed since the page was opened: read them again.", code="terms_changed")
    asked = list(program.questions.order_by("position", "id"))
    values: dict[str, Any] = {
        "program": program,
        "group": group,
        "recruiter": recruiter,
        "terms": terms,
        "name": inputs.line(name, "name", required=True),
        "email": normal_email(inputs.line(email, "email", longest=320)),
        "website": web_address("website")(website),
        "country": country,
        "answers": questions.answered(asked, answers),
    }
    again = Conflict("This was sent a moment ago.", code="contended")
    with refusals({"affiliates_application_pkey": again}):
        before = Application.objects.select_for_update(no_key=True).filter(id=application_id).first()
        if before is None:
            made = Application.objects.create(
                merchant_id=tenancy.current(), id=application_id, created_at=at, ip_hash=ip_hash, **values
            )  # fmt: skip
            record(actor, "application.send", "application", made.id, after={"program_id": str(program.id)})
            return made, True
        if before.confirmed_at is not None or all(getattr(before, each) == value for each, value in values.items()):
            return before, False
        for each, value in values.items():
            setattr(before, each, value)
        before.save(update_fields=list(values))
        record(actor, "application.correct", "application", before.id)
        return before, True


def standing_of(among: "QuerySet[Partner]", email: str, *, now: datetime) -> Known:
    """What `email` is to the merchant whose partners are `among`."""
    partner = among.filter(email=email).select_related("program").first()
    if partner is None:
        return Known(Standing.NEW)
    if partner.status == PartnerStatus.APPLIED:
        return Known(Standing.WAITING, partner)
    if partner.status == PartnerStatus.REJECTED:
        again_at = partner.status_changed_at + timedelta(days=partner.program.reapply_days)
        return Known(Standing.PAUSED, partner, again_at) if now < again_at else Known(Standing.NEW, partner)
    return Known(Standing.PARTNER, partner)


def confirmation_token(application: Application) -> str:
    """What the link in the e-mail carries. Good for a week."""
    return _signer().sign_object([application.id.hex, application.email])


def check_token(application: Application, token: str) -> None:
    """Pass when the token is of this application at this address, and in time. `link_used` or `link_expired`."""
    try:
        hexed, email = _signer().unsign_object(token, max_age=LIFETIME)
    except SignatureExpired as error:
        raise DomainError("This link is too old.", code="link_expired", status=410) from error
    except (BadSignature, ValueError, TypeError) as error:
        raise _not_this_link() from error
    if hexed != application.id.hex or not constant_time_compare(email, application.email):
        raise _not_this_link()


def _not_this_link() -> DomainError:
    return DomainError(
        "A letter of this link is missing, or you corrected your address since.", code="link_used", status=410
    )


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="affiliates.application")


def confirm(application: Application, *, token: str, actor: Actor) -> bool:
    """The address is the applicant's: make them a partner in status applied, and let the rules decide.

    True when a rule decided, and the applicant is to be told. Confirming again changes nothing. An address that is
    known by now (`standing_of`) keeps its partner as they are. DomainError `link_used`, `link_expired`.
    """
    now = timezone.now()
    with transaction.atomic():
        try:
            lock(application)
        except Application.DoesNotExist as error:
            # It went meanwhile: after a week, or because somebody asked to be forgotten.
            raise DomainError("This link is too old.", code="link_expired", status=410) from error
        check_token(application, token)
        if application.confirmed_at is not None:
            return False
        known = standing_of(application.merchant.partners.all(), application.email, now=now)
        is_new, group = known.standing == Standing.NEW, None
        if is_new:
            try:
                with transaction.atomic():
                    partner, group = _enter(application, known, actor)
                known = Known(known.standing, partner)
            except Conflict:
                # Another application of this address was confirmed at the same moment.
                known, is_new = standing_of(application.merchant.partners.all(), application.email, now=now), False
        application.partner, application.confirmed_at, application.ip_hash = known.partner, now, ""
        application.save(update_fields=["partner", "confirmed_at", "ip_hash"])
        record(actor, "application.confirm", "application", application.id, after={"standing": str(known.standing)})
        if not is_new or known.partner is None:
            return False
        if application.terms is not None:
            program_terms.accept(known.partner, application.terms, at=application.created_at, actor=actor)
        return _decide(application, group, known.partner)


def _enter(application: Application, known: Known, actor: Actor) -> tuple[Partner, Group | None]:
    """The partner, made, or back from a rejection with what was written this time; and the group, if it still is one.

    Who comes back is in the program that they applied to this time: its rules let them in, and it is what they earn by.
    """
    if known.partner is None:
        group = _group_of(application)
        made = partners.create_partner(
            name=application.name, email=application.email, program=application.program, group=group,
            recruiter=application.recruiter, status=PartnerStatus.APPLIED, actor=actor,
        )  # fmt: skip
        return made, group
    # The partner's lock before the group's, as whoever moves them takes both.
    partner = partners.reopen(known.partner, program=application.program, actor=actor)
    group = _group_of(application)
    changes: dict[str, Any] = {"name": application.name} | ({"group": group} if group else {})
    return partners.update_partner(partner, changes=changes, actor=actor), group


def _group_of(application: Application) -> Group | None:
    """The group whose page it was, held until the transaction ends; None when it is gone since.

    Its page is gone then, and so is its rule; the application is welcome in the program.
    """
    if application.group_id is None:
        return None
    return Group.objects.select_for_update(no_key=True).filter(id=application.group_id).first()


def _decide(application: Application, group: Group | None, partner: Partner) -> bool:
    decision = approval_rules.decide(
        program=application.program, group=group, email=partner.email, country=application.country
    )
    if decision is not None:
        verb = partners.approve if decision.approves else partners.reject
        verb(partner, why=decision.why, actor=_RULES)
    return decision is not None


def approve(
    partner: Partner,
    *,
    group: Group | Unchanged | None = Unchanged.GROUP,
    coupon_code: str = "",
    actor: Actor,
) -> Partner:
    """Let an applicant in, into a group and with a coupon if asked. Of two at once the second is refused.

    Conflict `partner_status`, `coupon_taken` (field `coupon_code`); DomainError `group_of_other_program`.
    """
    with transaction.atomic():
        lock(partner)
        partners.approve(partner, actor=actor)
        if not isinstance(group, Unchanged):
            partners.update_partner(partner, changes={"group": group}, actor=actor)
        if coupon_code:
            partners.give_coupon(partner, coupon_code, actor=actor)
    return partner


def proposed_code(partner: Partner) -> str:
    """A coupon code that is free: the first name in capitals, numbered where taken. "" when they have one.

    Asked by whole codes: under row-level security no index serves the beginning of one. "" too when all are taken.
    """
    if partner.coupons.exists():
        return ""
    first = coupons.plain(partner.name.split()[0] if partner.name.split() else "") or "PARTNER"
    wanted = [first, *(f"{first}{number}" for number in range(2, _MOST_PROPOSED))]
    taken = set(partner.merchant.coupons.filter(key__in=wanted).values_list("key", flat=True))
    return next((code for code in wanted if code not in taken), "")


def forget_unconfirmed(older_than: datetime) -> int:
    """Delete the running tenant's applications that nobody confirmed; how many there were."""
    gone, _ = Application.objects.filter(
        merchant_id=tenancy.current(), confirmed_at=None, created_at__lt=older_than
    ).delete()
    return gone
