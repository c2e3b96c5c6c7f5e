"""Applications as they were confirmed, their decision, and the questions that are asked."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import UNSET, Meta, UnsetType

from affiliates.applications import Unchanged
from affiliates.erasure import forget_applications_of
from affiliates.models import Application, Group, Partner, PartnerStatus, Question, QuestionKind
from api import bodies
from api.base import TenantRequest, TenantView, answered
from api.choices import Moment, named, one_of
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from merchants.roles import Scope
from pages import decisions

_Message = Annotated[
    str, Meta(max_length=2_000, description="Stands in the e-mail to the applicant.", examples=["Good to have you."])
]
_Told = Annotated[bool, Meta(description="Whether the applicant gets an e-mail.")]


class AnsweredQuestion(msgspec.Struct, kw_only=True):
    """An answer, with its question as it was asked."""

    question: Annotated[UUID, Meta(description="Its id; the question may have been changed or removed since.")]
    version: int
    label: Annotated[str, Meta(examples=["How do you reach people?"])]
    kind: Annotated[str, one_of(QuestionKind)]
    answer: Annotated[
        str | list[str] | bool | None,
        Meta(description="Numbers are text, exactly as written; null is no answer.", examples=["A weekly podcast."]),
    ]


class ApplicationAnswer(msgspec.Struct, kw_only=True):
    """An application whose e-mail address was confirmed."""

    id: UUID
    partner_id: Annotated[UUID | None, Meta(description="Who came of it.")]
    status: Annotated[str | None, Meta(description="The partner's, now: `applied` waits for a decision.")]
    program_id: UUID
    group_id: Annotated[UUID | None, Meta(description="The group whose page it was.")]
    name: str
    email: str
    website: Annotated[str, Meta(examples=["https://anna.example/"])]
    country: str
    answers: list[AnsweredQuestion]
    terms_version: Annotated[int | None, Meta(description="The version of the terms accepted.", examples=[2])]
    created_at: Moment
    confirmed_at: Moment


class ApplicationQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which applications, and which page of them."""

    status: Annotated[str, one_of(PartnerStatus)] | None = None
    partner_id: UUID | None = None
    program_id: UUID | None = None
    group_id: UUID | None = None


