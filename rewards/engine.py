"""The reward engine: pure, exact, explained. No ORM, no clock, no I/O.

It is given the facts of an event, the rules that may apply and where the partner stands, and says what the partner
earns and how it came to that. The same function prices an order, a form that tries rules out and a backtest, and what
it wrote down prices what is left after a refund; so they cannot disagree.

Which rule decides. A rule is a chain of versions; the latest that had taken effect at the time of the order counts.
Rules are asked in one order (`precedence`): the partner's before the group's before the program's; at one level the one
with more conditions first; then the newest, by its moment, its number and at last its id, so that no two are equal.

* A rule that looks at no lines decides all that is still open of the order, and the asking ends.
* A rule that looks at lines (product keys, categories, an amount for each line) decides the lines that match; the
  others go on to the next rule, also of the next level: "20% on books" above "10%" pays 20% on books and 10% on the
  rest. When every line is decided the asking ends: money that stands in no line earns only beside an open line.

What it pays is worked out for each part by itself: the tier's rate, of the base, at least the minimum, at most the
maximum, never more than the base, rounded half up once, and then no more than its caps have room for. Tiers and caps
look at a `Standing`: what had been counted when the event came. The Nth order is the one with N - 1 before it; an
amount of revenue is reached when it stood before the order, so no order raises its own rate.

What it wrote down says later what a refund leaves of it (`rewards.keeping`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from merchants.money import display, percentage, percentage_of, plain, round_half_up
from rewards.basket import Basket, OrderFacts, base_of
from rewards.conditions import NOTHING_YET, Standing, unmet
from rewards.rules import LEVELS, Rules, Terms

#: Rules that did not match, of which an explanation says why each; of those beyond it says how many there were.
MOST_EXPLAINED = 12


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


_NO_RULES = Rules(())


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
        why = unmet(terms, self.order, self.standing)
        if why:
            self.foreign = self.foreign or (bool(terms.currency) and terms.currency != self.order.currency)
            self.unmet += 1
            if self.in_full or self.unmet <= MOST_EXPLAINED:
                self._tried(terms, why)
        elif terms.details.narrows_lines:
            self._decide_lines(terms)
        else:
            self._decide_all(terms)

    def pass_over(self, terms: Terms) -> None:
        """Say why a rule that was not asked lost."""
        why = unmet(terms, self.order, self.standing)
        self._tried(terms, why or "would match, but everything was decided before it")

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
        said = f"{percentage(rate.percent)} of {display(base, currency)} = {result}{rounded}"
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
