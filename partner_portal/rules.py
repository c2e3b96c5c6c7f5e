"""What the partner earns, as sentences in the order in which the rules are asked, and how far the next tier is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from affiliates.models import Partner
from commissions import standing
from merchants.money import display
from rewards.counting import Key, month_of
from rewards.reach import with_reach
from rewards.rules import Rules, Terms, asked
from rewards.sentences import sentence, tier_rate


@dataclass(frozen=True, slots=True)
class Progress:
    """The way to the next tier."""

    rate: str
    left: str


@dataclass(frozen=True, slots=True)
class Earns:
    """One rule, as the partner reads it."""

    name: str
    sentence: str
    progress: Progress | None


def terms_of(partner: Partner, levels: Mapping[str, Rules], at: datetime) -> list[Earns]:
    """The rules that may decide for the partner now. Empty when the one sentence about the basic rule says it all."""
    zone = ZoneInfo(partner.merchant.time_zone)
    found = [terms for event in ("sale", "lead", "click") for terms in asked(levels, at, event)]
    decided = [terms for terms, is_asked in with_reach(found) if is_asked]
    if all(terms.rule is None and sentence(terms) == _plainly(terms) for terms in decided):
        return []
    return [Earns(terms.details.name, sentence(terms), _progress(partner, terms, at, zone)) for terms in decided]


def _plainly(terms: Terms) -> str:
    """The sentence of a rate that nothing narrows."""
    return sentence(
        Terms(
            id=terms.id, level=terms.level, number=terms.number, effective_from=terms.effective_from, kind=terms.kind,
            percent=terms.percent, amount=terms.amount, currency=terms.currency, excludes=terms.excludes,
        )
    )  # fmt: skip


def _progress(partner: Partner, terms: Terms, at: datetime, zone: ZoneInfo) -> Progress | None:
    details = terms.details
    if not details.tiers:
        return None
    period = month_of(at, zone) if details.tier_period == "month" else ""
    count = standing.read(Key(partner.id, None, period), zone)
    by_orders = details.tier_by == "orders"
    done = count.orders if by_orders else count.revenue.get(terms.currency, 0)
    reached = done + 1 if by_orders else done
    ahead = next((tier for tier in details.tiers if tier.start > reached), None)
    if ahead is None:
        return None
    left = ahead.start - reached
    return Progress(
        rate=tier_rate(ahead, terms.currency),
        left=f"{left:,} more order{'' if left == 1 else 's'}" if by_orders else display(left, terms.currency),
    )
