"""What the demo's partners earn: plain rates, tiers, a rule for products, own terms, and levels for recruiters."""

from datetime import datetime, timedelta
from decimal import Decimal

from affiliates.models import Group, Partner, Program
from demo.brands import Brand
from merchants.audit import Actor
from rewards.details import Details, Tier
from rewards.terms import add_rule, set_reward


def of_everybody(program: Program, groups: dict[str, Group], brand: Brand, began: datetime, *, actor: Actor) -> None:
    """The program's and the groups' rules, from the first day and as they changed since."""
    set_reward(
        program=program, kind="percentage", percent=10, excludes=["tax", "shipping"], effective_from=began, actor=actor
    )  # fmt: skip
    set_reward(group=groups["Creators"], kind="percentage", percent=12, effective_from=began, actor=actor)
    set_reward(group=groups["Publishers"], kind="percentage", percent=8, effective_from=began, actor=actor)
    changed = began + timedelta(days=500)
    set_reward(group=groups["Publishers"], kind="percentage", percent=9, effective_from=changed, actor=actor)
    add_rule(
        program=program, kind="percentage", percent=10, effective_from=began + timedelta(days=300),
        details=Details(name="Recruiting", event="recruit", deeper=(Decimal(5), Decimal(2))), actor=actor,
    )  # fmt: skip
    add_rule(
        group=groups["Creators"], kind="percentage", percent=12, effective_from=began + timedelta(days=600),
        details=Details(
            name="Busy months",
            tiers=(Tier(10, percent=Decimal(14)), Tier(25, percent=Decimal(16)), Tier(50, percent=Decimal(18))),
        ),
        actor=actor,
    )  # fmt: skip
    add_rule(
        program=program, kind="percentage", percent=20, effective_from=changed,
        details=Details(name="Favourite product", product_keys=(brand.products[2].key,), first_months=12), actor=actor,
    )  # fmt: skip


def of_some(partners: list[Partner], brand: Brand, began: datetime, *, actor: Actor) -> None:
    """Terms of their own for a few."""
    changed = began + timedelta(days=500)
    for number in (1, 4):
        set_reward(
            partner=partners[number], kind="fixed", amount=brand.fixed_reward, currency=brand.currency,
            effective_from=began, actor=actor,
        )  # fmt: skip
    set_reward(partner=partners[2], kind="percentage", percent=15, effective_from=began, actor=actor)
    set_reward(partner=partners[2], kind="percentage", percent="17.5", effective_from=changed, actor=actor)


def recruiter_of(number: int, before: list[Partner]) -> Partner | None:
    """Who brought the partner of this number: two of three came by somebody who was there, in up to three levels."""
    if number < 3 or number % 3 == 0:
        return None
    found = before[number // 3]
    return found if found.status == "approved" else None
