"""The properties that no example shows: one order of rules, nothing above the base, refunds that end at zero."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rewards.basket import OrderFacts, OrderLine
from rewards.conditions import Standing
from rewards.counting import Counts, Key
from rewards.details import Tier
from rewards.engine import Reward, decide
from rewards.rules import Terms, precedence
from tests.rewards.rules import NOON, earned, kept, levels, numbered, order, rule

KEYS = ("book", "pen", "hat", "")
percents = st.decimals(min_value=0, max_value=100, places=4, allow_nan=False)
amounts = st.integers(0, 10**7)
maybe = lambda strategy: st.none() | strategy  # noqa: E731 - a word for it reads better below


@st.composite
def rules(draw: Callable[[Any], Any]) -> Terms:
    """Any rule that could be set, and some that could not."""
    rate = draw(percents.map(str) | amounts)
    tiers = draw(st.lists(st.tuples(st.integers(1, 100), percents), max_size=3, unique_by=lambda tier: tier[0]))
    bounds = sorted(draw(st.lists(amounts, min_size=2, max_size=2)))
    return rule(
        rate,
        level=draw(st.sampled_from(["partner", "group", "program"])),
        number=draw(st.integers(1, 3)),
        effective_from=NOON - timedelta(days=draw(st.integers(0, 2))),
        id=numbered(draw(st.integers(1, 10**9))),
        excludes=tuple(draw(st.sets(st.sampled_from(["tax", "shipping", "discount"])))),
        product_keys=tuple(draw(st.sets(st.sampled_from(KEYS[:3]), max_size=2))),
        per_line=draw(st.booleans()),
        customer=draw(st.sampled_from(["", "new", "returning"])),
        minimum=draw(st.sampled_from([None, bounds[0]])),
        maximum=draw(st.sampled_from([None, bounds[1]])),
        cap_order=draw(maybe(amounts)),
        cap_month=draw(maybe(amounts)),
        tiers=tuple(Tier(start, percent=percent) for start, percent in sorted(tiers)),
    )


@st.composite
def orders(draw: Callable[[Any], Any]) -> OrderFacts:
    """Any order that the ingest lets in."""
    lines = draw(st.lists(st.tuples(st.sampled_from(KEYS), amounts), max_size=5))
    total = sum(amount for _, amount in lines)
    discount = draw(st.integers(0, max(total // 2, 1)))
    amount = max(total - discount, 0) + draw(st.integers(0, 10**6))
    left = amount
    parts = {}
    for name, most in (("tax", left), ("shipping", left), ("discount", discount)):
        parts[name] = draw(st.integers(0, min(most, left)))
        left -= parts[name]
    return OrderFacts(
        amount=amount, currency="USD", placed_at=NOON, is_new=draw(st.sampled_from([None, True, False])),
        lines=tuple(OrderLine(of, key) for key, of in lines), **parts,
    )  # fmt: skip


@given(orders(), st.lists(rules(), max_size=4, unique_by=lambda terms: terms.id), st.integers(0, 2**32))
def test_whatever_the_order_in_which_rules_are_known_the_same_ones_decide(
    facts: OrderFacts, known: list[Terms], seed: int
) -> None:
    assert len({precedence(terms) for terms in known}) == len(known)
    shuffled = list(known)
    Random(seed).shuffle(shuffled)
    assert decide(facts, levels(*known)) == decide(facts, levels(*shuffled))


@given(orders(), st.lists(rules(), min_size=1, max_size=4), st.integers(0, 120))
def test_nothing_is_ever_paid_above_its_base_and_no_line_is_paid_twice(
    facts: OrderFacts, known: list[Terms], before: int
) -> None:
    reward = decide(facts, levels(*known), standing=Standing(month_orders=before))
    if not isinstance(reward, Reward):
        return
    assert 0 <= reward.amount <= reward.base <= facts.amount
    assert all(0 <= part.amount <= part.base <= part.gross for part in reward.parts)
    assert sum(part.gross for part in reward.parts) <= facts.amount
    lines = [line for part in reward.parts for line in part.lines or ()]
    assert len(lines) == len(set(lines))


@given(orders(), st.lists(rules(), min_size=1, max_size=4), st.data())
def test_refunds_by_amount_and_by_line_in_any_order_only_lower_it_and_end_at_zero(
    facts: OrderFacts, known: list[Terms], data: st.DataObject
) -> None:
    reward = decide(facts, levels(*known))
    if not isinstance(reward, Reward) or facts.amount == 0:
        return
    left, refunded, by_line, stands = [line.amount for line in facts.lines], 0, {}, reward.amount
    assert kept(reward, facts, 0) == reward.amount
    for _ in range(data.draw(st.integers(0, 6))):
        line = data.draw(st.integers(-1, len(left) - 1))
        most = facts.amount - refunded if line < 0 else min(left[line], facts.amount - refunded)
        if most == 0:
            continue
        back = data.draw(st.integers(1, most))
        refunded += back
        if line >= 0:
            left[line] -= back
            by_line[line] = by_line.get(line, 0) + back
        keeps = kept(reward, facts, refunded, by_line)
        assert 0 <= keeps <= stands
        stands = keeps
    assert kept(reward, facts, facts.amount, by_line) == 0


@given(st.lists(amounts, max_size=12), rules(), st.sampled_from(["USD", "JPY", "KWD"]))
def test_a_batch_counts_as_one_by_one(sizes: list[int], terms: Terms, currency: str) -> None:
    keys = (Key(numbered(1), None, "2026-03"),)

    def run(counts: Counts, some: list[int]) -> list[int]:
        earned = []
        for size in some:
            found = decide(order(size), levels(terms), standing=counts.standing(keys, currency))
            earned.append(found.amount if isinstance(found, Reward) else 0)
            if isinstance(found, Reward):
                counts.add(keys, currency, earned=found.amount, revenue=size)
        return earned

    together, apart = Counts(), Counts()
    assert run(together, sizes) == [amount for size in sizes for amount in run(apart, [size])]
    assert together.rows == apart.rows
    if terms.details.cap_month is not None:
        assert all(count.earned.get(currency, 0) <= terms.details.cap_month for count in together.rows.values())


def test_more_conditions_come_first_then_the_newest_then_the_number_then_the_id() -> None:
    old = rule("1", effective_from=NOON - timedelta(days=9), id=numbered(1))
    new = rule("2", effective_from=NOON - timedelta(days=1), id=numbered(2))
    second = rule("3", effective_from=NOON - timedelta(days=1), number=2, id=numbered(3))
    twin = rule("4", effective_from=NOON - timedelta(days=1), number=2, id=numbered(4))
    narrow = rule("5", effective_from=NOON - timedelta(days=80), customer="new", id=numbered(5))
    narrower = rule("6", effective_from=NOON - timedelta(days=80), customer="new", countries=("DE",), id=numbered(6))
    near = rule("7", level="partner", effective_from=NOON - timedelta(days=80), id=numbered(7))
    asked = sorted([old, new, second, twin, narrow, narrower, near], key=precedence)
    assert [terms.percent for terms in asked] == [Decimal(n) for n in (7, 6, 5, 4, 3, 2, 1)]


def test_of_many_rules_that_do_not_match_an_order_keeps_a_dozen_and_how_many_more() -> None:
    narrow = [rule("20", coupons=(f"ONLY{number}",)) for number in range(40)]
    tried = earned(order(10_000), *narrow, rule("10")).explanation["rules"]
    assert [each["outcome"] for each in tried if "version" in each][-1] == "applies"
    assert len([each for each in tried if each["outcome"].startswith("with coupon ONLY")]) == 12
    assert tried[-1] == {"level": "other", "outcome": "28 more rules did not match"}
    found = decide(order(10_000), levels(*narrow, rule("10")), look_on=True)
    assert isinstance(found, Reward)
    assert len(found.explanation["rules"]) == 43
