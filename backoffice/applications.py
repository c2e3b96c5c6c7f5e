"""The page of applications as the merchant sets it up: open or closed, who comes in by itself, questions, terms."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from affiliates import program_terms, programs, questions
from affiliates.erasure import forget_applications_of
from affiliates.models import AfterDeadline, PartnerStatus, Program, Question, QuestionKind
from backoffice.door import StaffRequest, done, form_status, led_to, once, page, posted, sent, staff_page
from backoffice.groups import RuleFields, lines_of
from fraud.terms import RULE
from merchants.edits import lock
from merchants.roles import Permission
from pages import new_terms
from pages.decisions import address as public_address
from pages.forms import OnceField, PageForm, SeenField

_AFTER = (
    (AfterDeadline.REVIEW, "earns on: what they earn waits under Fraud review for you to decide"),
    (AfterDeadline.SUSPEND, "is suspended: new orders earn them nothing until they accept"),
)


class PageOfApplicationsForm(RuleFields):
    """What the page says, and who is let in or turned down without anybody looking."""

    seen = SeenField()
    applications_open = forms.BooleanField(label="Take applications", required=False)
    landing_text = forms.CharField(
        label="Text above the form", required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 4})
    )
    reapply_days = forms.IntegerField(
        label="Pause after a rejection, in days", min_value=0, max_value=3650,
        help_text="So long an address that was turned down waits before it can apply again.",
    )  # fmt: skip
    auto_reject_domains = forms.CharField(
        label="E-mail domains that are turned down", required=False, max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 2}), help_text="One a line. They come before every rule, also of groups.",
    )  # fmt: skip

    def changes(self) -> dict[str, Any]:
        """What was typed, as the verb takes it."""
        values = self.cleaned_data
        plain = {name: values[name] for name in ("applications_open", "landing_text", "reapply_days")}
        rejected = {"auto_reject_domains": lines_of(values["auto_reject_domains"])}
        rule = self.rule()
        return plain | rule | {"auto_approval": rule["auto_approval"] or "nobody"} | rejected


#: Partners who are listed below a version.
_MOST_WAITING = 100


class QuestionForm(PageForm):
    """One question."""

    label = forms.CharField(label="Question", max_length=200)
    hint = forms.CharField(label="Hint", max_length=300, required=False, help_text="Stands below the field.")
    kind = forms.ChoiceField(label="Answered by", choices=QuestionKind.choices)
    choices = forms.CharField(
        label="Choices", required=False, max_length=4_000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One a line, where something is chosen.",
    )  # fmt: skip
    required = forms.BooleanField(label="Must be answered", required=False)

    def values(self) -> dict[str, Any]:
        """What was typed, as the verbs take it."""
        typed = {name: self.cleaned_data[name] for name in ("label", "hint", "kind", "required")}
        return typed | {"choices": [each.strip() for each in self.cleaned_data["choices"].splitlines()]}


class NewQuestionForm(QuestionForm):
    """A question to be."""

    once = OnceField()


class ForgetForm(PageForm):
    """Whose applications are deleted."""

    email = forms.EmailField(label="E-mail", max_length=254)


class TermsForm(PageForm):
    """A version to be."""

    once = OnceField()
    text = forms.CharField(
        label="Terms", max_length=program_terms.LONGEST, widget=forms.Textarea(attrs={"rows": 16}),
        help_text="Plain text; an empty line begins a paragraph.",
    )  # fmt: skip
    accept_by = forms.DateField(
        label="Partners accept it until", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The last day, for those who are partners already. Their portal asks from today on. Empty: without a"
        " day.",
    )  # fmt: skip
    after_deadline = forms.ChoiceField(
        label="Who has not accepted it by then", choices=_AFTER, initial=AfterDeadline.REVIEW, widget=forms.RadioSelect,
        help_text="Either way the portal shows them the terms and nothing else until they accept. Accepting opens it"
        " again at once, lets go what waited, and ends the suspension.",
    )  # fmt: skip
    tells = forms.BooleanField(required=False, initial=True)

    def tell(self, number: int) -> None:
        """Offer to write to so many partners; to nobody there is nothing to offer."""
        if number == 0:
            del self.fields["tells"]
            return
        self.fields["tells"].label = f"Tell {number:,} partner{'' if number == 1 else 's'} by e-mail"
        self.fields["tells"].help_text = "The moment it is in force, as an announcement that stands in the portal too."


@staff_page(Permission.EDIT_SETTINGS)
def settings_applications(request: StaffRequest) -> HttpResponseBase:
    """The page's settings with its questions and terms; the form saves."""
    program = _program(request)
    form = PageOfApplicationsForm(posted(request), initial=_initial(program))
    if sent(request, form):
        lock(program)
        if not form.overtaken(request.merchant, "program", program.id, form.changes()):
            with form.refused():
                programs.update_applications(program, changes=form.changes(), actor=request.actor)
                return done(request, "The page of applications is saved.", _address(request, program))
    newest = program_terms.terms_in_force(program)
    context = {
        "form": form,
        "program": program,
        "programs": request.merchant.programs.order_by("-is_default", "name"),
        "questions": program.questions.order_by("position", "id"),
        "versions": program.terms.order_by("-number")[:20],
        "missing": _missing(program, newest.id) if newest else 0,
        "link": request.build_absolute_uri(public_address(program, "page")),
    }
    return page(request, "backoffice/applications/settings.html", context, status=form_status(form))


