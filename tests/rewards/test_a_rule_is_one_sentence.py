"""What staff and partners read of a rule."""

from typing import Any

import pytest

from rewards.rules import Terms
from rewards.sentences import ordinal, sentence
from tests.rewards.rules import rule, tier

NET = ("tax", "shipping", "discount")


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (rule("10"), "10% of the total"),
        (rule("12.5", excludes=("tax", "shipping")), "12.5% of the total without tax and shipping"),
        (
            rule("12", excludes=NET, first_months=12, tiers=(tier(50, "15"),)),
            "12% of net for the customer's first 12 months, 15% from the 50th order of the month",
        ),
        (rule(500), "$5.00 for each order"),
        (rule(500, event="lead", cap_month=10_000), "$5.00 for each lead, up to $100.00 a month"),
        (rule(200, per_line=True, product_keys=("sock", "hat")), "$2.00 for each line on sock or hat"),
        (
            rule("20", customer="new", countries=("DE", "AT", "CH"), order_from=5_000, first_orders=1),
            "20% of the total from new customers in DE, AT or CH on orders from $50.00 for the customer's first order",
        ),
        (
            rule("5", minimum=100, maximum=900, tier_by="revenue", tier_period="lifetime", tiers=(tier(10**6, "8"),)),
            "5% of the total, 8% from $10,000.00 of revenue of all time, at least $1.00, at most $9.00",
        ),
    ],
)
def test_it_says_what_it_pays_for_what_and_until_when(terms: Terms, said: str) -> None:
    assert sentence(terms) == said


@pytest.mark.parametrize(("number", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (112, "112th")])
def test_numbers_in_a_row(number: int, said: Any) -> None:
    assert ordinal(number) == said
