"""Acme takes applications: one long question and terms; tasks run at once and mail stays here."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from affiliates.models import Program, Question
from affiliates.program_terms import publish_terms
from affiliates.programs import default_program, update_applications
from affiliates.questions import create_question, field_of
from merchants import tenancy
from merchants.models import Merchant
from pages.attempts import WINDOW
from tests.factories import ACTOR

PAGE = "/apply/acme/"
#: Longer than anybody needs at the least, and for less than a form is good.
READING = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def _at_once(tasks_at_once: None) -> None:
    """For every test here; and nobody has tried before."""
    cache.clear()


@dataclass
class Door:
    """The page as an applicant meets it."""

    merchant: Merchant
    program: Program
    question: Question
    browser: Client
    clock: time_machine.Traveller
    committing: Callable[[], Any]

    def opened(self, address: str = PAGE) -> dict[str, str]:
        """The form's hidden values, after it was read for a while."""
        page = self.browser.get(address).content.decode()
        found = re.search(r'name="stamp" value="([^"]+)"', page)
        assert found, page
        self.clock.shift(READING)
        return {"stamp": found[1]}

    def send(self, *, to: str = PAGE, **more: Any) -> Any:
        """Fill in the form and send it; `more` are other values. What waits for the commit is done."""
        values = {
            "name": "Bo Ek", "email": "bo@example.com", "website": "https://bo.example/", "terms": "on",
            field_of(self.question): "A weekly podcast.", "reference": "",
        }  # fmt: skip
        hidden = {} if "stamp" in more else self.opened(to)
        with self.committing():
            return self.browser.post(to, values | hidden | more)

    def confirm(self, link: str) -> Any:
        """Press the button behind a link in an e-mail."""
        with self.committing():
            return self.browser.post(link)


def link_in(message: Any) -> str:
    """The path of the confirmation's link."""
    found = re.search(r"https?://[^/]+(/apply/\S+/confirm/\S+)", str(message.body))
    assert found, message.body
    return found[1]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Time passes when a test says so. It begins with a window of `pages.attempts`, so that none ends within a test.

    The window before this one: however often a test shifts it, it is behind the database's clock and that of ids.
    """
    start = datetime.fromtimestamp((time.time() // WINDOW - 1) * WINDOW, UTC)
    with time_machine.travel(start, tick=False) as traveller:
        yield traveller


@pytest.fixture
def door(
    merchant: Merchant,
    clock: time_machine.Traveller,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> Door:
    """The page, open."""
    with tenancy.tenant(merchant.id):
        program = default_program(actor=ACTOR)
        update_applications(program, changes={"applications_open": True, "landing_text": "Earn with us."}, actor=ACTOR)
        question = create_question(
            program=program, label="How do you reach people?", kind="long", required=True, actor=ACTOR
        )
        publish_terms(program=program, text="Be kind.", actor=ACTOR)
    committing = lambda: django_capture_on_commit_callbacks(execute=True)  # noqa: E731 - a fixture as short as it is
    return Door(merchant, program, question, Client(), clock, committing)