def _missing(program: Program, terms: UUID) -> int:
    """How many approved partners have not accepted this version."""
    partners = program.partners.filter(status=PartnerStatus.APPROVED)
    return partners.exclude(terms_acceptances__terms=terms).count()


@staff_page(Permission.EDIT_SETTINGS)
def settings_forget(request: StaffRequest) -> HttpResponseBase:
    """Delete what was sent in the name of an address and never confirmed: somebody has asked to be forgotten."""
    form = ForgetForm(posted(request))
    back = reverse("backoffice:settings_applications", args=[request.merchant.slug])
    if sent(request, form):
        with form.refused():
            email = form.cleaned_data["email"]
            number = forget_applications_of(email, merchant=request.merchant, actor=request.actor)
            word = "application is" if number == 1 else "applications are"
            return done(request, f"{number:,} unconfirmed {word} deleted.", back)
    return page(request, "backoffice/applications/forget.html", {"form": form, "back": back}, status=form_status(form))


@staff_page(Permission.EDIT_SETTINGS)
def settings_question_new(request: StaffRequest) -> HttpResponseBase:
    """Ask one thing more."""
    program = _program(request)
    form = NewQuestionForm(posted(request))
    if sent(request, form):
        with form.refused():
            back = once(request, form, lambda: _ask(request, program, form))
            return done(request, "The question is on the page.", back)
    return _question_page(request, form, None, program)


def _ask(request: StaffRequest, program: Program, form: QuestionForm) -> str:
    questions.create_question(program=program, **form.values(), actor=request.actor)
    return f"{_address(request, program)}#questions"


@staff_page(Permission.EDIT_SETTINGS)
def settings_question(request: StaffRequest, question: UUID) -> HttpResponseBase:
    """Change, move or remove a question. What was answered keeps the question as it was asked."""
    found = get_object_or_404(request.merchant.questions.select_related("program__merchant"), id=question)
    back = f"{_address(request, found.program)}#questions"
    if request.method == "POST" and (place := request.POST.get("move")):
        questions.move_question(found, up=place == "up", actor=request.actor)
        return led_to(request, back)
    if request.method == "POST" and "remove" in request.POST:
        questions.delete_question(found, actor=request.actor)
        return done(request, "The question is removed. Answers that were given stay.", back)
    values = {name: getattr(found, name) for name in ("label", "hint", "kind", "required")}
    form = QuestionForm(posted(request), initial=values | {"choices": "\n".join(found.choices)})
    if sent(request, form):
        with form.refused():
            questions.update_question(found, changes=form.values(), actor=request.actor)
            return done(request, "The question is saved.", back)
    return _question_page(request, form, found, found.program)


