"""The reward engine: pure, exact, explained. No ORM, no clock, no I/O.

It is given the facts of an event, the rules that may apply and where the partner stands, and says what the partner
earns and how it came to that. The same function prices an order, a form that tries rules out and a backtest, and what
it wrote down prices what is left after a refund; so they cannot disagree.

Which rule decides. A rule is a chain of versions; the latest that had taken effect at the time of the order counts.
Rules are asked in one order (`precedence`): the partner's before the group's before the program's; at one level the one
with more conditions first; then the newest, by its moment, its number and at last its id, so that no two are equal.

* A rule that looks at no lines decides all that is still open of the order, and the asking ends.
* A rule that looks at lines (product keys, categories, an amount for each line) decides the lines that match; the
  others go on to the next rule, also of the next level: "20 % on books" above "10 %" pays 20 % on books and 10 % on the
  rest. When every line is decided the asking ends: money that stands in no line earns only beside an open line.

What it pays is worked out for each part by itself: the tier's rate, of the base, at least the minimum, at most the
maximum, never more than the base, rounded half up once, and then no more than its caps have room for. Tiers and caps
look at a `Standing`: what had been counted when the event came. The Nth order is the one with N - 1 before it; an
amount of revenue is reached when it stood before the order, so no order raises its own rate.

A refund takes back in proportion (`remaining`). What minimum, maximum, tier and caps made of a part at the sale stays
as it was decided; the part shrinks with what is left of the money it was computed on.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from merchants.money import display, percentage_of, round_half_up
from rewards.basket import Basket, OrderFacts, OrderLine, base_of
from rewards.details import PLAIN, Details

__all__ = [
    "LEVELS", "NOTHING_YET", "OrderFacts", "OrderLine", "Part", "Reward", "Rules", "Standing", "Terms", "base_of",
    "decide", "exact_decimal", "in_force", "months_after", "parts_of", "plain", "precedence", "remaining",
]  # fmt: skip

#: Rules that did not match, of which an explanation says why each; of those beyond it says how many there were.
MOST_EXPLAINED = 12

#: From the partner outwards (SPEC A8: always in that order).
LEVELS = ("partner", "group", "program")


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of a rule as the engine sees it."""

    id: UUID
    level: str
    number: int
    effective_from: datetime
    kind: str
    """percentage or fixed."""
    percent: Decimal | None = None
    amount: int | None = None
    currency: str = ""
    """Of every amount that the rule names; empty when it names none, and then it decides orders in any."""
    excludes: tuple[str, ...] = ()
    ended: bool = False
    rule: UUID | None = None
    """The chain it is a version of; None is the owner's basic rule."""
    details: Details = PLAIN


@dataclass(frozen=True, slots=True)
class Standing:
    """What had been counted when an event came; amounts in minor units of the event's currency."""

    month_orders: int = 0
    month_revenue: int = 0
    month_earned: int = 0
    orders: int = 0
    revenue: int = 0
    customer_orders: int = 0
    """Orders of this customer that earned for this partner."""
    customer_earned: int = 0


