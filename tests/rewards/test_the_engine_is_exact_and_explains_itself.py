"""The reward engine by worked examples a person can check, and by properties."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchants.money import MAX_AMOUNT
from rewards import engine
from rewards.basket import OrderFacts, base_of
from rewards.engine import Reward
from rewards.keeping import parts_of, remaining
from rewards.rules import Rules, Terms, in_force

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def percentage(percent: str, **more: Any) -> Terms:
    facts = {"level": "program", "number": 1, "effective_from": NOON - timedelta(days=9)} | more
    return Terms(id=uuid4(), kind="percentage", percent=Decimal(percent), **facts)


def fixed(amount: int, currency: str = "USD", **more: Any) -> Terms:
    facts = {"level": "program", "number": 1, "effective_from": NOON - timedelta(days=9)} | more
    return Terms(id=uuid4(), kind="fixed", amount=amount, currency=currency, **facts)


def order(amount: int, currency: str = "USD", **parts: int) -> OrderFacts:
    return OrderFacts(amount=amount, currency=currency, placed_at=NOON, **parts)


def decide(facts: OrderFacts, by_level: Mapping[str, Sequence[Terms]]) -> Reward | dict[str, Any]:
    return engine.decide(facts, {level: Rules(versions) for level, versions in by_level.items()})


def rewarded(result: Reward | dict[str, Any]) -> Reward:
    assert isinstance(result, Reward), result
    return result


@pytest.mark.parametrize(
    ("amount", "percent", "commission"),
    [
        (10_000, "10", 1_000),  # 100.00 at 10% is 10.00
        (105, "10", 11),  # 1.05 at 10% is 0.105, half up 0.11
        (104, "10", 10),
        (2_933, "10", 293),
        (9_999, "12.5", 1_250),  # 1249.875
        (1, "0", 0),
        (0, "10", 0),
        (MAX_AMOUNT, "100", MAX_AMOUNT),
    ],
)
def test_a_percentage_of_the_order(amount: int, percent: str, commission: int) -> None:
    assert rewarded(decide(order(amount), {"program": [percentage(percent)]})).amount == commission


def test_a_fixed_amount_is_the_same_whatever_the_order() -> None:
    for amount in (500, 501, 10_000):
        assert rewarded(decide(order(amount), {"program": [fixed(500)]})).amount == 500


def test_a_fixed_amount_is_never_more_than_the_order() -> None:
    reward = rewarded(decide(order(499), {"program": [fixed(500)]}))
    assert reward.amount == 499
    assert reward.explanation["working"] == ("$5.00 per order, never more than it is computed on: $4.99")


def test_a_fixed_amount_in_another_currency_is_nothing_and_says_why() -> None:
    result = decide(order(10_000, "EUR"), {"program": [fixed(500, "USD")]})
    assert isinstance(result, dict)
    assert "never converted" in result["working"]


@pytest.mark.parametrize(
    ("excludes", "base"),
    [((), 11_000), (("tax",), 9_000), (("tax", "shipping"), 8_500), (("tax", "shipping", "discount"), 7_500)],
)
def test_the_base_leaves_out_what_the_terms_say(excludes: tuple[str, ...], base: int) -> None:
    facts = order(11_000, tax=2_000, shipping=500, discount=1_000)
    assert base_of(facts, excludes) == base
    reward = rewarded(decide(facts, {"program": [percentage("10", excludes=excludes)]}))
    assert (reward.base, reward.amount) == (base, base // 10)
    assert set(reward.explanation["base"]["less"]) == set(excludes)


def test_partner_beats_group_beats_program() -> None:
    levels = {
        level: [percentage(p, level=level)] for level, p in (("partner", "30"), ("group", "20"), ("program", "10"))
    }
    assert rewarded(decide(order(1_000), levels)).amount == 300
    assert rewarded(decide(order(1_000), {k: v for k, v in levels.items() if k != "partner"})).amount == 200
    assert rewarded(decide(order(1_000), {"program": levels["program"]})).amount == 100


def test_a_partner_override_of_nothing_is_still_an_override() -> None:
    levels = {"partner": [percentage("0", level="partner")], "program": [percentage("10")]}
    reward = rewarded(decide(order(1_000), levels))
    assert (reward.amount, reward.terms.level) == (0, "partner")


def test_no_terms_is_no_reward_and_every_level_is_named() -> None:
    result = decide(order(1_000), {})
    assert isinstance(result, dict)
    assert [rule["level"] for rule in result["rules"]] == ["partner", "group", "program"]


def test_the_version_in_force_at_the_time_of_the_order_counts() -> None:
    old = percentage("10", number=1, effective_from=NOON - timedelta(days=30))
    new = percentage("20", number=2, effective_from=NOON)
    later = percentage("90", number=3, effective_from=NOON + timedelta(seconds=1))
    ended = percentage("0", number=4, effective_from=NOON + timedelta(days=1), ended=True)
    versions = [later, old, ended, new]
    assert in_force(versions, NOON - timedelta(days=31)) is None
    assert in_force(versions, NOON - timedelta(seconds=1)) == old
    assert in_force(versions, NOON) == new
    assert in_force(versions, NOON + timedelta(hours=1)) == later
    assert in_force(versions, NOON + timedelta(days=2)) is None


def test_the_working_can_be_checked_by_hand() -> None:
    reward = rewarded(decide(order(105), {"program": [percentage("10.0000")]}))
    assert reward.explanation["working"] == "10% of $1.05 = $0.11, rounded half up"
    assert reward.explanation["rounding"] == {"exact": "10.5000", "rule": "half up"}


percents = st.decimals(min_value=0, max_value=100, places=4, allow_nan=False)
terms = st.one_of(percents.map(lambda p: percentage(str(p))), st.integers(0, 100_000).map(fixed))


@given(st.integers(0, MAX_AMOUNT), percents)
def test_a_percentage_is_never_off_by_more_than_half_a_minor_unit(amount: int, percent: Decimal) -> None:
    reward = rewarded(decide(order(amount), {"program": [percentage(str(percent))]}))
    assert abs(reward.amount - Fraction(percent) * amount / 100) <= Fraction(1, 2)
    assert 0 <= reward.amount <= amount


@given(st.integers(1, 10**7), terms, st.lists(st.integers(1, 10**6), max_size=8))
def test_refunds_in_any_number_end_where_one_of_their_sum_would_and_never_overshoot(
    amount: int, terms: Terms, refunds: list[int]
) -> None:
    reward = rewarded(decide(order(amount), {"program": [terms]}))
    taken = refunded = 0
    parts = parts_of(reward.explanation, terms, order_amount=amount, base=reward.base, amount=reward.amount)
    for refund in [*refunds, amount]:
        refunded = min(refunded + refund, amount)
        keeps = remaining(parts, order_amount=amount, refunded=refunded)
        reversal = reward.amount - keeps - taken
        assert reversal >= 0
        taken += reversal
        assert taken <= reward.amount
    assert taken == reward.amount
