"""What partners agree to, by version: the newest of a program is in force, and every one that was can be read.

An application accepts the version that its form showed. Partners who were there before a new version are asked in the
portal, until the day that the version names; what follows from silence is the merchant's to say.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from affiliates.models import Partner, PartnerStatus, Program, ProgramTerms, TermsAcceptance
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.edits import lock, shown
from merchants.errors import Conflict, DomainError

LONGEST = 50_000


def publish_terms(*, program: Program, text: str, accept_by: date | None = None, actor: Actor) -> ProgramTerms:
    """A new version, in force from now on. Returns the one in force when the text is the same.

    DomainError `accept_by_past` for a day that has passed.
    """
    text = inputs.paragraph(text, "text", longest=LONGEST).strip()
    if not text:
        raise DomainError("Write the terms.", code="required", field="text")
    if accept_by is not None and accept_by < timezone.localdate():
        raise DomainError("Name a day that lies ahead.", code="accept_by_past", field="accept_by")
    with transaction.atomic():
        lock(program)
        newest = terms_in_force(program)
        if newest is not None and newest.text == text and newest.accept_by == accept_by:
            return newest
        terms = ProgramTerms.objects.create(
            merchant_id=tenancy.current(), program=program, number=newest.number + 1 if newest else 1, text=text,
            accept_by=accept_by,
        )  # fmt: skip
        after = {"program_id": str(program.id), "number": terms.number, "accept_by": shown(accept_by)}
        record(actor, "terms.publish", "programterms", terms.id, after=after)
    return terms


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
    """Agree to the version in force. Conflict `terms_changed` when it is another than the one that was read."""
    terms = terms_in_force(partner.program)
    if terms is None or terms.number != number:
        raise Conflict("There is a newer version: read that one.", code="terms_changed")
    accept(partner, terms, at=timezone.now(), actor=actor)


@dataclass(frozen=True, slots=True)
class Due:
    """That a partner is asked to agree to the version in force."""

    accept_by: date | None


def knowing_terms(partners: "QuerySet[Partner]") -> "QuerySet[Partner]":
    """The same partners, each read together with what `due` wants to know: a query of its own costs every page."""
    newest = ProgramTerms.objects.filter(
        merchant_id=tenancy.current(), program=OuterRef("program")
    ).order_by("-number")  # fmt: skip
    mine = TermsAcceptance.objects.filter(
        merchant_id=tenancy.current(), partner=OuterRef("pk"), terms=OuterRef("newest_terms")
    )
    known = {"newest_terms": newest.values("id")[:1], "newest_accept_by": newest.values("accept_by")[:1]}
    return partners.annotate(**{name: Subquery(rows) for name, rows in known.items()}).annotate(accepts=Exists(mine))


def due(partner: Partner) -> Due | None:
    """What an approved partner of `knowing_terms` is asked to agree to; None when there is nothing, or no more."""
    newest, accept_by, accepts = (getattr(partner, name) for name in ("newest_terms", "newest_accept_by", "accepts"))
    if partner.status != PartnerStatus.APPROVED or newest is None or accepts:
        return None
    return Due(accept_by)
