"""Trying a reward rule on history (SPEC A11): the same engine over recorded orders, old rules against proposed ones.

Orders are read in the order in which they were recorded, a piece at a time, and each is decided twice: by the rules of
its own time, and by the same with the proposed version in place of the rule it changes, as if it had been in force
since the first day of the period. Tiers and caps are counted in memory for each side by itself, from the partner's
first order on, because those before the period count too. What refunds left of an order is left of both rewards.

Nothing is written, so an interrupted comparison begins anew. What stays in memory is a row for each partner, month and
currency, and what tiers and caps count.

The rewards by the rules as they stand are held against what was booked. They differ only where somebody decided
otherwise, an order changed hands, or rules or groups were changed after the fact; each order says which.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Min, Model, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Least
from django.utils import timezone
from msgspec import Struct, convert, to_builtins

from commissions.models import CommissionStatus
from merchants.errors import Conflict, DomainError, NotFound
from merchants.ids import new_id
from merchants.models import Merchant
from rewards import engine
from rewards.checks import checked
from rewards.counting import Counts, keys_for, month_of
from rewards.details import PLAIN, Details
from rewards.engine import LEVELS, NOTHING_YET, OrderFacts, OrderLine, Reward, Rules, Terms
from rewards.terms import Owner, versions_of
from rewards.trial import Trial

M = TypeVar("M", bound=Model)

#: Orders of one piece: well below a second of work.
PIECE = 2_000


class Proposal(Struct, frozen=True, forbid_unknown_fields=True):
    """A version of a rule that nobody has set yet, and the period it is tried on. A job's parameters."""

    level: Literal["program", "group", "partner"]
    owner: UUID
    since: datetime
    until: datetime
    """The first moment after the period."""
    kind: Literal["percentage", "fixed"]
    percent: Decimal | None = None
    amount: int | None = None
    currency: str = ""
    excludes: tuple[str, ...] = ()
    details: Details = PLAIN
    rule: UUID | None = None
    """The chain it changes; None is the owner's basic rule, unless it `adds`."""
    adds: bool = False
    """It is another rule beside those there are."""
    changes: int = 0
    """The newest version of the rule when it was proposed: publishing on top of a newer one would undo that one."""
    effective_from: datetime | None = None
    """When it would take effect; None: when it is published."""

    def whose(self, merchant: Merchant) -> Owner:
        """The program, group or partner that it is for. NotFound when it is there no more."""
        rows: dict[str, Any] = {
            "program": merchant.programs, "group": merchant.groups, "partner": merchant.partners,
        }  # fmt: skip
        owner: Owner | None = rows[self.level].filter(id=self.owner).first()
        if owner is None:
            raise NotFound(f"There is no such {self.level} any more.", field="owner")
        return owner

    def terms(self) -> Terms:
        """As the engine takes it."""
        return Terms(
            id=new_id(),
            level=self.level,
            number=self.changes + 1,
            effective_from=self.effective_from or timezone.now(),
            kind=self.kind,
            percent=self.percent,
            amount=self.amount,
            currency=self.currency,
            excludes=self.excludes,
            rule=new_id() if self.adds else self.rule,
            details=self.details,
        )


def propose(
    owner: Owner,
    *,
    since: datetime,
    until: datetime,
    kind: str,
    percent: Decimal | str | int | None = None,
    amount: int | None = None,
    currency: str = "",
    excludes: Sequence[str] = (),
    details: Details = PLAIN,
    rule: UUID | None = None,
    adds: bool = False,
    effective_from: datetime | None = None,
) -> Proposal:
    """A proposal in normal form, checked as `rewards.terms` checks what is set.

    DomainError `backtest_only_sales` for a rule about leads or clicks, `backtest_period` for one that ends before it
    begins.
    """
    found = checked(kind=kind, percent=percent, amount=amount, currency=currency, excludes=excludes, details=details)
    if found.details.event != "sale":
        raise DomainError(
            "Only rules for sales can be tried on history: choose Sales, or set the rule as it is.",
            code="backtest_only_sales",
            field="event",
        )
    if since >= until:
        raise DomainError(
            "The period ends before it begins: give an earlier first day.", code="backtest_period", field="since"
        )
    newest = None if adds else versions_of(owner, rule).order_by("-number").first()
    said = {
        "level": owner._meta.model_name,
        "owner": owner.pk,
        "since": since,
        "until": until,
        "details": found.details,
    }
    chain = {"rule": rule, "adds": adds, "changes": newest.number if newest else 0, "effective_from": effective_from}
    return convert(said | chain | found.columns | {"excludes": tuple(found.columns["excludes"])}, Proposal)


