"""Trying a reward rule on history (SPEC A11): the same engine over recorded orders, old rules against proposed ones.

Orders are read in the order in which they were recorded, a piece at a time, and each is decided twice: by the rules of
its own time, and by the same with the proposed version in place of the rule it changes, as if it had been in force
since the first day of the period. Tiers and caps are counted in memory for each side by itself, from the partner's
first order on, because those before the period count too. What refunds left of an order is left of both rewards.
A partner's group is the one they were in when the order was recorded, as it was for the ingest.

Nothing is written, so an interrupted comparison begins anew. What stays in memory is a row for each partner, month and
currency, and what tiers and caps count.

The rewards by the rules as they stand are held against what was booked. They differ only where somebody decided
otherwise, an order changed hands, or a version was set for a time that had passed; each order says which.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Min, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Least

from affiliates.memberships import Memberships
from commissions.models import CommissionStatus
from merchants.models import Merchant
from rewards import engine
from rewards.basket import OrderFacts, OrderLine
from rewards.conditions import NOTHING_YET
from rewards.counting import Counts, keys_for, month_of
from rewards.engine import Reward
from rewards.keeping import parts_of, remaining
from rewards.rules import LEVELS, Rules, Terms
from rewards.terms import Owner
from rewards.trial import Trial
from tracking.comparison import Cell, Comparison, Sum, Whose
from tracking.proposals import Proposal

M = TypeVar("M", bound=Model)

#: Orders of one piece: well below a second of work.
PIECE = 2_000

#: How many orders are done, of how many; at the end the comparison.
Progress: TypeAlias = Generator[tuple[int, int], None, Comparison]

_COLUMNS = (
    "id", "partner_id", "customer_id", "amount", "currency", "tax", "shipping", "discount", "refunded", "lines",
    "country", "is_first", "coupon_code", "metadata", "placed_at", "came_at",
)  # fmt: skip


class _Row(NamedTuple):
    id: UUID
    partner_id: UUID
    customer_id: UUID | None
    amount: int
    currency: str
    tax: int
    shipping: int
    discount: int
    refunded: int
    lines: list[dict[str, Any]]
    country: str
    is_first: bool
    coupon_code: str
    metadata: dict[str, Any]
    placed_at: datetime
    came_at: datetime | None

    def facts(self, zone: ZoneInfo) -> OrderFacts:
        """As the engine takes it, and as the ingest gave it."""
        return OrderFacts(
            amount=self.amount,
            currency=self.currency,
            placed_at=self.placed_at,
            tax=self.tax,
            shipping=self.shipping,
            discount=self.discount,
            lines=tuple([OrderLine(line["amount"], line["product_key"], line["category"]) for line in self.lines]),
            country=self.country,
            is_new=self.is_first if self.customer_id else None,
            first_at=self.came_at.astimezone(zone) if self.came_at else None,
            coupon=self.coupon_code,
            metadata=self.metadata,
        )


class _Booked(NamedTuple):
    """What stands in the books for an order."""

    partner_id: UUID
    version_id: UUID | None
    worth: int
    by_hand: bool
    moved: bool


def compare(merchant: Merchant, proposal: Proposal) -> Progress:
    """Run both sets of rules over the running tenant's orders. Between two steps the transaction may be another."""
    replay = _Replay(merchant, proposal)
    orders = merchant.orders.filter(replay.whose)
    if not replay.counts_anything:
        # Then what was before the period changes nothing.
        orders = orders.filter(placed_at__gte=proposal.since, placed_at__lt=proposal.until)
    orders = orders.annotate(came_at=_came_at(merchant)).order_by("id")
    total, done, last = orders.order_by().count(), 0, None
    yield done, total
    while True:
        end = _end_of_piece(merchant, last)
        piece = [_Row(*row) for row in _within(orders, last, end).values_list(*_COLUMNS)]
        replay.piece(piece, last, end)
        done, last = done + len(piece), end
        yield done, max(done, total)
        if end is None:
            return replay.comparison


def _came_at(merchant: Merchant) -> Least:
    """When an order's customer first came to any partner, as the ingest knows it (`affiliates.belonging`)."""
    earlier = merchant.earlier_attributions.filter(customer=OuterRef("customer")).order_by().values("customer")
    return Least("customer__attribution__since", Subquery(earlier.annotate(first=Min("since")).values("first")))


def _end_of_piece(merchant: Merchant, last: UUID | None) -> UUID | None:
    """The id with which the next piece ends; None when it is the last one.

    Found in the primary key alone: with the joins and a limit in one query, every piece would sort all that is left.
    """
    ids = _within(merchant.orders(manager="with_deleted").all(), last, None).order_by("id")
    return next(iter(ids.values_list("id", flat=True)[PIECE - 1 : PIECE]), None)


