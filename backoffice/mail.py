"""The e-mails that go out in the merchant's name (SPEC P7): what they say, how they look, and a test to oneself."""

from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin

from backoffice.door import StaffRequest, done, form_status, led_to, page, posted, sent, staff_page
from merchants.errors import DomainError
from merchants.letters import (
    LONGEST_BODY,
    LONGEST_SUBJECT,
    Letter,
    Words,
    all_words,
    checked,
    letter_of,
    reset_words,
    set_words,
    words_of,
)
from merchants.roles import Permission
from pages.forms import PageForm, SeenField
from pages.mail import sample, send_sample

#: A message runs nothing and loads nothing but the logo, and is shown on our own pages only.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; sandbox"


class WordsForm(PageForm):
    """What a message says."""

    subject = forms.CharField(label="Subject", max_length=LONGEST_SUBJECT)
    body = forms.CharField(
        label="Message",
        max_length=LONGEST_BODY,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text="An empty line begins a new paragraph. {link} in a paragraph of its own becomes a button.",
    )
    seen = SeenField()

    def words(self) -> dict[str, Any]:
        """As the verb takes them."""
        return {"subject": self.cleaned_data["subject"], "body": self.cleaned_data["body"]}


@staff_page(Permission.EDIT_SETTINGS)
def settings_mail(request: StaffRequest) -> HttpResponseBase:
    """Every e-mail, and which of them say something else than at first."""
    return page(request, "backoffice/mail/list.html", {"letters": all_words(request.merchant)})


@staff_page(Permission.EDIT_SETTINGS)
def settings_mail_edit(request: StaffRequest, letter: str) -> HttpResponseBase:
    """The words of one e-mail beside how it looks."""
    found, merchant = letter_of(letter), request.merchant
    words = words_of(merchant, found)
    form = WordsForm(posted(request), initial={"subject": words.subject, "body": words.body, "seen": SeenField.now()})
    if sent(request, form) and not _overtaken(request, found, form):
        with form.refused():
            set_words(merchant, found, **form.words(), actor=request.actor)
            return done(request, f"{found.title} saved.", _address(request, found))
    context = {
        "form": form,
        "letter": found,
        "message": sample(found, words, merchant=merchant),
        "is_own": words != Words(found.subject, found.body),
    }
    return page(request, "backoffice/mail/edit.html", context, status=form_status(form))


def _overtaken(request: StaffRequest, letter: Letter, form: WordsForm) -> bool:
    row = request.merchant.mail_words.filter(letter=letter.name).first()
    return row is not None and form.overtaken(request.merchant, "mailwords", row.id, ("subject", "body"))


@xframe_options_sameorigin
@staff_page(Permission.EDIT_SETTINGS)
def settings_mail_preview(request: StaffRequest, letter: str) -> HttpResponseBase:
    """The message alone, as a mail program shows it: as saved, or as it would be with the words that are sent."""
    found, merchant = letter_of(letter), request.merchant
    if request.method == "POST":
        try:
            typed = {name: request.POST.get(name, "") for name in ("subject", "body")}
            words = checked(found, **typed)
        except DomainError as error:
            answer = page(request, "backoffice/mail/preview_refused.html", {"error": error}, status=422)
            return _alone(answer)
    else:
        words = words_of(merchant, found)
    return _alone(HttpResponse(sample(found, words, merchant=merchant).html))


def _alone(answer: HttpResponse) -> HttpResponse:
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer


@staff_page(Permission.EDIT_SETTINGS)
def settings_mail_test(request: StaffRequest, letter: str) -> HttpResponseBase:
    """Send the saved words, with made-up names, to whoever asks and to nobody else."""
    found = letter_of(letter)
    if request.method != "POST":
        return led_to(request, _address(request, found))
    send_sample(found, to=request.user.email, merchant=request.merchant)
    return done(request, f"A test is on its way to {request.user.email}.", _address(request, found))


@staff_page(Permission.EDIT_SETTINGS)
def settings_mail_reset(request: StaffRequest, letter: str) -> HttpResponseBase:
    """Ask, then go back to the first words."""
    found = letter_of(letter)
    form = PageForm(posted(request))
    if sent(request, form):
        with form.refused():
            reset_words(request.merchant, found, actor=request.actor)
            return done(request, f"{found.title} says again what it said at first.", _address(request, found))
    context = {"form": form, "letter": found, "back": _address(request, found), "partials": {"ask"}}
    return page(request, "backoffice/mail/reset.html", context, status=form_status(form))


def _address(request: StaffRequest, letter: Letter) -> str:
    return reverse("backoffice:settings_mail_edit", args=[request.merchant.slug, letter.name])
