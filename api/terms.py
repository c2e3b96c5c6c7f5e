"""What partners agree to, by version, and who has agreed."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse
from msgspec import Meta

from affiliates import program_terms
from affiliates.models import AfterDeadline, ProgramTerms, TermsAcceptance
from api import bodies
from api.base import TenantRequest, TenantView, answered, created
from api.choices import Moment, named, one_of
from api.examples import IDS
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from merchants.roles import Scope
from pages import new_terms
from tracking.answers import PartnerShown

_Text = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=program_terms.LONGEST,
        description="Plain text; an empty line begins a paragraph.",
        examples=["Be kind, and say that you are paid."],
    ),
]
_Day = Annotated[
    date,
    Meta(
        description="The last day on which those who are partners already can accept it, where the account is; null:"
        " there is no such day.",
        examples=["2099-03-31"],
    ),
]
_After = Annotated[
    str,
    one_of(
        AfterDeadline,
        "What becomes of who let the day pass. `review`: what their orders earn waits for a decision. `suspend`: new"
        " orders earn them nothing. Either way until they accept.",
    ),
]


class TermsAnswer(msgspec.Struct, kw_only=True):
    """A version of a program's terms. It never changes."""

    id: UUID
    program_id: UUID
    number: Annotated[int, Meta(description="From 1 in each program.", examples=[2])]
    is_in_force: Annotated[bool, Meta(description="Whether it is the program's newest, which partners are asked for.")]
    text: _Text
    accept_by: _Day | None
    after_deadline: _After
    created_at: Moment


class TermsQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which versions, and which page of them."""

    program_id: UUID | None = None
    in_force: Annotated[bool, Meta(description="true: each program's newest; false: those before it.")] | None = None


class NewTerms(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A version to be."""

    program_id: UUID
    text: _Text
    accept_by: _Day | None = None
    after_deadline: _After = AfterDeadline.REVIEW.value
    send_email: Annotated[
        bool,
        Meta(description="Whether partners are told by an announcement, in the portal and by e-mail to who wants any."),
    ] = False


class TermsPublicationAnswer(msgspec.Struct, kw_only=True):
    """The version in force, and to how many it goes out."""

    terms: TermsAnswer
    emails: Annotated[int, Meta(description="How many e-mails are on their way.", examples=[61])]


class AcceptanceAnswer(msgspec.Struct, kw_only=True):
    """That a partner agreed to a version."""

    id: UUID
    partner: PartnerShown
    terms_id: UUID
    accepted_at: Moment


class AcceptanceQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Whose acceptances, and which page of them."""

    partner_id: UUID | None = None


class TermsVersions(TenantView):
    """The terms of the account's programs."""

    scope = {"GET": Scope.READ, "POST": Scope.WRITE}

    @documented("List terms", query=TermsQuery, answer=Page[TermsAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of versions, newest first. `in_force=true` are those that partners are asked to accept now."""
        query = parse_query(request, TermsQuery)
        wanted: dict[str, Any] = {
            "program_id": query.program_id,
            "is_outdated": None if query.in_force is None else not query.in_force,
        }
        return answered(page(filtered(_versions(request), wanted), query, terms_shown))

    @documented(
        "Publish terms",
        body=NewTerms,
        answer=TermsPublicationAnswer,
        status=201,
        example={
            "program_id": IDS["program"],
            "text": "Be kind, and say that you are paid. Say so in every post.",
            "accept_by": "2099-03-31",
            "after_deadline": "suspend",
            "send_email": True,
        },
        refusals=("required", "accept_by_past", "not_found"),
        also={200: "The version in force says the same already. Nobody is told."},
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Put a new version in force, at once. Partners who were there before are asked for it in their portal.

        With `send_email` an announcement tells the program's partners, and e-mails go out in the background.
        """
        body = bodies.parse(request.content, NewTerms)
        program = named(request.merchant.programs.select_related("merchant"), body.program_id, "program_id")
        made = new_terms.publish(
            program=program, text=body.text, accept_by=body.accept_by, after_deadline=body.after_deadline,
            tells=body.send_email, actor=request.actor,
        )  # fmt: skip
        shown = TermsPublicationAnswer(terms=terms_shown(_versions(request).get(id=made.terms.id)), emails=made.emails)
        return created(shown, f"/api/v1/terms/{made.terms.id}") if made.is_new else answered(shown)


class TermsDetail(TenantView):
    """One version."""

    scope = {"GET": Scope.READ}

    @documented("Get terms", answer=TermsAnswer)
    def get(self, request: TenantRequest, terms_id: UUID) -> HttpResponse:
        """One version by id, whether it is in force or was."""
        return answered(terms_shown(_versions(request).get(id=terms_id)))


class TermsAcceptances(TenantView):
    """Who has agreed to a version."""

    scope = {"GET": Scope.READ}

    @documented("List acceptances of terms", query=AcceptanceQuery, answer=Page[AcceptanceAnswer])
    def get(self, request: TenantRequest, terms_id: UUID) -> HttpResponse:
        """A page of the partners who accepted this version, newest first. Ask of one by `partner_id`."""
        query = parse_query(request, AcceptanceQuery)
        found = request.merchant.program_terms.get(id=terms_id)
        rows = filtered(found.acceptances.select_related("partner"), {"partner_id": query.partner_id})
        return answered(page(rows, query, acceptance_shown, by="id"))


def _versions(request: TenantRequest) -> "QuerySet[ProgramTerms, Any]":
    """All of them, each knowing whether there is a newer one."""
    newer = request.merchant.program_terms.filter(program=OuterRef("program"), number__gt=OuterRef("number"))
    return request.merchant.program_terms.annotate(is_outdated=Exists(newer))


def terms_shown(terms: Any) -> TermsAnswer:
    """A version of `_versions`. Does not query."""
    return TermsAnswer(
        id=terms.id,
        program_id=terms.program_id,
        number=terms.number,
        is_in_force=not terms.is_outdated,
        text=terms.text,
        accept_by=terms.accept_by,
        after_deadline=terms.after_deadline,
        created_at=terms.created_at,
    )


def acceptance_shown(acceptance: TermsAcceptance) -> AcceptanceAnswer:
    """An acceptance, read with its partner. Does not query."""
    return AcceptanceAnswer(
        id=acceptance.id,
        partner=PartnerShown(id=acceptance.partner_id, name=acceptance.partner.name),
        terms_id=acceptance.terms_id,
        accepted_at=acceptance.accepted_at,
    )
