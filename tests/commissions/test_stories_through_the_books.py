"""Stories from the sale to the payout, through the ingest and the books, with numbers a person can check."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

import commissions.verify
import ledger.verify
import payouts.verify
from affiliates.models import Partner
from commissions import standing
from commissions.models import Commission
from ledger.accounts import partner_earned
from ledger.posting import balance
from merchants.models import Merchant
from payouts.manual import record_payout
from rewards.details import Details, Tier
from rewards.terms import add_rule, end_reward, set_reward
from stats.outstanding import outstanding_of
from tests.factories import ACTOR, PartnerFactory
from tracking import ingest
from tracking.events import Line, Refund, RefundLine, Sale, SaleCustomer
from tracking.refunds import record_refund

_numbers = count()
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def anna(tenant: Merchant) -> Iterator[Partner]:
    """A partner without rules, whose books hold at the end of the story."""
    made: Partner = PartnerFactory(name="Anna")
    yield made
    proofs = (ledger.verify, commissions.verify, payouts.verify)
    assert [problem for proof in proofs for problem in proof.problems()] == []
    assert list(standing.problems()) == []


def march(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def gives(partner: Partner, rate: int | str, *, currency: str = "", **said: object) -> None:
    """A text is a percentage, a whole number a fixed amount in minor units."""
    details = Details(**said)  # type: ignore[arg-type]
    how = {"kind": "fixed", "amount": rate} if isinstance(rate, int) else {"kind": "percentage", "percent": rate}
    add_rule(partner=partner, currency=currency, details=details, effective_from=LONG_AGO, actor=ACTOR, **how)  # type: ignore[arg-type]


def sells(
    partner: Partner,
    order: str,
    amount: int = 0,
    *lines: tuple[str, int],
    currency: str = "USD",
    at: datetime | None = None,
) -> Commission | None:
    """An order of this amount, or of lines as (product key, amount); its commission, if there is one."""
    sale = Sale(
        order_id=order, amount=amount or sum(of for _, of in lines), currency=currency, partner=str(partner.id),
        customer=SaleCustomer(external_id=order), placed_at=at or march(10),
        lines=[Line(amount=of, product_key=key) for key, of in lines],
    )  # fmt: skip
    (outcome,) = ingest.record([sale], actor=ACTOR)
    assert outcome.error is None, outcome.error
    return partner.commissions.filter(order__external_id=order).first()


def gives_back(order: str, amount: int | None = None, *, line: int | None = None) -> None:
    lines = [RefundLine(line=line, amount=amount)] if line is not None else []
    how = {} if lines else {"amount": amount}
    record_refund(Refund(order_id=order, refund_id=f"r-{next(_numbers)}", lines=lines, **how), actor=ACTOR)  # type: ignore[arg-type]


def pays(partner: Partner, reference: str, currency: str = "USD") -> int:
    """All that can be paid in a currency; what the payout came to."""
    ids = [c.id for c in partner.commissions.payable().filter(currency=currency)]
    payout = record_payout(
        partner=partner, commission_ids=ids, transaction_id=reference, paid_on=date(2026, 5, 1), actor=ACTOR
    )
    return payout.amount


def has(partner: Partner, currency: str = "USD") -> int:
    return balance(partner_earned(partner.id), currency)


def test_a_partial_refund_after_payment_is_owed_and_the_next_payout_nets_it(anna: Partner) -> None:
    gives(anna, "10")
    sells(anna, "A-1", 20_000)
    assert pays(anna, "T-1") == 2_000
    gives_back("A-1", 5_000)
    assert has(anna) == -500, "a quarter of 20.00"
    sells(anna, "A-2", 30_000)
    (stands,) = outstanding_of(anna)
    assert (stands.owed, stands.payable) == (500, 2_500)
    assert pays(anna, "T-2") == 2_500
    gives_back("A-1", 15_000)
    assert has(anna) == -1_500, "the rest of the first order"


def test_refunds_before_and_after_payment_take_the_commission_once(anna: Partner) -> None:
    gives(anna, "12.5")
    sells(anna, "A-1", 9_999)  # 12.5% of 99.99 are 12.49875, half up 12.50
    gives_back("A-1", 3_333)
    assert has(anna) == 833  # 12.5% of 66.66 are 8.3325
    assert pays(anna, "T-1") == 833
    gives_back("A-1", 3_333)
    assert has(anna) == -416  # 12.5% of 33.33 are 4.16625, kept 4.17: 8.33 - 4.17 are owed
    gives_back("A-1")
    assert has(anna) == -833


def test_yen_are_whole_and_refunds_of_them_end_at_zero(anna: Partner) -> None:
    gives(anna, "7.5")
    sells(anna, "A-1", 1_980, currency="JPY")  # 7.5% of 1,980 yen are 148.5, half up 149
    assert has(anna, "JPY") == 149
    gives_back("A-1", 660)
    assert has(anna, "JPY") == 99
    gives_back("A-1", 660)
    assert has(anna, "JPY") == 50  # 49.5, half up
    gives_back("A-1")
    assert has(anna, "JPY") == 0


def test_dinars_have_three_decimals_and_are_paid_apart_from_dollars(anna: Partner) -> None:
    gives(anna, "10")
    gives(anna, 1_500, currency="KWD")  # 1.500 dinars an order
    sells(anna, "A-1", 10_005, currency="KWD")
    sells(anna, "A-2", 10_005)
    assert (has(anna, "KWD"), has(anna)) == (1_500, 1_001)
    gives_back("A-1", 3_335)
    assert has(anna, "KWD") == 1_000, "a third of the order, a third of 1.500"
    assert (pays(anna, "T-1", "KWD"), pays(anna, "T-2")) == (1_000, 1_001)


def test_the_tier_is_reached_in_the_middle_of_the_month_and_gone_with_it(anna: Partner) -> None:
    gives(anna, "10", tiers=(Tier(3, percent=Decimal(15)),))
    for day in (2, 9, 16, 23):
        sells(anna, f"M-{day}", 10_000, at=march(day))
    sells(anna, "April", 10_000, at=datetime(2026, 4, 1, tzinfo=UTC))
    earned = dict(anna.commissions.values_list("order__external_id", "amount"))
    assert earned == {"M-2": 1_000, "M-9": 1_000, "M-16": 1_500, "M-23": 1_500, "April": 1_000}


def test_a_late_order_counts_in_its_own_month(anna: Partner) -> None:
    gives(anna, "10", tiers=(Tier(3, percent=Decimal(15)),))
    for number in (1, 2):
        sells(anna, f"M-{number}", 10_000, at=march(number))
    sells(anna, "A-1", 10_000, at=datetime(2026, 4, 2, tzinfo=UTC))
    late = sells(anna, "late", 10_000, at=march(31, 23))
    assert late is not None
    assert late.amount == 1_500, "the third of March, though April has begun"
    april = sells(anna, "A-2", 10_000, at=datetime(2026, 4, 3, tzinfo=UTC))
    assert april is not None
    assert april.amount == 1_000, "the second of April"


def test_a_cap_is_hit_in_the_middle_of_an_order_with_lines(anna: Partner) -> None:
    gives(anna, 600, currency="USD", per_line=True, cap_month=2_000)
    sells(anna, "A-1", 0, ("sock", 2_000), ("sock", 2_000))
    sells(anna, "A-2", 0, ("sock", 2_000), ("sock", 2_000), ("hat", 2_000))
    first, second = anna.commissions.order_by("id")
    assert (first.amount, second.amount) == (1_200, 800)  # 20.00 a month: 6.00, then 2.00 of 6.00, then nothing
    assert [part["gives"] for part in second.explanation["parts"]] == [600, 200, 0]
    gives_back("A-2", 2_000, line=1)
    assert has(anna) == 1_200 + 600, "with the second line goes what was left for it"
    third = sells(anna, "A-3", 5_000)
    assert third is None or third.amount == 0, "a refund does not reopen the cap"


def test_a_product_rule_leaves_the_rest_of_the_basket_to_the_next_one(anna: Partner) -> None:
    gives(anna, "30", product_keys=("course",))
    gives(anna, "5")
    mixed = sells(anna, "A-1", 0, ("course", 19_900), ("mug", 1_500), ("course", 100))
    assert mixed is not None
    assert mixed.amount == 6_000 + 75  # 30% of 200.00 and 5% of 15.00
    gives_back("A-1", 1_500, line=1)
    assert has(anna) == 6_000
    gives_back("A-1", 19_900, line=0)
    assert has(anna) == 30
    gives_back("A-1")
    assert has(anna) == 0


def test_with_the_one_line_that_earned_everything_goes_back(anna: Partner) -> None:
    gives(anna, "20", product_keys=("book",))
    sells(anna, "A-1", 0, ("book", 4_000), ("pen", 6_000))
    assert has(anna) == 800
    gives_back("A-1", 6_000, line=1)
    assert has(anna) == 800, "the pen earned nothing and takes nothing back"
    gives_back("A-1", 4_000, line=0)
    assert has(anna) == 0


def test_an_order_in_a_currency_that_no_rule_is_for_earns_nothing_and_says_why(tenant: Merchant, anna: Partner) -> None:
    gives(anna, 500, currency="USD")
    gives(anna, "10", currency="USD", maximum=9_000)
    assert sells(anna, "A-1", 10_000, currency="EUR") is None
    order = tenant.orders.get(external_id="A-1")
    assert order.partner == anna, "it is hers all the same"
    assert order.attribution["reward"]["working"] == (
        "Nothing: currencies are never converted, and no rule in force is for this one."
    )
    gives_back("A-1")
    assert (has(anna, "EUR"), has(anna)) == (0, 0)


def test_the_rule_that_was_changed_between_order_and_refund_is_not_asked_again(anna: Partner) -> None:
    set_reward(partner=anna, kind="percentage", percent="10", effective_from=LONG_AGO, actor=ACTOR)
    sells(anna, "A-1", 10_000)
    set_reward(partner=anna, kind="percentage", percent="50", effective_from=march(11), actor=ACTOR)
    gives_back("A-1", 5_000)
    assert has(anna) == 500, "half of the 10.00 that it earned"
    end_reward(partner=anna, effective_from=march(12), actor=ACTOR)
    gives_back("A-1", 2_500)
    assert has(anna) == 250
    sells(anna, "A-2", 10_000, at=march(11, 18))
    assert has(anna) == 250 + 5_000


def test_a_rule_set_backwards_decides_orders_that_arrive_late(anna: Partner) -> None:
    set_reward(partner=anna, kind="percentage", percent="10", effective_from=LONG_AGO, actor=ACTOR)
    sells(anna, "A-1", 10_000, at=march(10))
    set_reward(partner=anna, kind="percentage", percent="20", effective_from=march(5), actor=ACTOR)
    sells(anna, "A-2", 10_000, at=march(4))
    sells(anna, "A-3", 10_000, at=march(6))
    assert [c.amount for c in anna.commissions.order_by("id")] == [1_000, 1_000, 2_000]


def test_a_floor_and_a_ceiling_shrink_with_the_order(anna: Partner) -> None:
    gives(anna, "10", currency="USD", minimum=500, maximum=3_000)
    sells(anna, "small", 2_000)  # 2.00, at least 5.00
    sells(anna, "large", 60_000)  # 60.00, at most 30.00
    assert has(anna) == 3_500
    gives_back("small", 1_000)
    assert has(anna) == 250 + 3_000, "half of the order, half of the 5.00"
    gives_back("large", 45_000)
    assert has(anna) == 250 + 750
    gives_back("small")
    gives_back("large")
    assert has(anna) == 0


def test_the_revenue_of_a_lifetime_reaches_a_tier_and_a_refund_does_not_take_it_back(anna: Partner) -> None:
    gives(
        anna, "5", currency="USD", tier_by="revenue", tier_period="lifetime", tiers=(Tier(100_000, percent=Decimal(8)),)
    )
    sells(anna, "A-1", 100_000, at=march(1))
    gives_back("A-1", 60_000)
    second = sells(anna, "A-2", 10_000, at=march(2) + timedelta(days=40))
    assert second is not None
    assert second.amount == 800, "1,000.00 had been sold when it came"
