"""Any refunds of any order, in currencies with two, no and three decimals: whichever came first, what a partner keeps
only falls, never below zero, and a full refund takes exactly all of it.

Against the engine alone; `tests/by_hand/test_refunds_through_the_books.py` does the same through the database.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merchants.money import EXPONENTS
from rewards.basket import OrderFacts
from rewards.conditions import Standing
from rewards.engine import Reward, decide
from rewards.rules import Terms
from tests.refunds import Back, baskets, refunds_of, rules_for
from tests.rewards.rules import kept, levels

CURRENCIES = ("USD", "JPY", "KWD")


def test_the_currencies_have_two_no_and_three_decimals() -> None:
    assert [EXPONENTS[currency] for currency in CURRENCIES] == [2, 0, 3]


@st.composite
def sold(draw: Callable[[Any], Any], currency: str) -> tuple[OrderFacts, Reward]:
    """An order and what some rules gave for it, wherever the partner stood."""
    facts = draw(baskets(currency))
    known: list[Terms] = draw(st.lists(rules_for(currency), min_size=1, max_size=3))
    before = Standing(
        month_orders=draw(st.integers(0, 5)),
        month_revenue=draw(st.integers(0, 3_000)),
        month_earned=draw(st.integers(0, 500)),
        customer_earned=draw(st.integers(0, 500)),
    )
    reward = decide(facts, levels(*known), standing=before)
    if not isinstance(reward, Reward):
        return draw(sold(currency))
    return facts, reward


def left_after(facts: OrderFacts, reward: Reward, backs: list[Back]) -> list[int]:
    """What the partner keeps after each of them."""
    refunded, by_line, keeps = 0, {}, []  # type: ignore[var-annotated]
    for back in backs:
        refunded += back.amount
        for line, amount in back.lines.items():
            by_line[line] = by_line.get(line, 0) + amount
        keeps.append(kept(reward, facts, refunded, by_line))
    return keeps


@pytest.mark.parametrize("currency", CURRENCIES)
@given(data=st.data())
@settings(max_examples=250, deadline=None)
def test_any_refunds_in_any_order_only_lower_it_and_end_exactly_at_zero(currency: str, data: st.DataObject) -> None:
    facts, reward = data.draw(sold(currency))
    backs = data.draw(refunds_of(facts))
    keeps = left_after(facts, reward, backs)
    assert keeps == sorted(keeps, reverse=True)
    assert all(0 <= left <= reward.amount for left in keeps)
    if sum(back.amount for back in backs) == facts.amount:
        assert keeps[-1] == 0
    shuffled = list(backs)
    Random(data.draw(st.integers(0, 2**16))).shuffle(shuffled)
    assert left_after(facts, reward, shuffled)[-1:] == keeps[-1:], "whichever came first"


@pytest.mark.parametrize("currency", CURRENCIES)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_in_one_refund_or_in_many_the_same_is_left(currency: str, data: st.DataObject) -> None:
    facts, reward = data.draw(sold(currency))
    backs = data.draw(refunds_of(facts))
    if not backs:
        return
    by_line: dict[int, int] = {}
    for back in backs:
        for line, amount in back.lines.items():
            by_line[line] = by_line.get(line, 0) + amount
    at_once = Back(sum(back.amount for back in backs), by_line)
    assert left_after(facts, reward, [at_once])[-1] == left_after(facts, reward, backs)[-1]