NOTHING_YET = Standing()


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule made of its part of an order."""

    terms: Terms
    lines: tuple[int, ...] | None
    """Positions in the order's lines; None is the whole order."""
    gross: int
    base: int
    exact: Decimal
    """Before rounding; after rate, minimum, maximum and caps."""
    amount: int
    working: str
    rate: "Rate"
    limits: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the terms and the base alone say it all."""
        return self.lines is None and self.rate.tier is None and not self.limits

    def shown(self) -> dict[str, Any]:
        """As an explanation keeps it, and `parts_of` reads it."""
        shown: dict[str, Any] = self.rate.shown(self.terms) | {
            "version_id": str(self.terms.id), "lines": self.lines, "gross": self.gross, "base": self.base,
            "exact": format(self.exact, "f"), "gives": self.amount, "working": self.working,
        }  # fmt: skip
        if self.terms.excludes:
            shown["excludes"] = self.terms.excludes
        if self.rate.tier is not None:
            shown["tier"] = self.rate.tier
        return shown | ({"limits": self.limits} if self.limits else {})


@dataclass(frozen=True, slots=True)
class Reward:
    """What the rules give for an order: `amount` minor units computed on `base`, and the working."""

    terms: Terms
    """The first that decided anything; the explanation names the others."""
    base: int
    amount: int
    explanation: dict[str, Any]
    parts: tuple[Part, ...] = ()


class Rules:
    """All versions of the rules of one owner, ready to be asked what is in force."""

    def __init__(self, versions: Sequence[Terms]) -> None:
        self.versions = tuple(versions)
        # Of any version ever: counting that has begun does not stop, or the counts would have holes.
        self.counts_month = any(terms.details.counts_month for terms in versions)
        self.counts_lifetime = any(terms.details.counts_lifetime for terms in versions)
        self.counts_customer = any(terms.details.counts_customer for terms in versions)
        self._settled_at = max((terms.effective_from for terms in versions), default=None)
        self._settled: dict[str, tuple[Terms, ...]] = {}

    def in_force(self, at: datetime, event: str = "sale") -> tuple[Terms, ...]:
        """The rules for such an event in force `at` that moment, in the order in which they are asked."""
        if self._settled_at is None:
            return ()
        if at < self._settled_at:
            return self._at(at, event)
        if event not in self._settled:
            self._settled[event] = self._at(at, event)
        return self._settled[event]

    def _at(self, at: datetime, event: str) -> tuple[Terms, ...]:
        chains: dict[UUID | None, list[Terms]] = {}
        for terms in self.versions:
            chains.setdefault(terms.rule, []).append(terms)
        running = (in_force(chain, at) for chain in chains.values())
        found = [terms for terms in running if terms is not None and terms.details.event == event]
        return tuple(found if len(found) < 2 else sorted(found, key=precedence))


_NO_RULES = Rules(())


def in_force(versions: Sequence[Terms], at: datetime) -> Terms | None:
    """The latest version of one rule that had taken effect `at` that moment; None when there is none or it ended."""
    effective = [terms for terms in versions if terms.effective_from <= at]
    latest = max(effective, key=lambda terms: (terms.effective_from, terms.number), default=None)
    return None if latest is None or latest.ended else latest


def precedence(terms: Terms) -> tuple[Any, ...]:
    """What rules are sorted by: the first that matches decides."""
    since = terms.effective_from.timestamp()
    return LEVELS.index(terms.level), -terms.details.conditions, -since, -terms.number, -terms.id.int


def decide(
    order: OrderFacts,
    by_level: Mapping[str, Rules],
    *,
    standing: Standing = NOTHING_YET,
    event: str = "sale",
    look_on: bool = False,
) -> Reward | dict[str, Any]:
    """The reward of an event, or, when no rule decides anything of it, the explanation alone.

    `by_level` holds all rules of the partner, their group and the program. With `look_on` the explanation also says
    what became of the rules after the one that ended the asking, for whoever wants to know why they lost.
    """
    decision = _Decision(order, standing, event, look_on)
    for level in LEVELS:
        rules = by_level.get(level, _NO_RULES).in_force(order.placed_at, event)
        if not rules and not decision.is_over:
            decision.tried.append({"level": level, "outcome": "no terms in force"})
        for terms in rules:
            if not decision.is_over:
                decision.ask(terms)
            elif look_on:
                decision.pass_over(terms)
        if decision.is_over and not look_on:
            break
    return decision.result()


@dataclass(slots=True)
class _Decision:
    """One event being decided."""

    order: OrderFacts
    standing: Standing
    event: str
    in_full: bool = False
    """Whether all rules are explained, however many there are."""
    tried: list[dict[str, Any]] = field(default_factory=list)
    unmet: int = 0
    parts: list[Part] = field(default_factory=list)
    is_over: bool = False
    foreign: bool = False
    """Whether a rule was left out because of its currency."""
    basket: Basket | None = None

    def ask(self, terms: Terms) -> None:
        """Let a rule decide what it may of what is open."""
        unmet = _unmet(terms, self.order, self.standing)
        if unmet:
            self.foreign = self.foreign or (bool(terms.currency) and terms.currency != self.order.currency)
            self.unmet += 1
            if self.in_full or self.unmet <= MOST_EXPLAINED:
                self._tried(terms, unmet)
        elif terms.details.narrows_lines:
            self._decide_lines(terms)
        else:
            self._decide_all(terms)

    def pass_over(self, terms: Terms) -> None:
        """Say why a rule that was not asked lost."""
        unmet = _unmet(terms, self.order, self.standing)
        self._tried(terms, unmet or "would match, but everything was decided before it")

    def _tried(self, terms: Terms, outcome: str) -> None:
        entry: dict[str, Any] = {"level": terms.level, "version": terms.number, "outcome": outcome}
        if terms.details.name:
            entry["name"] = terms.details.name
        self.tried.append(entry)

    def _decide_all(self, terms: Terms) -> None:
        basket = self.basket
        if basket is None:
            lines, gross, base = None, self.order.amount, base_of(self.order, terms.excludes)
        else:
            bases, rest = basket.bases(terms.excludes)
            lines = tuple(basket.open)
            gross = sum(basket.amounts[line] for line in lines) + basket.rest
            base = sum(bases[line] for line in lines) + rest
        self._tried(terms, "applies" if lines is None else "applies to the rest of the order")
        self._price(terms, lines, gross, base)
        self.is_over = True

    def _decide_lines(self, terms: Terms) -> None:
        basket = self.basket or Basket(self.order)
        details = terms.details
        matching = [
            at
            for at in basket.open
            if (not details.product_keys or self.order.lines[at].product_key in details.product_keys)
            and (not details.categories or self.order.lines[at].category in details.categories)
        ]
        if not matching:
            self._tried(terms, "no line of the order matches" if self.order.lines else "the order names no lines")
            return
        self.basket = basket
        self._tried(terms, "applies to " + _lines_named(matching))
        bases, _ = basket.bases(terms.excludes)
        for lines in [(at,) for at in matching] if details.per_line else [tuple(matching)]:
            gross, base = (sum(of[at] for at in lines) for of in (basket.amounts, bases))
            self._price(terms, lines, gross, base)
        basket.take(matching)
        self.is_over = not basket.open

    def _price(self, terms: Terms, lines: tuple[int, ...] | None, gross: int, base: int) -> None:
        rate = Rate.of(terms, self.standing)
        exact = rate.of_base(base)
        wanted = exact
        limits: list[str] = []
        exact = _bounded(exact, terms, base if self.event == "sale" else None, limits)
        amount = round_half_up(exact)
        room = self._room(terms)
        for said, left in room:
            if amount > left:
                limits.append(said)
                amount, exact = left, Fraction(left)
        self.parts.append(
            Part(
                terms=terms,
                lines=lines,
                gross=gross,
                base=base,
                exact=exact_decimal(exact),
                amount=amount,
                working=_working(rate, base, self.order.currency, wanted, amount, limits, self._each(terms)),
                rate=rate,
                limits=tuple(limits),
            )
        )

    def _each(self, terms: Terms) -> str:
        """What a fixed amount is for."""
        return "line" if terms.details.per_line else "order" if self.event == "sale" else self.event

    def _room(self, terms: Terms) -> Iterator[tuple[str, int]]:
        """What each cap of the rule still has room for, with the sentence to say when it cuts."""
        details, currency = terms.details, self.order.currency
        if details.cap_order is not None:
            before = sum(part.amount for part in self.parts if part.terms is terms)
            yield f"at most {display(details.cap_order, currency)} an order", max(details.cap_order - before, 0)
        earned = sum(part.amount for part in self.parts)
        for what, cap, before in (
            ("with a customer", details.cap_customer, self.standing.customer_earned),
            ("in a month", details.cap_month, self.standing.month_earned),
        ):
            if cap is not None:
                said = f"at most {display(cap, currency)} {what}, {display(before, currency)} earned before"
                yield said, max(cap - before - earned, 0)

    def result(self) -> Reward | dict[str, Any]:
        """What came of it."""
        if self.unmet > MOST_EXPLAINED and not self.in_full:
            more = self.unmet - MOST_EXPLAINED
            self.tried.append({"level": "other", "outcome": f"{more} more rule{'s' if more > 1 else ''} did not match"})
        if not self.parts:
            return {"rules": self.tried, "working": self._nothing()}
        first, *others = self.parts
        base = sum(part.base for part in self.parts)
        amount = sum(part.amount for part in self.parts)
        same = all(part.terms.excludes == first.terms.excludes for part in others)
        excludes = first.terms.excludes if same and (self.basket is None or not self.basket.open) else ()
        working = first.working
        if others:
            each = "; ".join(f"{_lines_named(part.lines or ())}: {part.working}" for part in self.parts)
            working = f"{each}; together {display(amount, self.order.currency)}"
        explanation: dict[str, Any] = {
            "rules": self.tried,
            "reward": first.rate.shown(first.terms),
            "base": {
                "order": self.order.amount, "less": {part: getattr(self.order, part) for part in excludes}, "is": base,
            },
            "working": working,
        }  # fmt: skip
        if not others and first.exact != first.amount:
            explanation["rounding"] = {"exact": f"{first.exact:.4f}", "rule": "half up"}
        if others or not first.is_plain:
            explanation["parts"] = [part.shown() for part in self.parts]
        if self.basket is not None and self.basket.open and not self.is_over:
            explanation["left_out"] = self.basket.open
        return Reward(terms=first.terms, base=base, amount=amount, explanation=explanation, parts=tuple(self.parts))

    def _nothing(self) -> str:
        if self.foreign:
            return "Nothing: currencies are never converted, and no rule in force is for this one."
        if all("version" not in rule for rule in self.tried):
            return "Nothing: no reward is set for the partner, the group or the program."
        return "Nothing: no rule in force matches."


def _unmet(terms: Terms, order: OrderFacts, standing: Standing) -> str:
    """Why a rule does not apply to the order as a whole; empty when it does."""
    if terms.currency and terms.currency != order.currency:
        what = "fixed" if terms.kind == "fixed" else "set"
        return f"{what} in {terms.currency}, the order is in {order.currency}"
    details = terms.details
    if details is PLAIN or details == PLAIN:
        return ""
    return next(_reasons(details, order, standing), "")


def _reasons(details: Details, order: OrderFacts, standing: Standing) -> Iterator[str]:
    """Each condition that is not met, as a sentence's end."""
    if details.countries and order.country not in details.countries:
        where = f"the order is from {order.country}" if order.country else "the order names no country"
        yield f"for {', '.join(details.countries)}, {where}"
    if details.customer and order.is_new != (details.customer == "new"):
        who = {None: "the order names no customer", True: "the customer is new", False: "the customer is returning"}
        yield f"for {details.customer} customers, {who[order.is_new]}"
    if details.order_from is not None and order.amount < details.order_from:
        yield f"for orders from {display(details.order_from, order.currency)} on"
    if details.order_to is not None and order.amount > details.order_to:
        yield f"for orders up to {display(details.order_to, order.currency)}"
    if details.coupons and order.coupon not in details.coupons:
        yield f"with coupon {' or '.join(details.coupons)} only"
    for key, wanted in details.metadata.items():
        if _as_text((order.metadata or {}).get(key)) != wanted:
            yield f"metadata {key} is not {wanted}"
    yield from _over(details, order, standing)


