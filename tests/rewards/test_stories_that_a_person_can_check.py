"""What rules pay, as stories with numbers a person can check."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rewards.conditions import Standing, months_after
from tests.rewards.rules import NOON, earned, kept, order, refused, rule, tier

TEN = rule("10")


def test_twenty_percent_on_books_and_ten_on_the_rest() -> None:
    books = rule("20", name="Books", product_keys=("book",))
    basket = order(0, ("book", 6_000), ("pen", 3_000), ("book", 1_000))
    reward = earned(basket, TEN, books)
    assert reward.amount == 1_400 + 300  # 20% of 70.00 and 10% of 30.00
    assert reward.explanation["working"] == (
        "lines 1 and 3: 20% of $70.00 = $14.00; line 2: 10% of $30.00 = $3.00; together $17.00"
    )
    assert [tried["outcome"] for tried in reward.explanation["rules"] if "version" in tried] == [
        "applies to lines 1 and 3", "applies to the rest of the order",
    ]  # fmt: skip


def test_a_product_rule_alone_pays_nothing_without_its_product_and_says_so() -> None:
    books = rule("20", product_keys=("book",))
    assert refused(order(0, ("pen", 3_000)), books) == ["no line of the order matches"]
    assert refused(order(3_000), books) == ["the order names no lines"]
    mixed = earned(order(0, ("pen", 3_000), ("book", 1_000)), books)
    assert (mixed.amount, mixed.base, mixed.explanation["left_out"]) == (200, 1_000, [0])


def test_a_partner_s_book_rule_leaves_the_rest_of_the_basket_to_the_program() -> None:
    books = rule("30", level="partner", product_keys=("book",))
    assert earned(order(0, ("book", 1_000), ("pen", 1_000)), TEN, books).amount == 300 + 100


def test_shipping_in_no_line_earns_nothing_when_every_line_is_decided() -> None:
    books = rule("20", product_keys=("book",))
    reward = earned(order(11_000, ("book", 10_000), shipping=1_000), TEN, books)
    assert (reward.amount, reward.base) == (2_000, 10_000)


def test_net_of_shipping_and_tax_a_line_is_worth_what_it_says() -> None:
    # Lines without tax: 100.00 and 8.00 tax and 10.00 shipping on top.
    net = rule("20", product_keys=("book",), excludes=("tax", "shipping"))
    assert earned(order(11_800, ("book", 10_000), tax=800, shipping=1_000), net).base == 10_000
    # Lines with 19.00 of tax in them, and shipping on top.
    assert earned(order(12_900, ("book", 11_900), tax=1_900, shipping=1_000), net).base == 10_000


def test_a_discount_on_the_whole_basket_is_spread_over_its_lines() -> None:
    books = rule("20", product_keys=("book",))
    basket = order(15_000, ("book", 10_000), ("pen", 10_000), discount=5_000)
    assert earned(basket, books).base == 7_500


def test_the_fiftieth_order_of_the_month_is_the_first_at_fifteen_percent() -> None:
    tiered = rule("12", tiers=(tier(50, "15"),))
    before = earned(order(10_000), tiered, standing=Standing(month_orders=48))
    reached = earned(order(10_000), tiered, standing=Standing(month_orders=49))
    assert (before.amount, reached.amount) == (1_200, 1_500)
    assert reached.explanation["reward"]["percent"] == "15"
    assert reached.explanation["working"] == (
        "15% of $100.00 = $15.00 (tier from order 50 on, this is order 50 this month)"
    )


def test_an_order_does_not_raise_its_own_rate_by_its_revenue() -> None:
    tiered = rule("10", tier_by="revenue", tier_period="lifetime", tiers=(tier(100_000, "20"),))
    assert earned(order(90_000), tiered, standing=Standing(revenue=99_999)).amount == 9_000
    assert earned(order(90_000), tiered, standing=Standing(revenue=100_000)).amount == 18_000


def test_a_month_s_cap_is_hit_in_the_middle_of_an_order() -> None:
    capped = rule("10", cap_month=50_000)
    reward = earned(order(10_000), capped, standing=Standing(month_earned=49_300))
    assert reward.amount == 700  # 10.00 would be earned, 7.00 is left of the 500.00
    assert reward.explanation["parts"][0]["limits"] == ("at most $500.00 in a month, $493.00 earned before",)
    assert earned(order(10_000), capped, standing=Standing(month_earned=50_000)).amount == 0


def test_a_cap_is_one_for_all_lines_of_an_order() -> None:
    per_line = rule(400, per_line=True, cap_order=1_000)
    basket = order(0, ("a", 2_000), ("b", 2_000), ("c", 2_000))
    reward = earned(basket, per_line)
    assert [part.amount for part in reward.parts] == [400, 400, 200]


def test_one_customer_is_worth_so_much_and_no_more() -> None:
    capped = rule("50", cap_customer=5_000)
    assert earned(order(10_000), capped).amount == 5_000
    assert earned(order(10_000), capped, standing=Standing(customer_earned=4_000)).amount == 1_000


def test_yen_have_no_decimals_and_dinars_three() -> None:
    assert earned(order(105, currency="JPY"), TEN).amount == 11  # 10.5 yen
    reward = earned(order(10_005, currency="KWD"), TEN)
    assert reward.amount == 1_001  # 10.005 dinars at 10% are 1.0005, half up 1.001
    assert reward.explanation["working"] == "10% of 10.005 KWD = 1.001 KWD, rounded half up"
    least = rule("1", currency="JPY", minimum=100)
    assert earned(order(5_000, currency="JPY"), least).amount == 100


def test_twelve_percent_for_the_first_twelve_months_then_five() -> None:
    first_year, after = rule("12", first_months=12), rule("5")
    came = datetime(2025, 3, 1, 12, tzinfo=UTC)
    last_day = order(10_000, first_at=came, placed_at=NOON - timedelta(seconds=1), is_new=False)
    assert earned(last_day, first_year, after).amount == 1_200
    over = earned(order(10_000, first_at=came, placed_at=NOON, is_new=False), first_year, after)
    assert over.amount == 500
    assert over.explanation["rules"][2]["outcome"] == "for the customer's first 12 months, which ended on 2026-03-01"


def test_months_end_on_the_last_day_of_a_short_one() -> None:
    zone = ZoneInfo("Europe/Berlin")
    assert months_after(datetime(2024, 1, 31, 8, tzinfo=zone), 1) == datetime(2024, 2, 29, 8, tzinfo=zone)
    assert months_after(datetime(2024, 12, 15, 8, tzinfo=zone), 1) == datetime(2025, 1, 15, 8, tzinfo=zone)


def test_a_one_off_reward_is_for_the_first_order_alone() -> None:
    once = rule(2_500, first_orders=1)
    assert earned(order(9_900), once).amount == 2_500
    assert refused(order(9_900), once, standing=Standing(customer_orders=1)) == [
        "for the customer's first order, this is number 2"
    ]
    assert refused(order(9_900, is_new=None), once) == ["for a customer's first time, and the order names no customer"]


def test_new_customers_earn_more_than_returning_ones() -> None:
    new, returning = rule("30", customer="new"), rule("5", customer="returning")
    assert earned(order(10_000), new, returning).amount == 3_000
    assert earned(order(10_000, is_new=False), new, returning).amount == 500
    assert sorted(refused(order(10_000, is_new=None), new, returning)) == [
        "for new customers, the order names no customer",
        "for returning customers, the order names no customer",
    ]


def test_a_percentage_has_a_floor_and_a_ceiling() -> None:
    bounded = rule("10", minimum=500, maximum=2_000)
    assert [earned(order(amount), bounded).amount for amount in (1_000, 10_000, 90_000)] == [500, 1_000, 2_000]
    assert earned(order(300), bounded).amount == 300  # never more than the order
    assert earned(order(90_000), bounded).explanation["working"] == ("10% of $900.00 = $90.00, at most $20.00: $20.00")


def test_two_dollars_for_each_line_of_the_category() -> None:
    per_line = rule(200, per_line=True, product_keys=("sock",))
    reward = earned(order(0, ("sock", 900), ("hat", 5_000), ("sock", 150)), per_line, TEN)
    assert [part.amount for part in reward.parts] == [200, 150, 500]  # the cheap sock pays no more than itself


def test_country_coupon_order_size_and_metadata_narrow_a_rule() -> None:
    narrow = rule(
        "25", countries=("DE",), coupons=("ANNA",), order_from=5_000, order_to=9_000, metadata={"plan": "pro"}
    )
    fits = {"country": "DE", "coupon": "ANNA", "metadata": {"plan": "pro", "seats": 3}}
    assert earned(order(8_000, **fits), narrow, TEN).amount == 2_000
    for change, why in [
        ({"country": "FR"}, "for DE, the order is from FR"),
        ({"country": ""}, "for DE, the order names no country"),
        ({"coupon": "BEN"}, "with coupon ANNA only"),
        ({"metadata": {}}, "metadata plan is not pro"),
    ]:
        assert refused(order(8_000, **fits | change), narrow) == [why]
    assert refused(order(4_999, **fits), narrow) == ["for orders from $50.00 on"]
    assert refused(order(9_001, **fits), narrow) == ["for orders up to $90.00"]
    assert refused(order(8_000, currency="EUR", **fits), narrow) == ["set in USD, the order is in EUR"]


def test_returning_the_pen_takes_nothing_from_the_books_after_a_tier() -> None:
    books = rule("10", product_keys=("book",), tiers=(tier(2, "20"),))
    basket = order(0, ("book", 6_000), ("pen", 4_000))
    reward = earned(basket, books, standing=Standing(month_orders=1))
    assert reward.amount == 1_200
    assert kept(reward, basket, 4_000, {1: 4_000}) == 1_200
    assert kept(reward, basket, 7_000, {1: 4_000, 0: 3_000}) == 600
    assert kept(reward, basket, 10_000, {1: 4_000, 0: 6_000}) == 0


def test_a_refund_by_amount_takes_from_every_part() -> None:
    basket = order(0, ("book", 6_000), ("pen", 4_000))
    reward = earned(basket, rule("20", product_keys=("book",)), TEN)
    assert reward.amount == 1_600
    assert kept(reward, basket, 5_000) == 800
    assert kept(reward, basket, 5_000, {1: 4_000}) == 1_000  # pen back, and 10.00 of the 60.00 that were left


def test_what_a_limit_made_of_it_shrinks_in_proportion() -> None:
    reward, basket = earned(order(90_000), rule("10", maximum=2_000)), order(90_000)
    assert [kept(reward, basket, back) for back in (0, 45_000, 89_999, 90_000)] == [2_000, 1_000, 0, 0]


@pytest.mark.parametrize(("event", "what"), [("lead", "lead"), ("click", "click")])
def test_leads_and_clicks_pay_a_fixed_amount_until_the_cap(event: str, what: str) -> None:
    each = rule(150, event=event, cap_month=1_000)
    reward = earned(order(0), each, TEN, event=event)
    assert (reward.amount, reward.explanation["working"]) == (150, f"$1.50 per {what}")
    assert earned(order(0), each, event=event, standing=Standing(month_earned=900)).amount == 100
    assert earned(order(1_000), each, TEN).amount == 100  # a sale is none of its business
