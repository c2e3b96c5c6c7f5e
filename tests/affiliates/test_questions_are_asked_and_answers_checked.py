"""What can be asked, in which order, and what counts as an answer."""

from typing import Any

import pytest

from affiliates.models import Question
from affiliates.programs import default_program
from affiliates.questions import answered, create_question, delete_question, move_question, update_question
from merchants.errors import DomainError
from merchants.models import Merchant
from tests.factories import ACTOR


def asked(kind: str, **more: Any) -> Question:
    return create_question(program=default_program(actor=ACTOR), label=f"A {kind}?", kind=kind, actor=ACTOR, **more)


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("short", "  Podcasts ", "Podcasts"), ("long", "One\nTwo", "One\nTwo"), ("number", "2500.50", "2500.50"),
        ("number", "1e3", "1000"), ("choice", "Blog", "Blog"), ("choices", ["Radio", "Blog"], ["Blog", "Radio"]),
        ("checkbox", True, True), ("checkbox", False, False), ("short", "", None), ("choices", [], None),
    ],
)  # fmt: skip
def test_an_answer_is_kept_as_it_was_meant(tenant: Merchant, kind: str, given: object, kept: object) -> None:
    choices = ["Blog", "Radio"] if kind.startswith("choice") else []
    question = asked(kind, choices=choices)
    (found,) = answered([question], {question.id: given})
    assert (found["answer"], found["label"]) == (kept, f"A {kind}?")


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("short", "two\nlines"), ("short", "x" * 301), ("long", "x" * 5_001), ("number", "many"), ("number", "NaN"),
        ("number", "1e400"), ("choice", "Telepathy"), ("choices", ["Blog", "Telepathy"]), ("checkbox", None),
        ("long", " "),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_beside_the_question(tenant: Merchant, kind: str, given: object) -> None:
    question = asked(kind, choices=["Blog", "Radio"] if kind.startswith("choice") else [], required=True)
    with pytest.raises(DomainError) as refused:
        answered([question], {question.id: given})
    assert refused.value.field == f"question-{question.id}"


def test_questions_are_moved_changed_and_removed_in_order(tenant: Merchant) -> None:
    first, second, third = (asked(kind) for kind in ("short", "long", "number"))
    move_question(third, up=True, actor=ACTOR)
    move_question(first, up=True, actor=ACTOR)
    assert [each.kind for each in tenant.questions.order_by("position")] == ["short", "number", "long"]
    delete_question(first, actor=ACTOR)
    assert list(tenant.questions.order_by("position").values_list("position", "kind")) == [(0, "number"), (1, "long")]
    update_question(second, changes={"label": "Why?"}, actor=ACTOR)
    update_question(second, changes={"label": "Why?"}, actor=ACTOR)
    assert second.version == 2, "saving what stands there already is no new version"


def test_a_choice_needs_something_to_choose_from(tenant: Merchant) -> None:
    with pytest.raises(DomainError) as refused:
        asked("choice", choices=["Blog", "Blog", ""])
    assert refused.value.code == "choices_needed"
