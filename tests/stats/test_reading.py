"""What pages read, by numbers a person can check."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from affiliates.models import Partner
from commissions.manual import record_manual
from merchants.models import Merchant
from stats import reading, rollup
from stats.reading import Figures, percent_change
from tests.factories import ACTOR, LinkFactory, PartnerFactory
from tracking import clicks, ingest
from tracking.events import Refund, Sale, SaleCustomer
from tracking.refunds import record_refund

FIRST, SECOND, THIRD = date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@pytest.fixture
def ben(tenant: Merchant) -> Partner:
    made: Partner = PartnerFactory(coupon_code="BEN")
    return made


@pytest.fixture
def sold(tenant: Merchant, partner: Partner, ben: Partner) -> Merchant:
    """Anna: 100.00 on the first, 50.00 on the third, 20.00 of that refunded, a click. Ben: 70.00 and 9 yen on the
    third. Without a partner: 30.00 on the third."""
    sales = [
        ("a1", 10000, "USD", "ANNA10", FIRST),
        ("a2", 5000, "USD", "ANNA10", THIRD),
        ("b1", 7000, "USD", "BEN", THIRD),
        ("b2", 9, "JPY", "BEN", THIRD),
        ("d1", 3000, "USD", None, THIRD),
    ]
    ingest.record(
        [
            Sale(
                order_id=order_id,
                amount=amount,
                currency=currency,
                coupon=coupon,
                placed_at=at(day),
                customer=SaleCustomer(external_id=coupon or "direct"),
            )
            for order_id, amount, currency, coupon, day in sales
        ],
        actor=ACTOR,
    )
    record_refund(Refund(order_id="a2", refund_id="r", amount=2000), actor=ACTOR)
    clicks.record(code=LinkFactory(partner=partner).code, clicked_at=at(THIRD), actor=ACTOR)
    rollup.refresh()
    return tenant


def test_every_day_of_the_period_is_there(sold: Merchant) -> None:
    days = reading.merchant_days(FIRST, THIRD, "USD")
    assert [day.day for day in days] == [FIRST, SECOND, THIRD]
    assert days[0].figures == Figures(orders=1, revenue=10000)
    assert days[1].figures == Figures()
    assert days[2].figures == Figures(
        clicks=1, unique_clicks=1, orders=2, revenue=12000, refunded=2000, direct_orders=1, direct_revenue=3000
    )


def test_a_partners_days_are_that_partners(sold: Merchant, ben: Partner) -> None:
    (day,) = reading.partner_days(ben.id, THIRD, THIRD, "USD")
    assert day.figures == Figures(orders=1, revenue=7000)


def test_the_best_bring_most_in_the_period(sold: Merchant, partner: Partner, ben: Partner) -> None:
    assert [best.partner_id for best in reading.best_partners(FIRST, THIRD, "USD", 5)] == [partner.id, ben.id]
    assert [best.partner_id for best in reading.best_partners(THIRD, THIRD, "USD", 1)] == [ben.id]
    (best,) = reading.best_partners(FIRST, THIRD, "JPY", 5)
    assert (best.partner_id, best.figures.revenue) == (ben.id, 9)


def test_totals_of_partners_and_of_one_who_has_done_nothing(sold: Merchant, partner: Partner, ben: Partner) -> None:
    idle = PartnerFactory()
    totals = reading.partner_totals([partner.id, ben.id, idle.id], "USD")
    assert totals[partner.id] == Figures(clicks=1, unique_clicks=1, orders=2, revenue=15000, refunded=2000)
    assert totals[ben.id].revenue == 7000
    assert totals[idle.id] == Figures()


def test_a_commission_by_hand_is_earned(sold: Merchant, ben: Partner) -> None:
    record_manual(partner=ben, amount=700, currency="USD", reason="thanks", actor=ACTOR)
    rollup.refresh()
    assert reading.partner_totals([ben.id], "USD")[ben.id].earned == 700


def test_a_customer_has_a_row_for_each_currency(sold: Merchant) -> None:
    customer = sold.customers.get(external_id="BEN")
    yen, dollars = reading.customer_totals(customer.id)
    assert (yen.currency, yen.revenue) == ("JPY", 9)
    assert (dollars.orders, dollars.referred_orders, dollars.revenue) == (1, 1, 7000)
    assert dollars.first_order_at == dollars.last_order_at == at(THIRD)


def test_opening_a_customer_shows_what_happened_a_moment_ago(sold: Merchant) -> None:
    record_refund(Refund(order_id="b1", refund_id="r", amount=500), actor=ACTOR)
    customer = sold.customers.get(external_id="BEN")
    assert reading.customer_totals(customer.id)[1].refunded == 0
    rollup.refresh_customer(customer.id)
    assert reading.customer_totals(customer.id)[1].refunded == 500


def test_a_change_says_by_how_many_percent() -> None:
    assert percent_change(12_000, 10_000) == Decimal("20.0")
    assert percent_change(1, 0) is None, "there was nothing before"
    assert percent_change(100, -100) == Decimal("200.0"), "from below zero up is a rise"
