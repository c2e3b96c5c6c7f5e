"""Apply, confirm, read what became of it (SPEC A7). Every page works without script, on any phone.

What the form answers is the same for an address that nobody knows and for a partner's: the difference is in the mail,
and the worker makes it (`apply.tasks`), so it does not show in the time that the answer takes either.
"""

from urllib.parse import urlencode
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from affiliates import applications
from affiliates.models import Application, Group, Partner, PartnerStatus
from affiliates.program_terms import terms_in_force
from apply import stamp
from apply.door import ApplicantRequest, applicant_page, form_status, led_to, page, posted, sent
from apply.forms import ApplicationForm
from apply.tasks import send_confirmation
from fraud.addresses import note
from merchants.errors import DomainError
from pages.attempts import address_of, counted
from pages.brand import digest, style_sheet
from pages.decisions import address, tell
from pages.visitors import address_hash, client_network, country_of

#: Applications in a quarter of an hour from one address.
FROM_ONE = 10
_FOR_GOOD = "public, max-age=31536000, immutable"


@applicant_page
def form(request: ApplicantRequest) -> HttpResponseBase:
    """The page of the program, of one of its groups with `?group=`, by a partner's invitation with `?by=`."""
    program = request.program
    if not program.applications_open:
        return page(request, "apply/closed.html", {})
    group, recruiter = _group(request), _recruiter(request)
    questions = list(program.questions.order_by("position", "id"))
    terms = terms_in_force(program)
    asked = stamp.digest(program, questions, terms)
    filled = ApplicationForm(
        posted(request), initial={"stamp": stamp.new(asked)}, questions=questions, terms=terms, asked=asked
    )  # fmt: skip
    status = 0
    if sent(request, filled):
        if counted(f"apply:{request.merchant.id}:{address_of(request)}") > FROM_ONE:
            filled.add_error(None, "Too many applications came from your network. Wait a quarter of an hour.")
            status = 429
        else:
            with filled.refused():
                values = {name: filled.cleaned_data[name] for name in ("name", "email", "website")}
                made, to_ask = applications.apply(
                    application_id=filled.cleaned_data["stamp"], program=program, group=group, terms=terms,
                    recruiter=recruiter,
                    answers=filled.answers(), country=country_of(request.META), ip_hash=_here(request),
                    at=timezone.now(), actor=request.actor, **values,
                )  # fmt: skip
                if to_ask:
                    _ask(made)
                return led_to(request, address(program, "sent") + _invitation(group, recruiter))
    text = (group.landing_text if group else "") or program.landing_text
    context = {"form": filled, "group": group, "recruiter": recruiter, "text": text, "terms": terms}
    return page(request, "apply/form.html", context, status=status or form_status(filled))


@applicant_page
def after(request: ApplicantRequest) -> HttpResponseBase:
    """Where everybody gets who sent the form."""
    group, recruiter = _group(request), _recruiter(request)
    again = address(request.program, "page") + _invitation(group, recruiter)
    return page(request, "apply/sent.html", {"again": again, "recruiter": recruiter})


@applicant_page
def confirm(request: ApplicantRequest, application: UUID, token: str) -> HttpResponseBase:
    """The page behind the link in the e-mail. Looking at it confirms nothing: programs look at links too."""
    found = (
        request.program.applications.select_related(
            "merchant", "program__merchant", "group", "terms", "partner", "recruiter"
        )
        .filter(id=application)
        .first()
    )
    try:
        if found is None:
            raise DomainError("This link is too old.", code="link_expired", status=410)
        applications.check_token(found, token)
        seen_at = () if found.confirmed_at else (found.ip_hash, _here(request))
        is_decided = request.method == "POST" and applications.confirm(found, token=token, actor=request.actor)
    except DomainError as error:
        invitation = _invitation(found.group, _inviting(found.recruiter)) if found is not None else ""
        context = {"error": error, "again": address(request.program, "page") + invitation}
        return page(request, "apply/link_over.html", context, status=error.status)
    if request.method == "POST":
        if found.partner is not None:
            for ip_hash in seen_at:
                note(found.partner, ip_hash)
            if is_decided:
                tell(found.partner)
        return led_to(request, request.path)
    return page(request, "apply/confirm.html", _standing(found))


@applicant_page
def brand(request: ApplicantRequest) -> HttpResponseBase:
    """`brand.css?<digest>`: the merchant's colours, kept for good under the digest that pages name."""
    color = request.merchant.brand_color
    named = request.META["QUERY_STRING"] == digest(color)
    return HttpResponse(
        style_sheet(color),
        content_type="text/css; charset=utf-8",
        headers={"Cache-Control": _FOR_GOOD if named else "public, max-age=60"},
    )


def _ask(application: Application) -> None:
    arguments = {"merchant_id": str(application.merchant_id), "application_id": str(application.id)}
    transaction.on_commit(lambda: send_confirmation.delay(**arguments))


def _here(request: ApplicantRequest) -> str:
    """The network address of whoever asks, as it is kept."""
    return address_hash(client_network(request.META))


def _group(request: ApplicantRequest) -> Group | None:
    """The group that the address names; what names none of the program's is left out of account."""
    try:
        wanted = UUID(request.GET.get("group", ""))
    except ValueError:
        return None
    return request.program.groups.filter(id=wanted).first()


def _recruiter(request: ApplicantRequest) -> Partner | None:
    """The partner whose invitation the address carries, by their portal code; only one who is approved."""
    code = request.GET.get("by", "")
    if not code.isalnum():
        return None
    return _inviting(request.merchant.partners.filter(portal_code=code).first())


def _inviting(partner: Partner | None) -> Partner | None:
    """The partner, as long as they are approved: nobody reads the name of one who is not."""
    return partner if partner is not None and partner.status == PartnerStatus.APPROVED else None


def _invitation(group: Group | None, recruiter: Partner | None) -> str:
    """The query string that leads to the same page by the same invitation, wherever the applicant goes on from."""
    named = {"group": group and group.id, "by": recruiter and recruiter.portal_code}
    query = urlencode({name: value for name, value in named.items() if value})
    return f"?{query}" if query else ""


def _standing(application: Application) -> dict[str, object]:
    """What to tell somebody who has shown that the mailbox is theirs."""
    partner = application.partner
    context: dict[str, object] = {
        "application": application,
        "partner": partner,
        "recruiter": _inviting(application.recruiter),
    }
    if partner is not None and partner.status == "approved":
        context["portal"] = reverse("portal:home", args=[partner.portal_code])
    if partner is not None and partner.status == "rejected":
        among = application.merchant.partners.all()
        context["again_at"] = applications.standing_of(among, partner.email, now=timezone.now()).again_at
    return context
