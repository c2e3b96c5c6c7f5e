"""Tiers, caps and first orders when a customer changes hands: the old partner's counts forget, the new one's know.

All orders are over 100.00 and of March 2026, so that a rate is what an order earns.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from psycopg.errors import LockNotAvailable

import commissions.verify
from affiliates.models import Partner
from commissions import standing
from customers.models import Customer
from merchants import tenancy
from merchants.models import Merchant
from rewards.details import Details, Tier
from rewards.terms import add_rule, set_reward
from tests.by_hand.conftest import books_are_even
from tests.factories import ACTOR, CustomerFactory, PartnerFactory
from tests.races import race, under_way
from tracking import ingest
from tracking.deletion import delete_order
from tracking.events import Sale, SaleCustomer
from tracking.reattribution import reattribute

MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)
LONG_AGO = MARCH - timedelta(days=900)


def called(name: str) -> Partner:
    made: Partner = PartnerFactory(name=name, email=f"{name}@example.com".lower())
    return made


def give(partner: Partner, percent: str, **details: object) -> None:
    said = Details(**details)  # type: ignore[arg-type]
    currency = "USD" if said.names_amounts else ""
    add_rule(
        partner=partner, kind="percentage", percent=percent, currency=currency, details=said, effective_from=LONG_AGO,
        actor=ACTOR,
    )  # fmt: skip


def buys(order: str, customer: str = "eva", *, partner: Partner | None = None, at: datetime = MARCH) -> int:
    """What an order over 100.00 earns whoever it goes to, in whole dollars."""
    sale = Sale(
        order_id=order, amount=10_000, currency="USD", partner=str(partner.id) if partner else None, placed_at=at,
        customer=SaleCustomer(external_id=customer),
    )  # fmt: skip
    (outcome,) = ingest.record([sale], actor=ACTOR)
    assert outcome.answer is not None, outcome.error
    return sum(commission.amount for commission in outcome.answer.commissions) // 100


def move(to: Partner | None, past: str = "unpaid", **more: object) -> list[int]:
    """Eva goes to `to`; what each order that moves earns, in whole dollars."""
    eva = Customer.objects.get(external_id="eva")
    done = reattribute(eva, partner=to, past=past, reason="Wrong link", actor=ACTOR, **more)  # type: ignore[arg-type]
    return [sum(stake.amount for stake in each.will) // 100 for each in done.moves]


def sound() -> bool:
    assert [*commissions.verify.problems(), *standing.problems()] == []
    return books_are_even()


@pytest.fixture
def anna(tenant: Merchant) -> Partner:
    return called("Anna")


@pytest.fixture
def ben(tenant: Merchant) -> Partner:
    return called("Ben")


def test_the_tier_that_anna_reached_with_eva_goes_and_ben_reaches_his(anna: Partner, ben: Partner) -> None:
    give(anna, "10", tiers=(Tier(3, percent=Decimal(20)),))
    give(ben, "5", tiers=(Tier(3, percent=Decimal(15)),))
    assert [buys(f"A-{n}", partner=anna) for n in (1, 2, 3)] == [10, 10, 20]
    assert buys("B-1", "zoe", partner=ben) == 5
    assert move(ben) == [5, 15, 15], "they are his second to fourth of the month"
    assert buys("A-4", "kim", partner=anna) == 10, "her first of the month"
    assert buys("B-5") == 15
    assert sound()


def test_a_cap_that_eva_had_filled_is_free_again_and_ben_s_is_kept(anna: Partner, ben: Partner) -> None:
    give(anna, "10", cap_month=2_500)
    give(ben, "10", cap_month=1_200)
    assert [buys(f"A-{n}", partner=anna) for n in (1, 2, 3, 4)] == [10, 10, 5, 0]
    assert move(ben) == [10, 2, 0, 0]
    assert [buys(f"A-{n}", "kim", partner=anna) for n in (5, 6, 7)] == [10, 10, 5]
    assert buys("B-1", "zoe", partner=ben) == 0
    assert sound()


def test_ben_earns_on_eva_s_first_two_orders_and_so_does_anna_when_they_come_back(anna: Partner, ben: Partner) -> None:
    for partner in (anna, ben):
        set_reward(partner=partner, kind="percentage", percent=1, effective_from=LONG_AGO, actor=ACTOR)
        give(partner, "30", first_orders=2)
    assert [buys(f"A-{n}", partner=anna) for n in (1, 2, 3)] == [30, 30, 1]
    assert move(ben) == [30, 30, 1]
    assert buys("A-4") == 1
    assert move(anna) == [30, 30, 1, 1]
    assert buys("A-5") == 1
    assert sound()


def test_part_of_the_past_moves_and_each_counts_what_they_have(anna: Partner, ben: Partner) -> None:
    give(anna, "10", tiers=(Tier(2, percent=Decimal(20)),))
    give(ben, "5", cap_customer=700)
    assert [buys(f"A-{n}", partner=anna, at=MARCH + timedelta(days=n)) for n in (1, 2, 3)] == [10, 20, 20]
    assert move(ben, "since", since=MARCH + timedelta(days=2)) == [5, 2]
    assert buys("A-4", "kim", partner=anna) == 20, "her second, after A-1"
    assert sound()


def test_a_deleted_order_frees_the_cap_it_filled_and_the_tier_it_reached(tenant: Merchant, anna: Partner) -> None:
    give(anna, "10", cap_month=1_500)
    assert [buys("A-1", partner=anna), buys("A-2", partner=anna)] == [10, 5]
    twin = tenant.orders.get(external_id="A-1")
    delete_order(tenant, twin.id, reason="Recorded twice", actor=ACTOR)
    assert buys("A-3", partner=anna) == 10, "of 15.00 only 5.00 are used"
    assert sound()


def test_the_first_twelve_months_count_from_when_eva_came_not_from_each_order(anna: Partner, ben: Partner) -> None:
    set_reward(partner=anna, kind="percentage", percent=10, effective_from=LONG_AGO, actor=ACTOR)
    set_reward(partner=ben, kind="percentage", percent=5, effective_from=LONG_AGO, actor=ACTOR)
    give(ben, "12", first_months=12)
    for number, months_ago in enumerate((14, 1, 0)):
        buys(f"A-{number}", partner=anna, at=MARCH - timedelta(days=30 * months_ago))
    assert move(ben) == [12, 5, 5]
    assert buys("A-9") == 5, "as a sale of hers today"
    assert sound()


@pytest.mark.parametrize("past", ["stays", "unpaid"])
def test_a_sale_after_the_move_counts_its_months_from_when_eva_came(anna: Partner, ben: Partner, past: str) -> None:
    for partner in (anna, ben):
        set_reward(partner=partner, kind="percentage", percent=5, effective_from=LONG_AGO, actor=ACTOR)
    give(ben, "12", first_months=12)
    buys("A-1", partner=anna, at=MARCH - timedelta(days=400))
    move(ben, past)
    assert buys("A-2", at=datetime.now(UTC)) == 5


def test_from_a_day_before_eva_came_her_months_still_begin_with_her(anna: Partner, ben: Partner) -> None:
    give(ben, "12", first_months=12)
    CustomerFactory(external_id="eva")
    for number in (1, 2):
        assert buys(f"A-{number}", at=MARCH + timedelta(days=number)) == 0
    assert move(ben, "since", since=datetime(2020, 1, 1, tzinfo=UTC)) == [12, 12]
    assert buys("A-3", at=MARCH + timedelta(days=3)) == 12
    assert buys("A-4", at=MARCH + timedelta(days=200)) == 12
    assert sound()


class Scene:
    """Anna and Ben on rules that count; Eva's two orders are Anna's."""

    def __init__(self, merchant: Merchant) -> None:
        self.merchant = merchant
        with tenancy.tenant(merchant.id):
            self.anna, self.ben = called("Anna"), called("Ben")
            give(self.anna, "10", tiers=(Tier(3, percent=Decimal(20)),), cap_customer=100_000)
            give(self.ben, "10", cap_month=2_500)
            for order in ("A-1", "A-2"):
                buys(order, partner=self.anna)

    def inside(self, work: Callable[[], object]) -> Callable[[], object]:
        return lambda: tenancy.run(self.merchant.id, work)

    def counted(self) -> dict[str, int]:
        """Orders by partner; nothing may be wrong."""
        with tenancy.tenant(self.merchant.id):
            assert sound()
            return {p.name: p.commissions.filter(moved=0).count() for p in (self.anna, self.ben)}

    def earned(self, partner: Partner) -> list[int]:
        with tenancy.tenant(self.merchant.id):
            return sorted(partner.commissions.filter(moved=0).values_list("amount", flat=True))


@pytest.mark.parametrize("rows", ["counted before", "to be made"])
def test_eva_moves_while_both_partners_sell(committed_merchant: Merchant, rows: str) -> None:
    scene = Scene(committed_merchant)
    if rows == "to be made":
        with tenancy.tenant(committed_merchant.id):
            standing.forget(partner_ids=[scene.anna.id, scene.ben.id])

    def selling(name: str, partner: Partner | None, customer: str) -> Callable[[], object]:
        return scene.inside(lambda: buys(name, customer, partner=partner))

    outcomes = race(
        scene.inside(lambda: move(scene.ben)),
        selling("A-3", scene.anna, "kim"),
        selling("A-4", scene.anna, "lou"),
        selling("B-1", scene.ben, "zoe"),
        selling("B-2", scene.ben, "max"),
        scene.inside(lambda: move(scene.ben)),
    )
    assert outcomes == ["ok"] * 6
    assert scene.counted() == {"Anna": 2, "Ben": 4}
    assert scene.earned(scene.ben) == [0, 500, 1_000, 1_000], "25.00 and no more, whoever came first"


def test_a_move_waits_for_a_sale_that_is_just_making_what_is_counted(committed_merchant: Merchant) -> None:
    scene = Scene(committed_merchant)
    with tenancy.tenant(committed_merchant.id):
        standing.forget(partner_ids=[scene.anna.id])

    def impatient() -> None:
        with tenancy.tenant(committed_merchant.id), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
            move(scene.ben)

    # The sale has counted Eva's orders among Anna's, and nobody sees the row yet.
    with under_way(committed_merchant, lambda: buys("A-3", "kim", partner=scene.anna)), pytest.raises(LockNotAvailable):
        impatient()
    scene.inside(lambda: move(scene.ben))()
    assert scene.counted() == {"Anna": 1, "Ben": 2}


def test_orders_are_deleted_while_their_partner_sells(committed_merchant: Merchant) -> None:
    scene = Scene(committed_merchant)

    def deleting(order: str) -> Callable[[], object]:
        def run() -> None:
            id = scene.merchant.orders.get(external_id=order).id
            delete_order(scene.merchant, id, reason="Twice", actor=ACTOR)

        return scene.inside(run)

    outcomes = race(
        deleting("A-1"),
        deleting("A-2"),
        scene.inside(lambda: buys("A-3", "kim", partner=scene.anna)),
        scene.inside(lambda: buys("A-4", partner=scene.anna)),
    )
    assert outcomes == ["ok"] * 4
    scene.counted()
