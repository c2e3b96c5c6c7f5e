"""Two people decide about one order at once: whoever comes second finds what the first left."""

from collections.abc import Callable
from datetime import date

import pytest

import commissions.verify
import payouts.verify
from affiliates.models import Partner
from customers.models import Customer
from merchants import tenancy
from merchants.models import Merchant
from orders.models import Order
from payouts.manual import record_payout
from tests.by_hand.conftest import books_are_even, buys, earned, earns
from tests.factories import ACTOR, CustomerFactory, PartnerFactory
from tests.races import race
from tests.sales import refund
from tracking.deletion import delete_order
from tracking.reattribution import reattribute


class Scene:
    """Anna has Eva's order of 100.00; what can happen to it, each in a transaction of its own."""

    def __init__(self, merchant: Merchant) -> None:
        self.merchant = merchant
        with tenancy.tenant(merchant.id):
            self.anna: Partner = earns(PartnerFactory(name="Anna"), "10")
            self.ben: Partner = earns(PartnerFactory(name="Ben"), "20")
            self.eva: Customer = CustomerFactory(external_id="c-eva")
            self.order: Order = buys("A-1", 10_000, partner=self.anna)

    def inside(self, do: Callable[[], object]) -> Callable[[], object]:
        def run() -> None:
            with tenancy.tenant(self.merchant.id):
                do()

        return run

    def move(self) -> object:
        return reattribute(self.eva, partner=self.ben, past="unpaid", reason="Wrong link", actor=ACTOR)

    def delete(self) -> object:
        return delete_order(self.merchant, self.order.id, reason="Never happened", actor=ACTOR)

    def refund(self) -> object:
        return refund("A-1", 2_500)

    def pay(self) -> object:
        ids = list(self.anna.commissions.values_list("id", flat=True))
        return record_payout(
            partner=self.anna, commission_ids=ids, transaction_id="T", paid_on=date(2026, 3, 1), actor=ACTOR
        )

    def stands(self) -> tuple[int, int]:
        with tenancy.tenant(self.merchant.id):
            assert not [*commissions.verify.problems(), *payouts.verify.problems()]
            assert books_are_even()
            return earned(self.anna), earned(self.ben)


@pytest.fixture
def scene(committed_merchant: Merchant) -> Scene:
    return Scene(committed_merchant)


def test_two_moves_move_once(scene: Scene) -> None:
    assert race(scene.inside(scene.move), scene.inside(scene.move)) == ["ok", "ok"]
    assert scene.stands() == (0, 2_000)


def test_a_move_and_a_refund_in_either_order_end_the_same(scene: Scene) -> None:
    assert race(scene.inside(scene.move), scene.inside(scene.refund)) == ["ok", "ok"]
    assert scene.stands() == (0, 1_500)


def test_a_move_and_a_payout_pay_or_move_but_never_both(scene: Scene) -> None:
    outcomes = race(scene.inside(scene.move), scene.inside(scene.pay))
    assert scene.stands() in ((0, 0), (0, 2_000))
    assert outcomes in (["ok", "ok"], ["commissions_not_payable", "ok"])


def test_a_deletion_and_a_refund_leave_nothing(scene: Scene) -> None:
    outcomes = race(scene.inside(scene.delete), scene.inside(scene.refund))
    assert outcomes in (["ok", "ok"], ["ok", "order_deleted"])
    assert scene.stands() == (0, 0)


def test_a_deletion_and_a_move_leave_nothing(scene: Scene) -> None:
    assert race(scene.inside(scene.delete), scene.inside(scene.move)) == ["ok", "ok"]
    assert scene.stands() == (0, 0)