def refuse_outdated(owner: Owner, proposal: Proposal) -> None:
    """Conflict `rule_changed_since` when the rule has a version that the proposal did not know."""
    newest = None if proposal.adds else versions_of(owner, proposal.rule).order_by("-number").first()
    if newest is not None and newest.number != proposal.changes:
        raise Conflict(
            "This rule was changed after it was tried: open it again and try your change on history once more.",
            code="rule_changed_since",
        )


def as_parameters(proposal: Proposal) -> dict[str, Any]:
    """As JSON."""
    return to_builtins(proposal)  # type: ignore[no-any-return]


def proposal_from(parameters: Mapping[str, Any]) -> Proposal:
    """What `as_parameters` wrote."""
    return convert(parameters, Proposal, strict=False)


@dataclass(slots=True)
class Sum:
    """Orders and what they earn, in minor units of one currency, after refunds."""

    orders: int = 0
    stands: int = 0
    proposed: int = 0

    @property
    def difference(self) -> int:
        """What the proposal pays more, or less."""
        return self.proposed - self.stands

    def add(self, orders: int, stands: int, proposed: int) -> None:
        """Some more of them."""
        self.orders += orders
        self.stands += stands
        self.proposed += proposed


class Cell(NamedTuple):
    """What is summed apart."""

    partner_id: UUID
    month: str
    currency: str


#: Why an order is booked otherwise than the rules as they stand say, in the order in which the reasons are looked for.
REASONS = {
    "moved": "went to another partner after they were recorded",
    "by_hand": "were rejected or adjusted by hand",
    "rules": "were decided by other rules: a rule, or the partner's group, was changed after the fact",
    "counted": "were counted otherwise for tiers or caps, after changes by hand or of groups",
}


@dataclass(slots=True)
class Comparison:
    """What came of it."""

    cells: dict[Cell, Sum] = field(default_factory=dict)
    partners: dict[UUID, "Whose"] = field(default_factory=dict)
    booked: Counter[str] = field(default_factory=Counter)
    """By currency: what was booked for the same orders, as it is now."""
    same: int = 0
    """Orders booked to the cent as the rules that stand say."""
    differ: Counter[str] = field(default_factory=Counter)
    """The others, by REASONS."""

    def by(self, what: str) -> dict[tuple[Any, str], Sum]:
        """Sums by `partner_id`, `month` or `group_id` and currency."""
        sums: dict[tuple[Any, str], Sum] = {}
        for cell, each in self.cells.items():
            key = self.partners[cell.partner_id].group_id if what == "group_id" else getattr(cell, what)
            sums.setdefault((key, cell.currency), Sum()).add(each.orders, each.stands, each.proposed)
        return sums

    def totals(self) -> dict[str, Sum]:
        """Sums by currency."""
        sums: dict[str, Sum] = {}
        for cell, each in sorted(self.cells.items(), key=lambda pair: pair[0].currency):
            sums.setdefault(cell.currency, Sum()).add(each.orders, each.stands, each.proposed)
        return sums


