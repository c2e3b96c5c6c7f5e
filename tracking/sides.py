"""One of two sets of rules that history is tried under: what it gives for an order to everybody, and what it counts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from rewards import engine, levels
from rewards.basket import OrderFacts
from rewards.conditions import NOTHING_YET
from rewards.counting import Counts, keys_for
from rewards.engine import Reward
from rewards.keeping import parts_of, remaining
from rewards.levels import Above, Earned, Share
from rewards.rules import Rules
from tracking.comparison import Given


class Sold(NamedTuple):
    """Something that a partner earned on, with what became of it."""

    partner_id: UUID
    group_id: UUID | None
    customer_id: UUID | None
    at: datetime
    """In the merchant's calendar."""
    currency: str
    line: Sequence["Recruiter"]
    """Who was above the partner then, the nearest first."""
    facts: OrderFacts | None = None
    """The order; None for a lead or for clicks."""
    refunded: int = 0
    by_line: Mapping[int, int] = {}
    """What was given back on which line of the order."""


class Recruiter(NamedTuple):
    """Somebody above a partner, as they were when the order was recorded."""

    partner_id: UUID
    group_id: UUID | None
    since: datetime
    """When they recruited whoever is one step below, in the merchant's calendar."""
    barred: str
    """Why they earn nothing, whatever the rules say."""


class Side:
    """One set of rules, with what it has counted."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._rules: dict[tuple[UUID, UUID | None], dict[str, Rules]] = {}
        """By partner and group."""
        self._asked: dict[UUID, list[Rules]] = {}
        """By partner, in whatever group: what any of them counts is counted throughout, or there would be holes."""
        self._counts = Counts()

    def learn(self, partner_id: UUID, group_id: UUID | None, by_level: dict[str, Rules]) -> None:
        """What decides for the partner while in the group."""
        self._rules[partner_id, group_id] = by_level
        self._asked.setdefault(partner_id, []).extend(by_level.values())

    def count(self, sold: Sold, amount: int) -> None:
        """Count what was earned without an order."""
        keys = keys_for(self._asked[sold.partner_id], sold.partner_id, sold.customer_id, sold.at, self._zone)
        self._counts.add(keys, sold.currency, earned=amount)

    def reward(self, sold: Sold) -> Reward | None:
        """What the partner earns who sold the order, and count it."""
        assert sold.facts is not None
        keys = keys_for(self._asked[sold.partner_id], sold.partner_id, sold.customer_id, sold.at, self._zone)
        standing = self._counts.standing(keys, sold.currency) if keys else NOTHING_YET
        reward = engine.decide(sold.facts, self._rules[sold.partner_id, sold.group_id], standing=standing)
        if not isinstance(reward, Reward):
            return None
        self._counts.add(keys, sold.currency, earned=reward.amount, revenue=sold.facts.amount)
        return reward

    def given(self, sold: Sold, reward: Reward | None) -> list[Given]:
        """What refunds leave to the partner who sold, and to those above them."""
        keeps = _kept(reward, sold)
        terms = reward.terms if reward else None
        mine = Given(0, sold.partner_id, sold.group_id, keeps, terms)
        if reward is None or not sold.line:
            return [mine]
        return [mine, *self.shares(sold, reward.amount, keeps, room=reward.base - reward.amount)]

    def shares(self, sold: Sold, amount: int, keeps: int, *, room: int | None) -> list[Given]:
        """What those above earn on a commission of `amount`, of which refunds leave what it `keeps`.

        Minor units; `room` as `rewards.levels.shares` has it. Nobody is there for whom no rule decided.
        """
        if not sold.line:
            return []
        earned = Earned(amount, sold.currency, sold.at, sold.line[0].since)
        found = levels.shares(earned, self._above(sold.line), room=room)
        return [
            Given(level, each.partner_id, each.group_id, share.kept(keeps), share.terms)
            for level, (each, share) in enumerate(zip(sold.line, found, strict=False), 1)
            if isinstance(share, Share)
        ]

    def _above(self, line: Iterable[Recruiter]) -> Iterable[Above]:
        for each in line:
            yield Above(each.since, self._rules[each.partner_id, each.group_id], each.barred)


def _kept(reward: Reward | None, sold: Sold) -> int:
    """What refunds leave of it, by the same arithmetic as in the books."""
    if reward is None:
        return 0
    if not sold.refunded:
        return reward.amount
    assert sold.facts is not None
    order_amount = sold.facts.amount
    parts = parts_of(
        reward.explanation, reward.terms, order_amount=order_amount, base=reward.base, amount=reward.amount
    )
    return remaining(parts, order_amount=order_amount, refunded=sold.refunded, by_line=sold.by_line)
