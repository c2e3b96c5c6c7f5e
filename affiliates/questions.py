"""What a program asks its applicants, and the check of what they answer (SPEC A7).

A question is edited in place and its version raised. That loses nothing: an answer is kept with the question as it was
asked, so it reads the same whatever became of the question since.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import transaction

from affiliates.models import Program, Question, QuestionKind
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.edits import edit, lock
from merchants.errors import DomainError

FIELDS = ("label", "hint", "kind", "choices", "required")
MOST_QUESTIONS = 20
_MOST_CHOICES = 30
LONGEST_SHORT, LONGEST_LONG = 300, 5_000
_MOST_DIGITS = 15


def create_question(
    *,
    program: Program,
    label: str,
    kind: str = QuestionKind.SHORT,
    hint: str = "",
    choices: Sequence[str] = (),
    required: bool = False,
    actor: Actor,
) -> Question:
    """A question at the end of the form. DomainError `too_many`, `choices_needed`."""
    values = _checked({"label": label, "kind": kind, "hint": hint, "choices": choices, "required": required})
    _check_choices(values["kind"], values["choices"])
    with transaction.atomic():
        lock(program)
        number = program.questions.count()
        if number >= MOST_QUESTIONS:
            raise DomainError(f"Ask at most {MOST_QUESTIONS} questions: change one of them.", code="too_many")
        question = Question.objects.create(
            merchant_id=tenancy.current(), program=program, position=number, **values
        )  # fmt: skip
        record(actor, "question.create", "question", question.id, after={"program_id": str(program.id), **values})
    return question


def update_question(question: Question, *, changes: Mapping[str, Any], actor: Actor) -> Question:
    """Ask otherwise from now on. Answers that were given keep the question they were given to."""
    inputs.known_fields(changes, FIELDS)
    values = _checked(changes)
    with transaction.atomic():
        lock(question)
        _check_choices(values.get("kind", question.kind), values.get("choices", question.choices))
        if any(getattr(question, name) != value for name, value in values.items()):
            edit(question, values | {"version": question.version + 1}, verb="question.update", actor=actor)
    return question


def delete_question(question: Question, *, actor: Actor) -> None:
    """Ask it no longer. What was answered stays with those who answered."""
    with transaction.atomic():
        program = question.program
        lock(program)
        record(actor, "question.delete", "question", question.id, before={"label": question.label})
        question.delete()
        _number(list(program.questions.order_by("position", "id")))


def move_question(question: Question, *, up: bool, actor: Actor) -> None:
    """Ask it one place earlier or later; at the end of the form it stays where it is."""
    with transaction.atomic():
        lock(question.program)
        order = list(question.program.questions.order_by("position", "id"))
        place = [each.id for each in order].index(question.id)
        other = place - 1 if up else place + 1
        if not 0 <= other < len(order):
            return
        order[place], order[other] = order[other], order[place]
        _number(order)
        record(actor, "question.move", "question", question.id, before={"position": place}, after={"position": other})


def _number(order: list[Question]) -> None:
    for position, each in enumerate(order):
        each.position = position
    Question.objects.bulk_update(order, ["position"])


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(changes)
    if "label" in values:
        values["label"] = inputs.line(values["label"], "label", required=True)
    if "hint" in values:
        values["hint"] = inputs.line(values["hint"], "hint", longest=300)
    if "kind" in values and values["kind"] not in QuestionKind.values:
        raise DomainError(f"kind is one of {', '.join(QuestionKind.values)}.", code="invalid_choice", field="kind")
    if "choices" in values:
        texts = [inputs.line(each, "choices", longest=100) for each in values["choices"]]
        values["choices"] = list(dict.fromkeys(text for text in texts if text))
        if len(values["choices"]) > _MOST_CHOICES:
            raise DomainError(f"Offer at most {_MOST_CHOICES} choices.", code="too_many", field="choices")
    if "required" in values and not isinstance(values["required"], bool):
        raise DomainError("required is true or false.", code="invalid_choice", field="required")
    return values


def _check_choices(kind: str, choices: Sequence[str]) -> None:
    if QuestionKind(kind).has_choices and len(choices) < 2:
        raise DomainError("Offer at least two choices, one a line.", code="choices_needed", field="choices")


def answered(questions: Sequence[Question], answers: Mapping[UUID, object]) -> list[dict[str, Any]]:
    """The answers as an application keeps them, each with its question as it is asked now.

    DomainError naming `question-<id>` for one that is missing or cannot be an answer.
    """
    return [
        {
            "question": str(question.id),
            "version": question.version,
            "label": question.label,
            "kind": question.kind,
            "answer": _answer(question, answers.get(question.id)),
        }
        for question in questions
    ]


def field_of(question: Question) -> str:
    """What an answer's field is called, in forms and in refusals."""
    return f"question-{question.id}"


def _answer(question: Question, given: object) -> object:
    field = field_of(question)
    is_empty = given is None or given is False or (isinstance(given, str) and not given.strip()) or given == []
    if is_empty:
        if question.required:
            raise DomainError("Answer this.", code="required", field=field)
        return False if question.kind == QuestionKind.CHECKBOX else None
    match QuestionKind(question.kind):
        case QuestionKind.CHECKBOX:
            return True
        case QuestionKind.SHORT:
            return inputs.line(given, field, longest=LONGEST_SHORT)
        case QuestionKind.LONG:
            return inputs.paragraph(given, field, longest=LONGEST_LONG).strip()
        case QuestionKind.NUMBER:
            return _number_text(given, field)
        case QuestionKind.CHOICE:
            return _offered(question, [given], field)[0]
        case QuestionKind.CHOICES:
            return _offered(question, given if isinstance(given, list) else [given], field)


def _number_text(given: object, field: str) -> str:
    """As text, exactly as it was meant: 0.1 is no float."""
    try:
        number = Decimal(str(given).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or len(number.as_tuple().digits) > _MOST_DIGITS or abs(number.adjusted()) > _MOST_DIGITS:
        raise DomainError("Write a number, such as 2500.", code="invalid_number", field=field)
    return f"{number:f}"


def _offered(question: Question, given: Sequence[object], field: str) -> list[str]:
    if any(each not in question.choices for each in given):
        raise DomainError("Choose from what is offered.", code="invalid_choice", field=field)
    return [choice for choice in question.choices if choice in given]
