"""The form of an application: what everybody is asked, then the program's own questions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError

from affiliates.models import ProgramTerms, Question, QuestionKind
from affiliates.questions import LONGEST_LONG, LONGEST_SHORT, field_of
from apply import stamp
from pages.forms import PageForm


class ApplicationForm(PageForm):
    """What an applicant fills in."""

    stamp = forms.CharField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(label="Name", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text="A link to confirm your application goes there.",
    )  # fmt: skip
    website = forms.CharField(
        label="Website", required=False, max_length=500, help_text="Or the page of your channel, such as"
        " https://example.com/.",
        widget=forms.URLInput(attrs={"autocomplete": "url"}),
    )  # fmt: skip
    reference = forms.CharField(
        label="Leave this empty", required=False, max_length=500,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )  # fmt: skip
    """A trap: nobody sees it, and programs fill in everything."""

    def __init__(
        self, *args: Any, questions: Sequence[Question], terms: ProgramTerms | None, asked: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.asked = asked
        self.questions = questions
        for question in questions:
            self.fields[field_of(question)] = _field(question)
        if terms is not None:
            self.fields["terms"] = forms.BooleanField(
                label="I accept the terms of the program", error_messages={"required": "Accept the terms to apply."}
            )
        # The base class has dressed its own fields; those that came later are dressed here.
        for name in [field_of(question) for question in questions] + (["terms"] if terms is not None else []):
            self._dress(name)

    def answer_fields(self) -> list[forms.BoundField]:
        """The program's own questions, in order."""
        return [self[field_of(question)] for question in self.questions]

    def clean_stamp(self) -> UUID:
        """The id that the application will have."""
        try:
            return stamp.read(self.cleaned_data["stamp"], self.asked)
        except stamp.Overtaken:
            self.data = {**{name: self._typed(name) for name in self.data}, "stamp": stamp.new(self.asked)}
            raise

    def clean_reference(self) -> str:
        """Filled in by nobody who sees the page."""
        if self.cleaned_data["reference"]:
            raise ValidationError("Leave this field empty, then send the form again.")
        return ""

    def answers(self) -> dict[UUID, object]:
        """What was answered, by question."""
        return {question.id: self.cleaned_data.get(field_of(question)) for question in self.questions}

    def _typed(self, name: str) -> Any:
        """A field's text, or all texts of one that takes several."""
        several = isinstance(self.fields.get(name), forms.MultipleChoiceField)
        return self.data.getlist(name) if several and hasattr(self.data, "getlist") else self.data.get(name)


def _field(question: Question) -> forms.Field:
    common: dict[str, Any] = {
        "label": question.label,
        "help_text": question.hint,
        "required": question.required,
    }
    offered = [(choice, choice) for choice in question.choices]
    match QuestionKind(question.kind):
        case QuestionKind.SHORT:
            return forms.CharField(max_length=LONGEST_SHORT, **common)
        case QuestionKind.LONG:
            return forms.CharField(max_length=LONGEST_LONG, widget=forms.Textarea(attrs={"rows": 4}), **common)
        case QuestionKind.NUMBER:
            widget = forms.TextInput(attrs={"inputmode": "decimal"})
            return forms.CharField(max_length=30, widget=widget, **common)
        case QuestionKind.CHECKBOX:
            return forms.BooleanField(**common)
        case QuestionKind.CHOICE:
            return forms.ChoiceField(choices=offered, widget=forms.RadioSelect, **common)
        case QuestionKind.CHOICES:
            boxes = forms.CheckboxSelectMultiple(attrs={"class": "check"})
            return forms.MultipleChoiceField(choices=offered, widget=boxes, **common)