class NewApproval(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How an applicant is let in."""

    group_id: Annotated[UUID | None, Meta(description="Left out: as they asked for. null: no group.")] | UnsetType = (
        UNSET
    )
    coupon_code: Annotated[str, Meta(max_length=64, description="Makes a coupon with this code as well.")] = ""
    message: _Message = ""
    send_email: _Told = True


class NewRejection(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How an applicant is turned down."""

    message: _Message = ""
    send_email: _Told = True


class QuestionAnswer(msgspec.Struct, kw_only=True):
    """A question of a program to its applicants."""

    id: UUID
    program_id: UUID
    position: Annotated[int, Meta(description="From 0, in the order of the form.")]
    version: Annotated[int, Meta(description="Raised by every change.")]
    label: Annotated[str, Meta(examples=["How do you reach people?"])]
    hint: str
    kind: Annotated[str, one_of(QuestionKind)]
    choices: list[str]
    required: bool
    created_at: Moment


class QuestionQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which questions, and which page of them."""

    program_id: UUID | None = None


class Applications(TenantView):
    """The applications of the account."""

    scope = {"GET": Scope.READ}

    @documented("List applications", query=ApplicationQuery, answer=Page[ApplicationAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of confirmed applications, newest first. `status=applied` are those that wait."""
        query = parse_query(request, ApplicationQuery)
        wanted = {
            "partner__status": query.status,
            "partner_id": query.partner_id,
            "program_id": query.program_id,
            "group_id": query.group_id,
        }
        return answered(page(filtered(_confirmed(request), wanted), query, application_shown))


class ApplicationDetail(TenantView):
    """One application."""

    scope = {"GET": Scope.READ}

    @documented("Get an application", answer=ApplicationAnswer)
    def get(self, request: TenantRequest, application_id: UUID) -> HttpResponse:
        """One application by id."""
        return answered(application_shown(_confirmed(request).get(id=application_id)))


class ApplicationApproval(TenantView):
    """The approval of an application."""

    scope = {"POST": Scope.WRITE}

    @documented(
        "Approve an application",
        body=NewApproval,
        answer=ApplicationAnswer,
        example={"coupon_code": "ANNA15", "message": "Good to have you with us."},
        refusals=("partner_status", "coupon_taken", "coupon_code_invalid", "group_of_other_program", "not_found"),
    )
    def post(self, request: TenantRequest, application_id: UUID) -> HttpResponse:
        """Let the applicant in, with an e-mail that leads to the portal. Of two at once the second is refused."""
        found = _confirmed(request).get(id=application_id)
        body = bodies.parse(request.content or b"{}", NewApproval)
        group: Group | Unchanged | None = Unchanged.GROUP
        if not isinstance(body.group_id, UnsetType):
            group = named(request.merchant.groups.all(), body.group_id, "group_id") if body.group_id else None
        decisions.approve(
            _partner(found), group=group, coupon_code=body.coupon_code, message=body.message, is_told=body.send_email,
            actor=request.actor,
        )  # fmt: skip
        return answered(application_shown(found))


class ApplicationRejection(TenantView):
    """The rejection of an application."""

    scope = {"POST": Scope.WRITE}

    @documented(
        "Reject an application",
        body=NewRejection,
        answer=ApplicationAnswer,
        example={"message": "We look for other topics.", "send_email": False},
        refusals=("partner_status",),
    )
    def post(self, request: TenantRequest, application_id: UUID) -> HttpResponse:
        """Turn the applicant down. The address can apply again after the pause of the program."""
        found = _confirmed(request).get(id=application_id)
        body = bodies.parse(request.content or b"{}", NewRejection)
        decisions.reject(_partner(found), message=body.message, is_told=body.send_email, actor=request.actor)
        return answered(application_shown(found))


class NewErasure(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whose applications are forgotten."""

    email: Annotated[str, Meta(min_length=1, max_length=320, examples=["anna@example.com"])]


class ErasureAnswer(msgspec.Struct, kw_only=True):
    """What was forgotten."""

    erased: Annotated[int, Meta(description="Applications that were deleted.", examples=[1])]


class ApplicationErasures(TenantView):
    """The erasure of applications that nobody confirmed."""

    scope = {"POST": Scope.WRITE}

    @documented(
        "Erase unconfirmed applications",
        body=NewErasure,
        answer=ErasureAnswer,
        example={"email": "anna@example.com"},
        refusals=("email_invalid",),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Delete what was sent in the name of an address and never confirmed; it would go after a week by itself.

        An application that was confirmed made a partner: erase that one.
        """
        body = bodies.parse(request.content, NewErasure)
        number = forget_applications_of(body.email, merchant=request.merchant, actor=request.actor)
        return answered(ErasureAnswer(erased=number))


class Questions(TenantView):
    """The questions to applicants."""

    scope = {"GET": Scope.READ}

    @documented("List questions", query=QuestionQuery, answer=Page[QuestionAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of questions, newest first; `position` is their order on the form."""
        query = parse_query(request, QuestionQuery)
        questions = filtered(request.merchant.questions.all(), {"program_id": query.program_id})
        return answered(page(questions, query, question_shown))


def _confirmed(request: TenantRequest) -> Any:
    rows = request.merchant.applications.exclude(partner=None)
    return rows.select_related("partner__merchant", "partner__program__merchant", "terms")


def _partner(application: Application) -> Partner:
    assert application.partner is not None  # only those are found
    return application.partner


def application_shown(application: Application) -> ApplicationAnswer:
    """An application. Does not query when its partner and terms were fetched along."""
    assert application.confirmed_at is not None
    return ApplicationAnswer(
        id=application.id,
        partner_id=application.partner_id,
        status=application.partner.status if application.partner else None,
        program_id=application.program_id,
        group_id=application.group_id,
        name=application.name,
        email=application.email,
        website=application.website,
        country=application.country,
        answers=[msgspec.convert(each, AnsweredQuestion) for each in application.answers],
        terms_version=application.terms.number if application.terms else None,
        created_at=application.created_at,
        confirmed_at=application.confirmed_at,
    )


def question_shown(question: Question) -> QuestionAnswer:
    """A question. Does not query."""
    return QuestionAnswer(
        id=question.id,
        program_id=question.program_id,
        position=question.position,
        version=question.version,
        label=question.label,
        hint=question.hint,
        kind=question.kind,
        choices=question.choices,
        required=question.required,
        created_at=question.created_at,
    )
