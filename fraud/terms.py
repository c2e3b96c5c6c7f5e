"""New terms whose deadline has a consequence in the books: what was earned after it waits for somebody to look.

That is all that the partner earns from the next day on: with orders, leads, clicks, bonuses, and a share of what a
recruit earned, whose own commission does not wait. A bonus is of the day that it is dated, which lies in its period.
What somebody gives by hand was looked at then, and what adjusts any of these has its hold (`commissions.adjustment`).

The rule `terms` of `fraud.rules` looks for it, like any other doubt; publishing such a version switches it on. A
partner who accepts settles it without anybody looking.
"""

from datetime import date

from django.db import transaction

from affiliates import program_terms
from affiliates.models import AfterDeadline, Partner, Program, ProgramTerms
from commissions.flags import settle
from fraud.rules import RULES
from fraud.switches import set_rule
from merchants.audit import Actor

#: The key of the rule.
RULE = "terms"


def publish(
    *, program: Program, text: str, accept_by: date | None = None, after_deadline: str, actor: Actor
) -> ProgramTerms:
    """A new version of the terms (`affiliates.program_terms.publish_terms`), and the rule that its deadline needs."""
    with transaction.atomic():
        terms = program_terms.publish_terms(
            program=program, text=text, accept_by=accept_by, after_deadline=after_deadline, actor=actor
        )
        if accept_by is not None and after_deadline == AfterDeadline.REVIEW:
            set_rule(RULES[RULE], merchant=program.merchant, is_on=True, parameters={}, actor=actor)
    return terms


def accept(partner: Partner, *, number: int, actor: Actor) -> None:
    """The partner agrees to the version in force; commissions that waited for that alone go on.

    Conflict `terms_changed` when it is another version than the one that was read.
    """
    with transaction.atomic():
        program_terms.accept_newest(partner, number=number, actor=actor)
        settle(partner, RULE, note=f"Version {number} of the terms was accepted.", actor=actor)