def _over(details: Details, order: OrderFacts, standing: Standing) -> Iterator[str]:
    if details.first_orders is None and details.first_months is None:
        return
    if order.is_new is None:
        yield "for a customer's first time, and the order names no customer"
    if details.first_orders is not None and standing.customer_orders >= details.first_orders:
        times = "order" if details.first_orders == 1 else f"{details.first_orders} orders"
        yield f"for the customer's first {times}, this is number {standing.customer_orders + 1}"
    if details.first_months is not None and order.first_at is not None:
        ended = months_after(order.first_at, details.first_months)
        if order.placed_at >= ended:
            months = "month" if details.first_months == 1 else f"{details.first_months} months"
            yield f"for the customer's first {months}, which ended on {ended:%Y-%m-%d}"


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def months_after(moment: datetime, months: int) -> datetime:
    """The same day and time so many months later; the month's last day where it is shorter."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate that counts: the rule's own, or its tier's."""

    percent: Decimal | None
    amount: int | None
    tier: dict[str, Any] | None = None

    @classmethod
    def of(cls, terms: Terms, standing: Standing) -> "Rate":
        details = terms.details
        if not details.tiers:
            return cls(terms.percent, terms.amount)
        by_month = details.tier_period == "month"
        if details.tier_by == "orders":
            reached = (standing.month_orders if by_month else standing.orders) + 1
        else:
            reached = standing.month_revenue if by_month else standing.revenue
        shown = {"by": details.tier_by, "period": details.tier_period, "reached": reached}
        step = next((tier for tier in reversed(details.tiers) if tier.start <= reached), None)
        if step is None:
            return cls(terms.percent, terms.amount, shown | {"from": None})
        return cls(step.percent, step.amount, shown | {"from": step.start})

    def shown(self, terms: Terms) -> dict[str, Any]:
        """The terms with the rate that counted, as an explanation names them."""
        shown: dict[str, Any] = {"version": terms.number, "level": terms.level}
        if terms.details.name:
            shown["name"] = terms.details.name
        if self.percent is not None:
            return shown | {"kind": "percentage", "percent": plain(self.percent)}
        return shown | {"kind": "fixed", "amount": self.amount, "currency": terms.currency}

    def of_base(self, base: int) -> Fraction:
        """The unrounded reward on the base."""
        if self.percent is not None:
            return percentage_of(base, self.percent)
        assert self.amount is not None
        return Fraction(self.amount)