def _within(rows: "QuerySet[M]", after: UUID | None, until: UUID | None) -> "QuerySet[M]":
    """Those with an id behind `after` and up to `until`; None is no bound."""
    rows = rows.filter(id__gt=after) if after else rows
    return rows.filter(id__lte=until) if until else rows


class _Side:
    """One set of rules, with what it has counted."""

    def __init__(self) -> None:
        self.levels: dict[tuple[UUID, UUID | None], dict[str, Rules]] = {}
        """By partner and group."""
        self.asked: dict[UUID, list[Rules]] = {}
        """By partner, in whatever group: what any of them counts is counted throughout, or there would be holes."""
        self.counts = Counts()

    def learn(self, partner_id: UUID, group_id: UUID | None, levels: dict[str, Rules]) -> None:
        """What decides for the partner while in the group."""
        self.levels[partner_id, group_id] = levels
        self.asked.setdefault(partner_id, []).extend(levels.values())

    def decide(self, row: _Row, group_id: UUID | None, facts: OrderFacts, zone: ZoneInfo) -> Reward | None:
        """What the order earns, and count it."""
        keys = keys_for(self.asked[row.partner_id], row.partner_id, row.customer_id, row.placed_at, zone)
        standing = self.counts.standing(keys, row.currency) if keys else NOTHING_YET
        reward = engine.decide(facts, self.levels[row.partner_id, group_id], standing=standing)
        if not isinstance(reward, Reward):
            return None
        self.counts.add(keys, row.currency, earned=reward.amount, revenue=row.amount)
        return reward