class Whose(NamedTuple):
    """A partner, as far as rules and tables need them."""

    name: str
    group_id: UUID | None
    program_id: UUID


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
    orders = merchant.orders.filter(**replay.whose)
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
        self.levels: dict[UUID, dict[str, Rules]] = {}
        """By partner."""
        self.counts = Counts()

    def decide(self, row: _Row, facts: OrderFacts, zone: ZoneInfo) -> Reward | None:
        """What the order earns, and count it."""
        levels = self.levels[row.partner_id]
        keys = keys_for(levels.values(), row.partner_id, row.customer_id, row.placed_at, zone)
        standing = self.counts.standing(keys, row.currency) if keys else NOTHING_YET
        reward = engine.decide(facts, levels, standing=standing)
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
        self.comparison = Comparison()
        owner, terms = proposal.whose(merchant), proposal.terms()
        self.whose = {
            "program": {"partner__program_id": owner.pk}, "group": {"partner__group_id": owner.pk},
            "partner": {"partner_id": owner.pk},
        }[proposal.level]  # fmt: skip
        self._terms = terms
        versions: dict[UUID, list[Terms]] = {}
        for version in merchant.reward_versions.filter(partner=None):
            target = version.group_id or version.program_id
            assert target is not None
            versions.setdefault(target, []).append(version.terms())
        self._shared = {target: Rules(found) for target, found in versions.items()}
        self._trial = Trial(self._versions(owner), terms, since=proposal.since)
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
        earned = self._merchant.commissions.filter(order=None, level=0, reward_version__isnull=False, **self.whose)
        columns = ("id", "partner_id", "customer_id", "occurred_at", "currency", "amount")
        return _within(earned, last, end).order_by("-id").values_list(*columns)

    def _count_beside(
        self, partner_id: UUID, customer_id: UUID | None, at: datetime, currency: str, amount: int
    ) -> None:
        for side in (self._stands, self._proposed):
            keys = keys_for(side.levels[partner_id].values(), partner_id, customer_id, at, self._zone)
            side.counts.add(keys, currency, earned=amount)

    def _learn(self, partner_ids: set[UUID]) -> None:
        """Who these partners are, and their rules."""
        missing = partner_ids - self.comparison.partners.keys()
        if not missing:
            return
        own: dict[UUID, list[Terms]] = {}
        for version in self._merchant.reward_versions.filter(partner_id__in=missing):
            assert version.partner_id is not None
            own.setdefault(version.partner_id, []).append(version.terms())
        partners = self._merchant.partners.filter(id__in=missing)
        for id, name, group_id, program_id in partners.values_list("id", "name", "group_id", "program_id"):
            self.comparison.partners[id] = Whose(name, group_id, program_id)
            targets = {
                "partner": Rules(own[id]) if id in own else None,
                "group": self._shared.get(group_id) if group_id else None,
                "program": self._shared.get(program_id),
            }
            levels = {level: targets[level] for level in LEVELS if targets[level] is not None}
            self._stands.levels[id] = levels  # type: ignore[assignment] # without those that are None
            self._proposed.levels[id] = levels | {self._proposal.level: self._trial}  # type: ignore[assignment]

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
        facts = row.facts(self._zone)
        stands = self._stands.decide(row, facts, self._zone)
        proposed = self._proposed.decide(row, facts, self._zone)
        is_shown = self._proposal.since <= row.placed_at < self._proposal.until
        if not is_shown:
            return
        was, will = _kept(stands, row, by_line), _kept(proposed, row, by_line)
        cell = Cell(row.partner_id, month_of(row.placed_at, self._zone), row.currency)
        self.comparison.cells.setdefault(cell, Sum()).add(1, was, will)
        worth = sum(each.worth for each in booked)
        self.comparison.booked[row.currency] += worth
        if worth == was:
            self.comparison.same += 1
        else:
            self.comparison.differ[_why(row, stands, booked)] += 1


def _kept(reward: Reward | None, row: _Row, by_line: Mapping[int, int]) -> int:
    """What refunds leave of it, by the same arithmetic as in the books."""
    if reward is None:
        return 0
    if not row.refunded:
        return reward.amount
    parts = engine.parts_of(
        reward.explanation, reward.terms, order_amount=row.amount, base=reward.base, amount=reward.amount
    )
    return engine.remaining(parts, order_amount=row.amount, refunded=row.refunded, by_line=by_line)


def _why(row: _Row, stands: Reward | None, booked: Sequence[_Booked]) -> str:
    """The first of REASONS that holds."""
    if any(each.moved or each.partner_id != row.partner_id for each in booked):
        return "moved"
    if any(each.by_hand for each in booked):
        return "by_hand"
    if {each.version_id for each in booked} != ({stands.terms.id} if stands else set()):
        return "rules"
    return "counted"
