"""The page of applications in the demo: what it asks, what it is agreed to, and who applied lately."""

from datetime import UTC, datetime, time, timedelta

from affiliates import applications
from affiliates.models import AfterDeadline, Group, Partner, PartnerStatus, Program, ProgramTerms
from affiliates.program_terms import accept, publish_terms
from affiliates.programs import update_applications, update_group
from affiliates.questions import create_question
from demo.brands import Brand
from demo.story import PartnerStory
from fraud.terms import publish
from merchants.audit import Actor
from merchants.ids import new_id

_CHANNELS = ["Podcast", "Blog or newsletter", "Video", "Shop or coupon site", "Something else"]
_PLANS = (
    "I write a newsletter for people who like to make things at home, and would show yours in use.",
    "A weekly podcast with a short break in the middle, read by me.",
    "Two videos a month. Your things would be in the ones about mornings.",
    "We compare offers for our members and would list yours with a code.",
)
_TERMS = (
    "Say that you are paid when you recommend us.\n\nDo not bid on our name in search engines, and do not write to"
    " people who did not ask for it.\n\nWe pay what has passed the hold, once it reaches the minimum."
)
_ADDED = "\n\nNew in this version: codes are for your own audience and are not given to coupon collections."


def set_up(program: Program, brand: Brand, groups: dict[str, Group], *, actor: Actor) -> ProgramTerms:
    """Open the page with its text, rules and questions; returns the first version of the terms."""
    update_applications(
        program,
        changes={
            "applications_open": True,
            "landing_text": f"Do you know people who would like {brand.name}?\n\nEarn on every order that you bring.",
            "auto_reject_domains": ["throwaway.example"],
        },
        actor=actor,
    )
    rule = {"auto_approval": "domains", "auto_approve_domains": ["studio.example"]}
    text = f"You make something that people watch, read or hear. Tell us about it, and earn with {brand.name}."
    update_group(groups["Creators"], changes={"landing_text": text, **rule}, actor=actor)
    update_group(groups["Publishers"], changes={"minimum_payout": brand.least_payout}, actor=actor)
    create_question(
        program=program, label="How do you reach people?", kind="choices", choices=_CHANNELS, required=True, actor=actor
    )
    create_question(
        program=program, label="How would you present us?", kind="long", hint="A few sentences are enough.",
        required=True, actor=actor,
    )  # fmt: skip
    create_question(program=program, label="Visitors or listeners a month", kind="number", actor=actor)
    create_question(program=program, label="I have worked with a partner program before", kind="checkbox", actor=actor)
    return publish_terms(program=program, text=_TERMS, actor=actor)


def applied(
    told: PartnerStory, number: int, group: Group | None, terms: ProgramTerms, recruiter: Partner | None, *,
    at: datetime, actor: Actor,
) -> Partner:  # fmt: skip
    """Somebody who filled in the form and confirmed it, a while ago."""
    channels, plan, reach, before = terms.program.questions.order_by("position")
    sent, _ = applications.apply(
        application_id=new_id(),
        program=terms.program,
        group=group,
        name=told.name,
        email=told.email,
        website=f"https://{told.email.partition('@')[0]}.example/",
        answers={
            channels.id: _CHANNELS[number % 3 : number % 3 + 1 + number % 2],
            plan.id: _PLANS[number % len(_PLANS)],
            reach.id: str(500 * (1 + number % 17)),
            before.id: number % 3 == 0,
        },
        terms=terms,
        recruiter=recruiter,
        at=at,
        actor=actor,
    )
    applications.confirm(sent, token=applications.confirmation_token(sent), actor=actor)
    assert sent.partner is not None
    sent.merchant.applications.filter(id=sent.id).update(confirmed_at=at + timedelta(minutes=7))
    return sent.partner


def agree(partners: list[Partner], first: ProgramTerms, *, actor: Actor) -> None:
    """Everybody accepted the first version; of the second, which came a week ago, a third is still asked."""
    today = datetime.now(UTC).date()
    second = publish(
        program=first.program, text=_TERMS + _ADDED, accept_by=today + timedelta(days=21),
        after_deadline=AfterDeadline.REVIEW, actor=actor,
    )  # fmt: skip
    week_ago = datetime.combine(today - timedelta(days=7), time(8), tzinfo=UTC)
    for number, partner in enumerate(partners):
        if partner.status == PartnerStatus.APPROVED:
            accept(partner, first, at=partner.created_at, actor=actor)
            if number % 3:
                accept(partner, second, at=week_ago + timedelta(hours=number % 100), actor=actor)
