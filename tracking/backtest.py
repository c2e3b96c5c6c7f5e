"""Trying a reward rule on history (SPEC A11): the same engine over recorded orders, old rules against proposed ones.

Orders are read in the order in which they were recorded, a piece at a time, and each is decided twice: by the rules of
its own time, and by the same with the proposed version in place of the rule it changes, as if it had been in force
since the first day of the period. Tiers and caps are counted in memory for each side by itself, from the partner's
first order on, because those before the period count too. What refunds left of an order is left of every reward.

Recruiters earn on what each side gives the partner who sold, so a rule for sales is tried with all that it costs. A
rule for recruiters is tried on what they earn alone: on orders, and on leads and clicks as these were booked.

Partners are as they were when the order was recorded, as they were for the ingest: their group, who had recruited them
and since when, and whether a recruiter was approved (`affiliates.past`). Who bought is told by addresses of today.

Nothing is written, so an interrupted comparison begins anew. What stays in memory is a row for each partner, month and
currency, who recruited whom, and what tiers and caps count.

What the rules as they stand give is held against what was booked (`tracking.booked`). They differ only where somebody
decided otherwise, an order changed hands, or a version was set for a time that had passed; each order says which.
"""

from collections.abc import Generator, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from django.db.models import F, Min, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Least

from affiliates.models import BY_HAND
from affiliates.past import Lines, Past, Then, formerly
from merchants.models import Merchant
from rewards.basket import OrderFacts, OrderLine
from rewards.counting import month_of
from rewards.rules import LEVELS, Rules, Terms
from rewards.terms import rules_of
from rewards.trial import Trial
from tracking.booked import Booked, Books, why_otherwise
from tracking.comparison import Comparison, Given, Whose
from tracking.configuration import Configuration, configuration
from tracking.proposals import Proposal
from tracking.shares import barred
from tracking.sides import Recruiter, Side, Sold

M = TypeVar("M", bound=Model)

#: Orders of one piece: well below a second of work.
PIECE = 2_000

#: How many orders are done, of how many; at the end the comparison.
Progress: TypeAlias = Generator[tuple[int, int], None, Comparison]

_COLUMNS = (
    "id", "partner_id", "customer_id", "email", "placed_at", "currency", "amount", "tax", "shipping", "discount",
    "refunded", "lines", "country", "is_first", "coupon_code", "metadata", "came_at",
    "attribution__via",
)  # fmt: skip


class _Order(NamedTuple):
    id: UUID
    partner_id: UUID
    customer_id: UUID | None
    email: str | None
    """The customer's."""
    at: datetime
    currency: str
    amount: int
    tax: int
    shipping: int
    discount: int
    refunded: int
    lines: list[dict[str, Any]]
    country: str
    is_first: bool
    coupon_code: str
    metadata: dict[str, Any]
    came_at: datetime | None
    via: str | None


class _Beside(NamedTuple):
    """What a lead or clicks earned, as it was booked."""

    id: UUID
    partner_id: UUID
    customer_id: UUID | None
    email: str | None
    at: datetime
    currency: str
    amount: int


def compare(merchant: Merchant, proposal: Proposal) -> Progress:
    """Run both sets of rules over the running tenant's orders. Between two steps the transaction may be another."""
    replay = _Replay(merchant, proposal)
    total, done, last = replay.orders.count() + replay.beside.count(), 0, None
    yield done, total
    while True:
        end = replay.end_of_piece(last)
        done += replay.piece(last, end)
        last = end
        yield done, max(done, total)
        if end is None:
            return replay.comparison


def _came_at(merchant: Merchant) -> Least:
    """When an order's customer first came to any partner, as the ingest knows it (`affiliates.belonging`)."""
    earlier = merchant.earlier_attributions.filter(customer=OuterRef("customer")).order_by().values("customer")
    return Least("customer__attribution__since", Subquery(earlier.annotate(first=Min("since")).values("first")))


def _within(rows: "QuerySet[M]", after: UUID | None, until: UUID | None) -> "QuerySet[M]":
    """Those with an id behind `after` and up to `until`; None is no bound."""
    rows = rows.filter(id__gt=after) if after else rows
    return rows.filter(id__lte=until) if until else rows


