"""What partners agree to, by version: the newest of a program is in force, and every one that was can be read.

An application accepts the version that its form showed. Partners who were there before a new version are asked in the
portal, until the day that the version names. Once that is over the portal shows them the terms and nothing else, and
the version says what becomes of what they bring (`AfterDeadline`). A day binds those alone who were there when the
version was made; who came later without accepting it is asked without one.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from affiliates.models import AfterDeadline, Partner, PartnerStatus, Program, ProgramTerms, TermsAcceptance
from affiliates.partners import readmit
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.edits import lock, shown
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant

LONGEST = 50_000
#: What `due` reads of the version in force.
_KNOWN = {"terms": "id", "accept_by": "accept_by", "after_deadline": "after_deadline", "made_at": "created_at"}


def publish_terms(
    *,
    program: Program,
    text: str,
    accept_by: date | None = None,
    after_deadline: str = AfterDeadline.REVIEW,
    actor: Actor,
) -> ProgramTerms:
    """A new version, in force from now on. Returns the one in force when it says the same.

    DomainError `accept_by_past` for a day that has passed. `fraud.terms.publish` is the way in for a deadline whose
    consequence is a review.
    """
    if after_deadline not in AfterDeadline.values:
        raise DomainError(
            f"after_deadline is one of {', '.join(AfterDeadline.values)}.", code="invalid_choice",
            field="after_deadline",
        )  # fmt: skip
    text = inputs.paragraph(text, "text", longest=LONGEST).strip()
    if not text:
        raise DomainError("Write the terms.", code="required", field="text")
    if accept_by is not None and accept_by < _today(program.merchant):
        raise DomainError("Name a day that lies ahead.", code="accept_by_past", field="accept_by")
    with transaction.atomic():
        lock(program)
        newest = terms_in_force(program)
        asked = (text, accept_by, after_deadline)
        if newest is not None and (newest.text, newest.accept_by, newest.after_deadline) == asked:
            return newest
        terms = ProgramTerms.objects.create(
            merchant_id=tenancy.current(), program=program, number=newest.number + 1 if newest else 1, text=text,
            accept_by=accept_by, after_deadline=after_deadline,
        )  # fmt: skip
        after = {"program_id": str(program.id), "number": terms.number, "accept_by": shown(accept_by)}
        if accept_by is not None:
            after["after_deadline"] = str(after_deadline)
        record(actor, "terms.publish", "programterms", terms.id, after=after)
    return terms


def _today(merchant: Merchant) -> date:
    """The day where the merchant is, through whichever door somebody asks."""
    return timezone.localdate(timezone=ZoneInfo(merchant.time_zone))


def terms_in_force(program: Program) -> ProgramTerms | None:
    """The newest version; None for a program that has none."""
    return program.terms.order_by("-number").first()


def accept(partner: Partner, terms: ProgramTerms, *, at: datetime, actor: Actor) -> None:
    """Keep that the partner agreed to this version; a second time changes nothing."""
    with transaction.atomic():
        _, made = TermsAcceptance.objects.get_or_create(
            merchant_id=tenancy.current(), partner=partner, terms=terms, defaults={"accepted_at": at}
        )
        if made:
            record(actor, "partner.accept_terms", "partner", partner.id, after={"version": terms.number})


def accept_newest(partner: Partner, *, number: int, actor: Actor) -> None:
    """Agree to the version in force; who was suspended for not doing so is approved again.

    Conflict `terms_changed` when it is another than the one that was read.
    """
    with transaction.atomic():
        lock(partner)
        terms = terms_in_force(partner.program)
        if terms is None or terms.number != number:
            raise Conflict("There is a newer version: read that one.", code="terms_changed")
        accept(partner, terms, at=timezone.now(), actor=actor)
        if partner.owes_acceptance:
            readmit(partner, why=f"Version {terms.number} of the terms is accepted.", actor=actor)


@dataclass(frozen=True, slots=True)
class Due:
    """That a partner is asked to agree to the version in force."""

    accept_by: date | None
    """None: without a day."""
    is_over: bool
    """The day has passed."""
    after_deadline: AfterDeadline


def knowing_terms(partners: "QuerySet[Partner]") -> "QuerySet[Partner]":
    """The same partners, each read together with what `due` wants to know: a query of its own costs every page."""
    newest = ProgramTerms.objects.filter(
        merchant_id=tenancy.current(), program=OuterRef("program")
    ).order_by("-number")  # fmt: skip
    mine = TermsAcceptance.objects.filter(
        merchant_id=tenancy.current(), partner=OuterRef("pk"), terms=OuterRef("newest_terms")
    )
    known = {f"newest_{name}": Subquery(newest.values(column)[:1]) for name, column in _KNOWN.items()}
    return partners.annotate(**known).annotate(accepts=Exists(mine))


def due(partner: Partner) -> Due | None:
    """What a partner of `knowing_terms` is asked to agree to; None when there is nothing, or no more.

    Reads the partner's merchant, whose day it is.
    """
    newest, accept_by, after_deadline, made_at, accepts = (
        getattr(partner, name) for name in (*(f"newest_{each}" for each in _KNOWN), "accepts")
    )
    is_asked = partner.status == PartnerStatus.APPROVED or partner.owes_acceptance
    if not is_asked or newest is None or accepts:
        return None
    day = accept_by if partner.created_at < made_at else None
    is_over = day is not None and day < _today(partner.merchant)
    return Due(day, is_over, AfterDeadline(after_deadline))


def unaccepted(terms: ProgramTerms) -> "QuerySet[Partner]":
    """The partners whom the version's day binds and who have not accepted it: approved, or suspended for that."""
    bound = Q(status=PartnerStatus.APPROVED, created_at__lt=terms.created_at) | Q(owes_acceptance=True)
    return terms.program.partners.filter(bound).exclude(terms_acceptances__terms=terms)
