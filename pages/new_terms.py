"""New terms, and the announcement that tells partners of them: in the portal, and by e-mail to who wants any.

Both doors that publish terms, the back-office and the API, come through here. What is told is an announcement like any
other (`outreach.news`), to the partners of the program alone.
"""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.formats import date_format

from affiliates.models import AfterDeadline, Program, ProgramTerms
from affiliates.program_terms import terms_in_force
from fraud import terms as with_rule
from merchants.audit import Actor
from merchants.edits import lock
from outreach import news
from outreach.models import Announcement
from pages import announced

TITLE = "New terms of the program"


@dataclass(frozen=True, slots=True)
class Published:
    """What came of publishing."""

    terms: ProgramTerms
    is_new: bool
    """False: the version in force said the same already. Then nobody is told anything."""
    emails: int = 0
    """How many e-mails are on their way."""


def publish(
    *,
    program: Program,
    text: str,
    accept_by: date | None = None,
    after_deadline: str = AfterDeadline.REVIEW,
    tells: bool,
    actor: Actor,
) -> Published:
    """A new version in force (`fraud.terms.publish`), and with `tells` an announcement of it that goes out by e-mail.

    All of it or nothing: there is no version of which partners were meant to hear and did not.
    """
    with transaction.atomic():
        lock(program)
        before = terms_in_force(program)
        terms = with_rule.publish(
            program=program, text=text, accept_by=accept_by, after_deadline=after_deadline, actor=actor
        )
        if terms == before:
            return Published(terms, is_new=False)
        if not tells:
            return Published(terms, is_new=True)
        told = news.draft(merchant=program.merchant, title=TITLE, body=said_of(terms), program=program, actor=actor)
        emails = news.publish(told, by_mail=True, actor=actor)
        if emails:
            announced.begin(told, actor=actor)
        return Published(terms, is_new=True, emails=emails)


def to_be_told(program: Program) -> int:
    """How many partners would get an e-mail about new terms of this program."""
    return news.mailable(Announcement(merchant=program.merchant, program=program)).count()


def said_of(terms: ProgramTerms) -> str:
    """What partners are told of a version: that it is there, by when to accept it, and what follows."""
    said = [f"There is a new version of the terms of {terms.program.name}."]
    if terms.accept_by is None:
        said.append("Your portal asks you to accept it.")
    else:
        day = date_format(terms.accept_by, "F j, Y")
        after = (
            "new orders earn you nothing" if terms.after_deadline == AfterDeadline.SUSPEND else "what you earn waits"
        )
        said.append(f"Read it in your portal and accept it by {day}. After that {after} until you accept.")
    return " ".join(said)
