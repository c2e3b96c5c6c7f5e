"""What partners earn with clicks: one commission for each partner and batch, in the transaction that inserts them.

Only a visitor's first click on a link that day pays, and no bot's is ever inserted. A click is inserted once, whoever
brings it and however often, and it is rewarded by whoever inserted it: so it is paid once. Each click is put to the
engine by itself, in the order in which they happened, so that a cap ends in the middle of a batch as one by one.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.utils import timezone

from affiliates.models import Partner, PartnerStatus
from commissions import standing
from merchants.audit import system
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.money import display
from merchants.tenancy import current, rules_stay
from rewards import engine
from rewards.basket import OrderFacts
from rewards.counting import Counts, Key, keys_for
from rewards.engine import Reward
from rewards.rules import Rules, Terms
from tracking.accrual import accrue, own_rules, rules_by_level
from tracking.configuration import Configuration, configuration
from tracking.load import Known, PartnerRow, with_recruiters
from tracking.plan import Plan
from tracking.shares import Recruiters
from tracking.write import write


@dataclass(frozen=True, slots=True)
class Clicked:
    """A click that was inserted just now and counts as unique."""

    id: UUID
    partner_id: UUID
    clicked_at: datetime
    country: str


def reward_clicks(clicks: Sequence[Clicked]) -> None:
    """Give partners of the running tenant what their rules say for these clicks. Contended as in `ingest.record`."""
    if not clicks:
        return
    merchant = Merchant(id=current())
    rules_stay(merchant.id)
    version = Merchant.objects.values_list("configuration_version", flat=True).get(id=merchant.id)
    configured = configuration(version)
    paying = _paying(merchant, {click.partner_id for click in clicks}, configured)
    if not paying:
        return
    by_partner: dict[UUID, list[Clicked]] = defaultdict(list)
    for click in sorted(clicks, key=lambda click: (click.clicked_at, click.id)):
        if click.partner_id in paying:
            by_partner[click.partner_id].append(click)
    needed = {key for some in by_partner.values() for click in some for key in _keys(click, paying, configured)}
    counts = standing.locked(needed, new_customers=(), zone=configured.zone) if needed else Counts()
    recruiters = _recruiters(paying, configured)
    plan, now = Plan(), timezone.now()
    for partner_id, some in sorted(by_partner.items()):
        partner, rules = paying[partner_id]
        _reward(plan, partner, rules, some, counts, configured, recruiters, now)
    plan.counted(merchant.id, counts)
    write(plan, actor=system("clicks"))


_Paying = dict[UUID, tuple[PartnerRow, dict[str, Rules]]]


def _paying(merchant: Merchant, partner_ids: set[UUID], configured: Configuration) -> _Paying:
    """The approved ones of these partners who have a rule for clicks, with all their rules."""
    versions = merchant.reward_versions.filter(partner_id__in=partner_ids)
    own: dict[UUID | None, list[Terms]] = defaultdict(list)
    for version in versions:
        own[version.partner_id].append(version.terms())
    found: _Paying = {}
    partners = merchant.partners.filter(id__in=partner_ids, status=PartnerStatus.APPROVED)
    for partner in partners:
        row = _row(partner)
        rules = rules_by_level(row, Rules(own[partner.id]) if partner.id in own else None, configured)
        if any(terms.details.event == "click" for each in rules.values() for terms in each.versions):
            found[partner.id] = row, rules
    return found


def _recruiters(paying: _Paying, configured: Configuration) -> Recruiters:
    """Who is above these partners, where there are rules for them."""
    known = Known(version=configured.version, partners=[partner for partner, _ in paying.values()])
    with_recruiters(known, configured.levels)
    return Recruiters(known, own_rules(known), configured)


def _row(partner: Partner) -> PartnerRow:
    return PartnerRow(
        id=partner.id,
        program_id=partner.program_id,
        group_id=partner.group_id,
        name=partner.name,
        email=partner.email,
        status=partner.status,
        recruiter_id=partner.recruiter_id,
        recruited_at=partner.recruited_at,
    )


def _keys(click: Clicked, paying: _Paying, configured: Configuration) -> tuple[Key, ...]:
    _, rules = paying[click.partner_id]
    return keys_for(rules.values(), click.partner_id, None, click.clicked_at, configured.zone)


def _reward(
    plan: Plan,
    partner: PartnerRow,
    rules: dict[str, Rules],
    clicks: Sequence[Clicked],
    counts: Counts,
    configured: Configuration,
    recruiters: Recruiters,
    now: datetime,
) -> None:
    paid: list[tuple[Clicked, Reward]] = []
    for click in clicks:
        keys = keys_for(rules.values(), partner.id, None, click.clicked_at, configured.zone)
        facts = OrderFacts(amount=0, currency=configured.currency, placed_at=click.clicked_at, country=click.country)
        found = engine.decide(facts, rules, standing=counts.standing(keys, configured.currency), event="click")
        if isinstance(found, Reward) and found.amount:
            counts.add(keys, configured.currency, earned=found.amount)
            paid.append((click, found))
    # A commission names the one version that made it, and belongs to the one month it was counted in.
    for _, group in groupby(paid, key=lambda pair: (pair[1].terms.id, _month(pair[0], configured))):
        some = list(group)
        reward = _together(some, configured.currency)
        happened = some[-1][0].clicked_at
        commission = accrue(
            plan, reward, merchant_id=current(), id=new_id(), partner=partner, currency=configured.currency,
            order_id=None, customer_id=None, occurred_at=happened, hold_days=configured.hold(partner.group_id), now=now,
        )  # fmt: skip
        recruiters.accrue(
            plan, reward, commission, merchant_id=current(), partner=partner, order_id=None, customer_id=None,
            occurred_at=happened, room=None, now=now,
        )  # fmt: skip


def _month(click: Clicked, configured: Configuration) -> str:
    return click.clicked_at.astimezone(configured.zone).strftime("%Y-%m")


def _together(paid: Sequence[tuple[Clicked, Reward]], currency: str) -> Reward:
    """The rewards of several clicks as one, with the working of the last, where a cap shows."""
    amount = sum(reward.amount for _, reward in paid)
    last = paid[-1][1]
    clicks = "1 click" if len(paid) == 1 else f"{len(paid)} clicks"
    explanation: dict[str, Any] = last.explanation | {
        "event": "click",
        "clicks": len(paid),
        "called": clicks,
        "working": f"{clicks}, {last.explanation['working']}; together {display(amount, currency)}",
    }
    return Reward(terms=last.terms, base=0, amount=amount, explanation=explanation)