class _Replay:
    """A comparison under way."""

    def __init__(self, merchant: Merchant, proposal: Proposal) -> None:
        self._merchant, self._proposal = merchant, proposal
        self._zone = ZoneInfo(merchant.time_zone)
        self._stands, self._proposed = _Side(), _Side()
        self._memberships = Memberships(merchant)
        self.comparison = Comparison()
        owner = proposal.whose(merchant)
        self.whose = self._partners_of(owner)
        versions: dict[UUID, list[Terms]] = {}
        for version in merchant.reward_versions.filter(partner=None):
            target = version.group_id or version.program_id
            assert target is not None
            versions.setdefault(target, []).append(version.terms())
        self._shared = {target: Rules(found) for target, found in versions.items()}
        self._trial = Trial(self._versions(owner), proposal.terms(), since=proposal.since)
        own = merchant.reward_versions.filter(partner__isnull=False)
        if proposal.level == "partner":
            own = own.filter(partner_id=owner.pk)
        every = [*self._shared.values(), self._trial, Rules([version.terms() for version in own])]
        self.counts_anything = any(
            rules.counts_month or rules.counts_lifetime or rules.counts_customer for rules in every
        )
        manual = merchant.commissions.filter(order=None, reward_version=None).annotate(of=KT("explanation__adjusts"))
        self._adjusted: Counter[str] = Counter()
        for of, amount, taken in manual.filter(of__isnull=False).values_list("of", "amount", "reversed"):
            self._adjusted[of] += amount - taken

    def _partners_of(self, owner: Owner) -> Q:
        """Whose orders may be touched: a group's are also those of partners who have left it since."""
        if self._proposal.level == "partner":
            return Q(partner_id=owner.pk)
        if self._proposal.level == "program":
            return Q(partner__program_id=owner.pk)
        return Q(partner__group_id=owner.pk) | Q(partner_id__in=list(self._memberships.former(owner.pk)))

    def _versions(self, owner: Owner) -> list[Terms]:
        return [version.terms() for version in self._merchant.reward_versions.filter(**{self._proposal.level: owner})]

    def piece(self, rows: Sequence[_Row], last: UUID | None, end: UUID | None) -> None:
        """Decide these orders, and count what leads and clicks earned meanwhile."""
        beside = list(self._beside(last, end)) if self.counts_anything else []
        self._learn({row.partner_id for row in rows} | {partner_id for _, partner_id, *_ in beside})
        booked, given_back = self._booked(rows), self._given_back(rows)
        for row in rows:
            while beside and beside[-1][0] < row.id:
                self._count_beside(*beside.pop()[1:])
            self._order(row, booked.get(row.id, []), given_back.get(row.id, {}))
        while beside:
            self._count_beside(*beside.pop()[1:])

    def _beside(self, last: UUID | None, end: UUID | None) -> Iterable[tuple[Any, ...]]:
        """What leads and clicks earned meanwhile, the newest first."""
        earned = self._merchant.commissions.filter(self.whose, order=None, level=0, reward_version__isnull=False)
        columns = ("id", "partner_id", "customer_id", "occurred_at", "currency", "amount")
        return _within(earned, last, end).order_by("-id").values_list(*columns)

    def _count_beside(
        self, partner_id: UUID, customer_id: UUID | None, at: datetime, currency: str, amount: int
    ) -> None:
        for side in (self._stands, self._proposed):
            keys = keys_for(side.asked[partner_id], partner_id, customer_id, at, self._zone)
            side.counts.add(keys, currency, earned=amount)

    def _learn(self, partner_ids: set[UUID]) -> None:
        """Who these partners are, and what decides for them in each group that they were in."""
        missing = partner_ids - self.comparison.partners.keys()
        if not missing:
            return
        versions: dict[UUID, list[Terms]] = {}
        for version in self._merchant.reward_versions.filter(partner_id__in=missing):
            assert version.partner_id is not None
            versions.setdefault(version.partner_id, []).append(version.terms())
        rules = self._shared | {id: Rules(found) for id, found in versions.items()}
        partners = self._merchant.partners.filter(id__in=missing)
        for id, name, today, program_id in partners.values_list("id", "name", "group_id", "program_id"):
            self.comparison.partners[id] = Whose(name, today, program_id)
            for group_id in self._memberships.of(id, today):
                owners: dict[str, Any] = {"partner": id, "group": group_id, "program": program_id}
                levels = {level: rules[owners[level]] for level in LEVELS if owners[level] in rules}
                self._stands.learn(id, group_id, levels)
                is_touched = owners[self._proposal.level] == self._proposal.owner
                trial = {self._proposal.level: self._trial} if is_touched else {}
                self._proposed.learn(id, group_id, levels | trial)

    def _booked(self, rows: Sequence[_Row]) -> dict[UUID, list[_Booked]]:
        found: dict[UUID, list[_Booked]] = {}
        columns = ("order_id", "id", "partner_id", "reward_version_id", "amount", "reversed", "status", "moved")
        commissions = self._merchant.commissions.filter(order_id__in=[row.id for row in rows], level=0)
        for order_id, id, partner_id, version_id, amount, taken, status, moved in commissions.values_list(*columns):
            adjusted = str(id) in self._adjusted
            by_hand = adjusted or status == CommissionStatus.REJECTED
            worth = amount - taken + self._adjusted[str(id)] if adjusted else amount - taken
            found.setdefault(order_id, []).append(_Booked(partner_id, version_id, worth, by_hand, bool(moved)))
        return found

    def _given_back(self, rows: Sequence[_Row]) -> dict[UUID, dict[int, int]]:
        """What was given back on which line, of the orders where anything was."""
        found: dict[UUID, dict[int, int]] = {}
        refunds = self._merchant.refunds.filter(order_id__in=[row.id for row in rows if row.refunded])
        for order_id, lines in refunds.values_list("order_id", "lines"):
            by_line = found.setdefault(order_id, {})
            for line in lines:
                by_line[line["line"]] = by_line.get(line["line"], 0) + line["amount"]
        return found

    def _order(self, row: _Row, booked: list[_Booked], by_line: dict[int, int]) -> None:
        today = self.comparison.partners[row.partner_id].group_id
        group_id, facts = self._memberships.at(row.partner_id, row.id, today), row.facts(self._zone)
        stands = self._stands.decide(row, group_id, facts, self._zone)
        proposed = self._proposed.decide(row, group_id, facts, self._zone)
        if not self._is_shown(row, group_id):
            return
        was, will = _kept(stands, row, by_line), _kept(proposed, row, by_line)
        cell = Cell(row.partner_id, month_of(row.placed_at, self._zone), row.currency, group_id)
        self.comparison.cells.setdefault(cell, Sum()).add(1, was, will)
        worth = sum(each.worth for each in booked)
        self.comparison.booked[row.currency] += worth
        if worth == was:
            self.comparison.same += 1
        else:
            self.comparison.differ[_why(row, stands, booked)] += 1

    def _is_shown(self, row: _Row, group_id: UUID | None) -> bool:
        """Whether it is of the period, and of the group when the rule is a group's; the others only count."""
        proposal = self._proposal
        is_theirs = proposal.level != "group" or group_id == proposal.owner
        return is_theirs and proposal.since <= row.placed_at < proposal.until


def _kept(reward: Reward | None, row: _Row, by_line: Mapping[int, int]) -> int:
    """What refunds leave of it, by the same arithmetic as in the books."""
    if reward is None:
        return 0
    if not row.refunded:
        return reward.amount
    parts = parts_of(reward.explanation, reward.terms, order_amount=row.amount, base=reward.base, amount=reward.amount)
    return remaining(parts, order_amount=row.amount, refunded=row.refunded, by_line=by_line)


def _why(row: _Row, stands: Reward | None, booked: Sequence[_Booked]) -> str:
    """The first of REASONS that holds."""
    if any(each.moved or each.partner_id != row.partner_id for each in booked):
        return "moved"
    if any(each.by_hand for each in booked):
        return "by_hand"
    if {each.version_id for each in booked} != ({stands.terms.id} if stands else set()):
        return "rules"
    return "counted"