def _question_page(
    request: StaffRequest, form: QuestionForm, question: Question | None, program: Program
) -> HttpResponseBase:
    context = {"form": form, "question": question, "back": _address(request, program)}
    return page(request, "backoffice/applications/question.html", context, status=form_status(form))


@staff_page(Permission.EDIT_SETTINGS)
def settings_terms_new(request: StaffRequest) -> HttpResponseBase:
    """Write the next version, beginning with the one in force."""
    program = _program(request)
    newest = program_terms.terms_in_force(program)
    form = TermsForm(posted(request), initial={"text": newest.text if newest else ""})
    form.tell(new_terms.to_be_told(program) if request.may(Permission.EDIT_PARTNERS) else 0)
    if sent(request, form):
        with form.refused():
            emails: list[int] = []
            where = once(request, form, lambda: _publish(request, program, form, emails))
            number = sum(emails)
            letters = "1 e-mail is on its way." if number == 1 else f"{number:,} e-mails are on their way."
            return done(request, f"The terms are in force. {letters}" if number else "The terms are in force.", where)
    context = {"form": form, "newest": newest, "back": _address(request, program), "today": timezone.localdate()}
    return page(request, "backoffice/applications/terms_new.html", context, status=form_status(form))


def _publish(request: StaffRequest, program: Program, form: TermsForm, emails: list[int]) -> str:
    """Where the version is. A second click makes nothing, and leaves `emails` as they are."""
    values = {name: form.cleaned_data[name] for name in ("text", "accept_by", "after_deadline")}
    tells = form.cleaned_data.get("tells", False)
    made = new_terms.publish(program=program, **values, tells=tells, actor=request.actor)
    emails.append(made.emails)
    return reverse("backoffice:settings_terms", args=[request.merchant.slug, made.terms.id])


@staff_page(Permission.EDIT_SETTINGS)
def settings_terms(request: StaffRequest, terms: UUID) -> HttpResponseBase:
    """One version as it was agreed to, by how many; and of the one in force who has not, and what becomes of them."""
    found = get_object_or_404(request.merchant.program_terms.select_related("program"), id=terms)
    is_newest = program_terms.terms_in_force(found.program) == found
    waiting = program_terms.unaccepted(found).order_by("name", "id") if is_newest and found.accept_by else None
    context = {
        "terms": found,
        "accepted": found.acceptances.count(),
        "back": _address(request, found.program),
        "waiting": waiting[:_MOST_WAITING] if waiting is not None else None,
        "number": waiting.count() if waiting is not None else 0,
        "is_newest": is_newest,
        "is_over": found.accept_by is not None and found.accept_by < timezone.localdate(),
        "rule": RULE,
        "is_looked_for": request.merchant.fraud_rules.filter(rule=RULE, is_on=True).exists(),
    }
    return page(request, "backoffice/applications/terms.html", context)


def _program(request: StaffRequest) -> Program:
    """The program that the address names, or the default one, made when there is none yet."""
    programs_here = request.merchant.programs.select_related("merchant")
    wanted = request.GET.get("program", "")
    if not wanted:
        found = programs_here.filter(is_default=True).first()
        return found or programs.default_program(actor=request.actor)
    try:
        return get_object_or_404(programs_here, id=UUID(wanted))
    except ValueError:
        return get_object_or_404(programs_here, is_default=True)


def _address(request: StaffRequest, program: Program) -> str:
    address = reverse("backoffice:settings_applications", args=[request.merchant.slug])
    return address if program.is_default else f"{address}?program={program.id}"


def _initial(program: Program) -> dict[str, Any]:
    names = ("applications_open", "landing_text", "reapply_days", "auto_approval")
    return {name: getattr(program, name) for name in names} | {
        "seen": SeenField.now(),
        "auto_approve_domains": "\n".join(program.auto_approve_domains),
        "auto_approve_countries": ", ".join(program.auto_approve_countries),
        "auto_reject_domains": "\n".join(program.auto_reject_domains),
    }
