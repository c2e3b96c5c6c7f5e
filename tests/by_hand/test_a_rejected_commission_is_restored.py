"""Rejecting and restoring, one or many, as often as somebody changes their mind (SPEC A13)."""

import pytest

import commissions.verify
from affiliates.models import Partner
from commissions.adjustment import adjust, worth
from commissions.rejection import reject, reject_many, restore, restore_many
from customers.models import Customer
from merchants.errors import Conflict
from merchants.models import Merchant
from tests.by_hand.conftest import books_are_even, buys, commission_of, earned, shown
from tests.factories import ACTOR, CommissionFactory
from tests.sales import refund

pytestmark = pytest.mark.django_db


def test_it_comes_again_and_the_books_tell_the_whole_story(anna: Partner, eva: Customer) -> None:
    commission = commission_of(buys("A-1", 10_000, partner=anna), anna)
    for _ in range(2):
        reject(commission, reason="Suspicious", actor=ACTOR)
        assert earned(anna) == 0
        restore(commission, reason="It was fine", actor=ACTOR)
        assert earned(anna) == 1_000
    assert [(taken.kind, taken.amount) for taken in commission.decisions.order_by("id")] == [
        ("rejection", 1_000),
        ("restoration", -1_000),
    ] * 2
    assert list(commissions.verify.problems()) == []
    assert books_are_even()


def test_one_on_hold_is_on_hold_again(anna: Partner, eva: Customer) -> None:
    commission = commission_of(buys("A-1", 10_000, partner=anna, days_ago=1), anna)
    reject(commission, reason="Suspicious", actor=ACTOR)
    assert restore(commission, reason="It was fine", actor=ACTOR).status == "pending"


def test_refunds_in_between_count(anna: Partner, eva: Customer) -> None:
    commission = commission_of(buys("A-1", 10_000, partner=anna), anna)
    refund("A-1", 1_000)
    reject(commission, reason="Suspicious", actor=ACTOR)
    refund("A-1", 2_000)
    restore(commission, reason="It was fine", actor=ACTOR)
    # 10.00 on 100.00; 30.00 went back, so 7.00 are left.
    assert shown(anna) == [("A-1", 1_000, 300, "approved")]
    assert earned(anna) == 700
    refund("A-1")
    assert earned(anna) == 0
    assert list(commissions.verify.problems()) == []


def test_restoring_twice_restores_once(anna: Partner, eva: Customer) -> None:
    commission = commission_of(buys("A-1", 10_000, partner=anna), anna)
    with pytest.raises(Conflict) as never:
        restore(commission, reason="?", actor=ACTOR)
    assert never.value.code == "commission_not_restorable"
    reject(commission, reason="Suspicious", actor=ACTOR)
    restore(commission, reason="It was fine", actor=ACTOR)
    restore(commission, reason="It was fine", actor=ACTOR)
    assert earned(anna) == 1_000


def test_nothing_is_restored_of_an_order_that_went_back_whole(anna: Partner, eva: Customer) -> None:
    commission = commission_of(buys("A-1", 10_000, partner=anna), anna)
    reject(commission, reason="Suspicious", actor=ACTOR)
    refund("A-1")
    with pytest.raises(Conflict, match="refunded in full"):
        restore(commission, reason="It was fine", actor=ACTOR)


def test_many_are_decided_together_or_not_at_all(tenant: Merchant, anna: Partner, eva: Customer) -> None:
    orders = [buys(f"A-{number}", 10_000, partner=anna) for number in range(3)]
    ids = [commission_of(order, anna).id for order in orders]
    assert reject_many(tenant, ids, reason="A bot", actor=ACTOR) == 3
    assert reject_many(tenant, ids, reason="A bot", actor=ACTOR) == 0
    assert restore_many(tenant, ids[:2], reason="No bot", actor=ACTOR) == 2
    assert restore_many(tenant, ids[:2], reason="No bot", actor=ACTOR) == 0
    assert earned(anna) == 2_000
    correction = CommissionFactory(partner=anna, amount=-100)
    with pytest.raises(Conflict):
        reject_many(tenant, [*ids, correction.id], reason="A bot", actor=ACTOR)
    assert earned(anna) == 1_900


def test_adjusting_what_was_paid_makes_a_commission_of_the_difference(anna: Partner, eva: Customer) -> None:
    commission = commission_of(buys("A-1", 10_000, partner=anna), anna)
    commission.status = "paid"
    commission.save()
    made = adjust(commission, amount=1_300, reason="A bonus was promised", actor=ACTOR)
    assert (made.amount, made.status, worth(commission), commission.status) == (300, "approved", 1_300, "paid")