def _bounded(exact: Fraction, terms: Terms, base: int | None, limits: list[str]) -> Fraction:
    details = terms.details
    if details.minimum is not None and exact < details.minimum:
        limits.append(f"at least {display(details.minimum, terms.currency)}")
        exact = Fraction(details.minimum)
    if details.maximum is not None and exact > details.maximum:
        limits.append(f"at most {display(details.maximum, terms.currency)}")
        exact = Fraction(details.maximum)
    if base is not None and exact > base:
        limits.append("never more than it is computed on")
        exact = Fraction(base)
    return exact


def exact_decimal(exact: Fraction) -> Decimal:
    """Exactly: a percentage has four decimals, so a reward has at most six."""
    return Decimal(exact.numerator * 1_000_000 // exact.denominator).scaleb(-6).normalize() + 0


def _working(
    rate: Rate, base: int, currency: str, wanted: Fraction, amount: int, limits: Sequence[str], per: str
) -> str:
    if rate.percent is None:
        said = f"{display(rate.amount or 0, currency)} per {per}"
    else:
        rounded = "" if wanted.denominator == 1 else ", rounded half up"
        result = display(round_half_up(wanted), currency)
        said = f"{plain(rate.percent)} % of {display(base, currency)} = {result}{rounded}"
    if rate.tier is not None and rate.tier["from"] is not None:
        said = f"{said} ({_tier_named(rate.tier, currency)})"
    return f"{said}, {'; '.join(limits)}: {display(amount, currency)}" if limits else said


def _tier_named(tier: Mapping[str, Any], currency: str) -> str:
    period = "this month" if tier["period"] == "month" else "in all"
    if tier["by"] == "orders":
        return f"tier from order {tier['from']} on, this is order {tier['reached']} {period}"
    start, reached = (display(tier[name], currency) for name in ("from", "reached"))
    return f"tier from {start} on, {reached} stood before {period}"


def _lines_named(lines: Sequence[int]) -> str:
    """Lines as people count them."""
    if not lines:
        return "the rest"
    numbers = [str(line + 1) for line in lines]
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    return f"lines {', '.join(numbers[:-1])} and {numbers[-1]}"


def plain(percent: Decimal) -> str:
    """A rate without trailing zeros: 10, 12.5."""
    return format(percent.normalize(), "f")


@dataclass(frozen=True, slots=True)
class KeptPart:
    """A part of a commission as it was decided, for what refunds leave of it. Minor units."""

    lines: tuple[int, ...] | None
    gross: int
    exact: Fraction
    amount: int


def parts_of(
    explanation: Mapping[str, Any], terms: Terms, *, order_amount: int, base: int, amount: int
) -> list[KeptPart]:
    """The parts of a commission from its working; a plain one is a single part that terms and base describe."""
    kept = explanation.get("parts")
    if kept is None:
        exact = Rate(terms.percent, terms.amount).of_base(base)
        return [KeptPart(None, order_amount, exact, amount)]
    return [
        KeptPart(
            None if part["lines"] is None else tuple(part["lines"]),
            part["gross"],
            Fraction(Decimal(part["exact"])),
            part["gives"],
        )
        for part in kept
    ]


def remaining(
    parts: Sequence[KeptPart], *, order_amount: int, refunded: int, by_line: Mapping[int, int] | None = None
) -> int:
    """What of a commission remains when `refunded` of the order's amount was given back. Minor units.

    `by_line` says how much of that was given back on which line. With a of the order's amount, r of it given back by
    line and u without naming one, a part of gross g of whose lines p was given back keeps
    (g - p) / g * (a - r - u) / (a - r) of what it was: first the named lines go, then the rest shrinks in proportion.
    It does not matter in which order refunds came; each can only lower it, and a full refund ends at zero. What earned
    nothing takes nothing back when it is returned.
    """
    if refunded >= order_amount:
        return 0
    named = sum((by_line or {}).values())
    shrunk = Fraction(order_amount - refunded, order_amount - named)
    kept = 0
    for part in parts:
        lines = by_line or {}
        gone = named if part.lines is None else sum(lines.get(line, 0) for line in part.lines)
        share = Fraction(max(part.gross - gone, 0), part.gross) * shrunk if part.gross else Fraction(0)
        kept += min(round_half_up(part.exact * share), part.amount)
    return kept
