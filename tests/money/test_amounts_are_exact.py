"""Money: rounding, splitting and showing amounts never gain or lose a minor unit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchants.money import (
    EXPONENTS,
    MAX_AMOUNT,
    display,
    percentage,
    percentage_of,
    round_half_up,
    split,
    to_decimal,
    to_minor,
)

amounts = st.integers(min_value=0, max_value=MAX_AMOUNT)


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [("0.5", 1), ("1.5", 2), ("2.5", 3), ("2.4999", 2), ("-0.5", -1), ("-2.5", -3), ("-2.4", -2), ("0", 0)],
)
def test_a_half_goes_away_from_zero(exact: str, rounded: int) -> None:
    assert round_half_up(Fraction(exact)) == rounded


@given(st.fractions())
def test_rounding_is_never_off_by_more_than_a_half(exact: Fraction) -> None:
    rounded = round_half_up(exact)
    assert abs(exact - rounded) <= Fraction(1, 2)
    assert round_half_up(-exact) == -rounded


@given(amounts, st.lists(st.integers(0, 10_000), min_size=1, max_size=20).filter(any))
def test_the_parts_of_a_split_sum_to_the_whole_and_each_is_next_to_its_exact_share(
    amount: int, weights: list[int]
) -> None:
    parts = split(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(amount * weight, sum(weights))) < 1


def test_a_dollar_between_three_gives_the_odd_cent_to_the_first() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]


@pytest.mark.parametrize("weights", [[], [0, 0], [-1, 2]])
def test_a_split_by_nothing_is_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        split(100, weights)


@given(amounts, st.sampled_from(sorted(EXPONENTS)))
def test_minor_units_survive_the_way_to_decimal_and_back(amount: int, currency: str) -> None:
    assert to_minor(to_decimal(amount, currency), currency) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (105050, "USD", "$1,050.50"),
        (1050, "JPY", "¥1,050"),
        (1050, "KWD", "1.050 KWD"),
        (-5, "EUR", "−€0.05"),
        (-1050, "CAD", "−10.50 CAD"),
    ],
)
def test_an_amount_is_shown_with_the_decimals_of_its_currency(amount: int, currency: str, shown: str) -> None:
    assert display(amount, currency) == shown


@pytest.mark.parametrize(("percent", "shown"), [("10.0000", "10%"), ("12.50", "12.5%"), ("0", "0%"), ("100", "100%")])
def test_a_rate_is_shown_without_trailing_zeros(percent: str, shown: str) -> None:
    assert percentage(Decimal(percent)) == shown


def test_a_percentage_is_exact_before_it_is_rounded() -> None:
    assert percentage_of(105, Decimal("10")) == Fraction(21, 2)
    assert percentage_of(333, Decimal("12.3456")) == Fraction("41.110848")