class _Person(NamedTuple):
    """A partner who sold or recruited, as they are today."""

    email: str
    program_id: UUID
    today: Then


class _Replay:
    """A comparison under way."""

    def __init__(self, merchant: Merchant, proposal: Proposal) -> None:
        self._merchant, self._proposal = merchant, proposal
        version = Merchant.objects.values_list("configuration_version", flat=True).get(id=merchant.id)
        self._configured: Configuration = configuration(version)
        self._zone = self._configured.zone
        self._owner = proposal.whose(merchant)
        versions = [each.terms() for each in rules_of(self._owner)]
        proposed = proposal.terms()
        self._trial = Trial(versions, proposed, since=proposal.since)
        events = {terms.details.event for terms in (*versions, proposed) if terms.rule == proposed.rule}
        self._is_for_sales, self._is_for_recruiters = "sale" in events, "recruit" in events
        self._past = Past(merchant)
        self._levels = max(self._configured.levels, proposed.details.levels)
        self._lines = Lines(merchant) if self._levels else None
        self._people: dict[UUID, _Person] = {}
        self._books = Books(merchant)
        self._stands, self._proposed = Side(self._zone), Side(self._zone)
        self.comparison = Comparison(shares_only=not self._is_for_sales)
        self._counts = self._counts_anything()
        self.orders, self.beside = self._to_read()

    def _counts_anything(self) -> bool:
        """Whether what was before the period changes anything, because a rule counts it."""
        own = self._merchant.reward_versions.filter(partner__isnull=False)
        if self._proposal.level == "partner" and not self._is_for_recruiters:
            own = own.filter(partner_id=self._owner.pk)
        every = [*self._configured.rewards.values(), self._trial, Rules([version.terms() for version in own])]
        return any(rules.counts_month or rules.counts_lifetime or rules.counts_customer for rules in every)

    def _to_read(self) -> tuple["QuerySet[Any]", "QuerySet[Any]"]:
        """Orders, and commissions for leads and clicks, that may be touched or counted."""
        whose, merchant = self._whose(), self._merchant
        orders = merchant.orders.filter(whose)
        beside = merchant.commissions.filter(whose, order=None, level=0, reward_version__isnull=False)
        if not self._counts:
            since, until = self._proposal.since, self._proposal.until
            orders = orders.filter(placed_at__gte=since, placed_at__lt=until)
            beside = beside.filter(occurred_at__gte=since, occurred_at__lt=until)
            if not self._is_for_recruiters:
                beside = beside.none()
        return orders, beside

    def _whose(self) -> Q:
        """Whose orders may be touched: a group's are also those of partners who have left it since."""
        owner, level = self._owner.pk, self._proposal.level
        mine = Q(partner_id=owner) if level == "partner" else Q(**{f"partner__{level}_id": owner})
        former: set[UUID] = set()
        if level == "group":
            former = {partner_id for partner_id, group_id in formerly(self._merchant, "group_id") if group_id == owner}
            mine |= Q(partner_id__in=former)
        if not self._is_for_recruiters:
            return mine
        assert self._lines is not None, "a rule for recruiters has levels"
        if level == "program":
            once = {partner_id for partner_id, _ in formerly(self._merchant, "recruiter_id")}
            theirs = Q(partner__recruiter__isnull=False) | Q(partner_id__in=once)
        else:
            recruiters = self._merchant.partners.filter(
                Q(id=owner) if level == "partner" else Q(group_id=owner) | Q(id__in=former)
            )
            theirs = Q(partner_id__in=self._lines.below(recruiters.values_list("id", flat=True), self._levels))
        return mine | theirs if self._is_for_sales else theirs

    def end_of_piece(self, last: UUID | None) -> UUID | None:
        """The id with which the next piece ends; None when it is the last one.

        Found in primary keys alone: with the joins and a limit in one query, every piece would sort all that is left.
        """
        ends = [_nth(self._merchant.orders(manager="with_deleted").all(), last)]
        if self._counts or self._is_for_recruiters:
            ends.append(_nth(self._merchant.commissions.filter(order=None, level=0), last))
        return min((end for end in ends if end is not None), default=None)

    def piece(self, last: UUID | None, end: UUID | None) -> int:
        """Decide what was sold between these ids, and how much it was."""
        emails = F("customer__email")
        orders = [
            _Order(*row)
            for row in _within(self.orders, last, end)
            .annotate(came_at=_came_at(self._merchant), email=emails)
            .order_by("id")
            .values_list(*_COLUMNS)
        ]
        columns = ("id", "partner_id", "customer_id", "email", "occurred_at", "currency", "amount")
        beside = [
            _Beside(*row)
            for row in _within(self.beside, last, end).annotate(email=emails).order_by("id").values_list(*columns)
        ]
        self._learn({row.partner_id for row in orders} | {row.partner_id for row in beside})
        booked = self._books.of_orders([row.id for row in orders])
        if self._is_for_recruiters:
            booked |= self._books.on([row.id for row in beside])
        given_back = self._given_back(orders)
        rows: list[_Order | _Beside] = sorted([*orders, *beside], key=lambda row: row.id)
        for row in rows:
            if isinstance(row, _Order):
                self._order(row, booked.get(row.id, []), given_back.get(row.id, {}))
            else:
                self._lead_or_clicks(row, booked.get(row.id, []))
        return len(orders) + len(beside)

    def _learn(self, partner_ids: set[UUID]) -> None:
        """Who these partners and those above them are, and what decides for them in each group that they were in."""
        everybody = self._lines.above(partner_ids, self._levels) if self._lines else partner_ids
        missing = everybody - self._people.keys()
        if not missing:
            return
        versions: dict[UUID, list[Terms]] = {}
        for version in self._merchant.reward_versions.filter(partner_id__in=missing):
            assert version.partner_id is not None
            versions.setdefault(version.partner_id, []).append(version.terms())
        rules = self._configured.rewards | {id: Rules(found) for id, found in versions.items()}
        columns = ("id", "name", "email", "program_id", *Then._fields)
        partners = list(self._merchant.partners.filter(id__in=missing).values_list(*columns))
        self._past.learn(missing)
        for id, name, email, program_id, *rest in partners:
            today = Then(*rest)
            self._people[id] = _Person(email, program_id, today)
            self.comparison.partners[id] = Whose(name, today.group_id, program_id)
            for group_id in self._past.groups(id, today.group_id):
                owners: dict[str, Any] = {"partner": id, "group": group_id, "program": program_id}
                levels = {level: rules[owners[level]] for level in LEVELS if owners[level] in rules}
                self._stands.learn(id, group_id, levels)
                trial = {self._proposal.level: self._trial} if self._is_owners(id, group_id) else {}
                self._proposed.learn(id, group_id, levels | trial)

    def _is_owners(self, partner_id: UUID, group_id: UUID | None) -> bool:
        """Whether the rules of the proposal's owner are asked for the partner while in the group."""
        owners = {"partner": partner_id, "group": group_id, "program": self._people[partner_id].program_id}
        return owners[self._proposal.level] == self._proposal.owner

    def _given_back(self, rows: Sequence[_Order]) -> dict[UUID, dict[int, int]]:
        """What was given back on which line, of the orders where anything was."""
        found: dict[UUID, dict[int, int]] = {}
        refunds = self._merchant.refunds.filter(order_id__in=[row.id for row in rows if row.refunded])
        for order_id, lines in refunds.values_list("order_id", "lines"):
            by_line = found.setdefault(order_id, {})
            for line in lines:
                by_line[line["line"]] = by_line.get(line["line"], 0) + line["amount"]
        return found

    def _order(self, row: _Order, booked: list[Booked], by_line: dict[int, int]) -> None:
        sold = self._sold(row)._replace(facts=self._facts(row), refunded=row.refunded, by_line=by_line)
        reward = self._stands.reward(sold)
        proposed = self._proposed.reward(sold) if self._is_for_sales else reward
        if self._is_shown(sold):
            stands, would = self._stands.given(sold, reward), self._proposed.given(sold, proposed)
            self._add(row.id, sold, stands, would, booked, given=row.via == BY_HAND)

    def _lead_or_clicks(self, row: _Beside, booked: list[Booked]) -> None:
        """What they earned counts on both sides as it was booked, for caps and for recruiters."""
        sold = self._sold(row)
        self._stands.count(sold, row.amount)
        if self._is_for_sales:
            self._proposed.count(sold, row.amount)
        if self._is_for_recruiters and self._is_shown(sold):
            stands, proposed = (
                side.shares(sold, row.amount, row.amount, room=None) for side in (self._stands, self._proposed)
            )
            self._add(row.id, sold, stands, proposed, booked)

    def _sold(self, row: _Order | _Beside) -> Sold:
        then = self._past.at(row.partner_id, row.id, self._people[row.partner_id].today)
        at = row.at.astimezone(self._zone)
        line = list(self._line(row, then, at)) if self._levels else ()
        return Sold(row.partner_id, then.group_id, row.customer_id, at, row.currency, line)

    def _line(self, row: _Order | _Beside, then: Then, at: datetime) -> Iterator[Recruiter]:
        """Who was above the partner when the row was recorded, as far up as any rule goes."""
        for _ in range(self._levels):
            recruiter_id, since = then.recruiter_id, then.recruited_at
            if recruiter_id is None or since is None:
                return
            if recruiter_id not in self._people:
                self._learn({recruiter_id})  # a recruiter since this began
            person = self._people[recruiter_id]
            then = self._past.at(recruiter_id, row.id, person.today)
            why = barred(then.status, person.email, (row.email,), self._configured.policy)
            yield Recruiter(recruiter_id, then.group_id, since.astimezone(self._zone), why)

    def _facts(self, row: _Order) -> OrderFacts:
        """As the engine takes it, and as the ingest gave it."""
        return OrderFacts(
            amount=row.amount,
            currency=row.currency,
            placed_at=row.at,
            tax=row.tax,
            shipping=row.shipping,
            discount=row.discount,
            lines=tuple([OrderLine(line["amount"], line["product_key"], line["category"]) for line in row.lines]),
            country=row.country,
            is_new=row.is_first if row.customer_id else None,
            first_at=row.came_at.astimezone(self._zone) if row.came_at else None,
            coupon=row.coupon_code,
            metadata=row.metadata,
        )

    def _is_shown(self, sold: Sold) -> bool:
        """Whether it is of the period, and the rule's owner has to do with it; the others only count."""
        if not self._proposal.since <= sold.at < self._proposal.until:
            return False
        if self._is_for_sales and self._is_owners(sold.partner_id, sold.group_id):
            return True
        return self._is_for_recruiters and any(self._is_owners(each.partner_id, each.group_id) for each in sold.line)

    def _add(
        self,
        id: UUID,
        sold: Sold,
        stands: list[Given],
        proposed: list[Given],
        booked: list[Booked],
        *,
        given: bool = False,
    ) -> None:
        """Sum it up, and hold what the rules that stand give against the books. `given` says by hand, and later."""
        comparison = self.comparison
        above = [each.partner_id for each in sold.line]
        why = why_otherwise(
            booked,
            stands,
            recorded=id,
            seller=sold.partner_id,
            above=above,
            given=given,
            shares_only=comparison.shares_only,
        )
        if comparison.shares_only:
            stands, proposed = ([each for each in side if each.level] for side in (stands, proposed))
            booked = [each for each in booked if each.level]
            has = {each.partner_id for side in (stands, proposed) for each in side}
            has |= {each.partner_id for each in booked}
            if not any(each.partner_id in has and self._is_owners(*each[:2]) for each in sold.line):
                return
        comparison.add(month_of(sold.at, self._zone), sold.currency, stands, proposed)
        comparison.booked[sold.currency] += sum(each.worth for each in booked)
        if why:
            comparison.differ[why] += 1
        else:
            comparison.same += 1


def _nth(rows: "QuerySet[Any]", last: UUID | None) -> UUID | None:
    """The id with which a piece of these would end; None when there are fewer."""
    return next(iter(_within(rows, last, None).order_by("id").values_list("id", flat=True)[PIECE - 1 : PIECE]), None)
