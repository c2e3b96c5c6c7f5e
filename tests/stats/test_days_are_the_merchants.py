"""A day is what the merchant's wall clock shows, also on the days on which it jumps."""

from datetime import UTC, date, datetime, timedelta

import pytest

from affiliates.models import Partner
from merchants.models import Merchant
from merchants.settings import update_merchant
from stats import rollup
from tests.factories import ACTOR
from tracking import ingest
from tracking.events import Sale


def sell(*moments: datetime) -> None:
    sales = [
        Sale(order_id=moment.isoformat(), amount=100, currency="USD", coupon="ANNA10", placed_at=moment)
        for moment in moments
    ]
    ingest.record(sales, actor=ACTOR)


def orders_by_day(merchant: Merchant) -> dict[date, int]:
    return dict(merchant.partner_days.order_by("day").values_list("day", "orders"))


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        # Has the hour from midnight to one twice.
        ("America/Havana", date(2025, 11, 2), datetime(2025, 11, 2, 4, tzinfo=UTC)),
        # Has no midnight: clocks go from 23:59 to one o'clock.
        ("America/Sao_Paulo", date(2018, 11, 4), datetime(2018, 11, 4, 3, tzinfo=UTC)),
        # The day before never was.
        ("Pacific/Apia", date(2011, 12, 31), datetime(2011, 12, 30, 10, tzinfo=UTC)),
        ("Asia/Kathmandu", date(2025, 6, 2), datetime(2025, 6, 1, 18, 15, tzinfo=UTC)),
    ],
)
def test_a_day_begins_when_the_clock_says_so(
    tenant: Merchant, partner: Partner, zone: str, day: date, begins: datetime
) -> None:
    update_merchant(tenant, changes={"time_zone": zone}, actor=ACTOR)
    rollup.refresh()
    sell(begins - timedelta(seconds=1), begins)
    rollup.refresh()
    days = orders_by_day(tenant)
    assert days.pop(day) == 1
    ((before, orders),) = days.items()
    assert before < day
    assert orders == 1


def test_both_hours_of_a_day_that_has_midnight_twice_count(tenant: Merchant, partner: Partner) -> None:
    update_merchant(tenant, changes={"time_zone": "America/Havana"}, actor=ACTOR)
    rollup.refresh()
    sell(datetime(2025, 11, 2, 4, 30, tzinfo=UTC), datetime(2025, 11, 2, 5, 30, tzinfo=UTC))
    rollup.refresh()
    assert orders_by_day(tenant) == {date(2025, 11, 2): 2}


def test_another_time_zone_cuts_the_days_anew(tenant: Merchant, partner: Partner) -> None:
    sell(datetime(2026, 3, 1, 3, tzinfo=UTC))
    rollup.refresh()
    assert orders_by_day(tenant) == {date(2026, 3, 1): 1}
    update_merchant(tenant, changes={"time_zone": "America/New_York"}, actor=ACTOR)
    rollup.refresh()
    assert orders_by_day(tenant) == {date(2026, 2, 28): 1}
    assert tenant.stale_marks.count() == 0


def test_another_name_cuts_nothing(tenant: Merchant) -> None:
    update_merchant(tenant, changes={"name": "New name", "time_zone": "UTC"}, actor=ACTOR)
    assert tenant.stale_marks.count() == 0
