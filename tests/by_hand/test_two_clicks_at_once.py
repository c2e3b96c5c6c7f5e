"""A commission rejected, restored, adjusted, paid and refunded at the same moment, by threads: nothing is had twice."""

from collections.abc import Callable
from datetime import date
from itertools import count
from threading import Barrier, Thread

import pytest
from django.db import connections

import commissions.verify
import payouts.verify
from affiliates.models import Partner
from commissions.adjustment import adjust, worth
from commissions.models import Commission
from commissions.rejection import reject, restore
from merchants import tenancy
from merchants.errors import DomainError
from merchants.models import Merchant
from pages.answers import view_errors
from payouts.manual import record_payout
from tests.by_hand.conftest import books_are_even, earned
from tests.factories import ACTOR, PartnerFactory
from tests.sales import give_ten_percent, sell
from tracking.deletion import delete_order
from tracking.events import Refund
from tracking.refunds import record_refund

_LONGEST = 60


class Scene:
    """Anna has 10.00 of an order of 100.00. Each deed has a transaction of its own, as behind a page."""

    def __init__(self, merchant: Merchant) -> None:
        self.merchant = merchant
        self.numbers = count()
        with tenancy.tenant(merchant.id):
            self.anna: Partner = PartnerFactory(name="Anna")
            give_ten_percent(self.anna)
            self.commission: Commission = sell(self.anna, 10_000, order="A-1")

    def inside(self, work: Callable[[], object]) -> None:
        def attempt() -> None:
            with view_errors():
                work()

        tenancy.run(self.merchant.id, attempt)

    def mine(self) -> Commission:
        return self.merchant.commissions.get(id=self.commission.id)

    def reject(self) -> object:
        return reject(self.mine(), reason="A bot", actor=ACTOR)

    def restore(self) -> object:
        return restore(self.mine(), reason="No bot", actor=ACTOR)

    def adjust(self) -> object:
        return adjust(self.mine(), amount=1_400, reason="Promised", actor=ACTOR)

    def refund(self) -> object:
        asked = Refund(order_id="A-1", refund_id="R-1", amount=2_500)
        return record_refund(asked, actor=ACTOR)

    def pay(self) -> object:
        return record_payout(
            partner=self.anna, commission_ids=[c.id for c in self.anna.commissions.payable()],
            transaction_id=f"T-{next(self.numbers)}", paid_on=date(2026, 3, 1), actor=ACTOR,
        )  # fmt: skip

    def delete(self) -> object:
        return delete_order(self.merchant, self.mine().order_id, reason="Twice", actor=ACTOR)

    def at_once(self, *deeds: Callable[[], object]) -> list[str]:
        """Each in a thread with a connection of its own; "ok" or the code of the refusal."""
        start, outcomes = Barrier(len(deeds)), []

        def run(deed: Callable[[], object]) -> None:
            try:
                connections["default"].ensure_connection()
                start.wait(_LONGEST)
                self.inside(deed)
                outcomes.append("ok")
            except DomainError as error:
                outcomes.append(error.code)
            finally:
                connections.close_all()

        threads = [Thread(target=run, args=(deed,)) for deed in deeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_LONGEST)
            assert not thread.is_alive(), "a thread hangs"
        assert len(outcomes) == len(deeds), "a thread broke"
        return sorted(outcomes)

    def stands(self) -> tuple[int, str]:
        """What Anna has of it in the books, paid out or not, and its status."""
        with tenancy.tenant(self.merchant.id):
            assert not [*commissions.verify.problems(), *payouts.verify.problems()]
            assert books_are_even()
            paid = sum(self.anna.payouts.filter(status="paid").values_list("amount", flat=True))
            mine = self.mine()
            assert worth(mine) == earned(self.anna) + paid
            return worth(mine), str(mine.status)

    def decisions(self) -> list[str]:
        with tenancy.tenant(self.merchant.id):
            return list(self.mine().decisions.order_by("id").values_list("kind", flat=True))


@pytest.fixture
def scene(committed_merchant: Merchant) -> Scene:
    return Scene(committed_merchant)


def test_restored_by_two_clicks_it_is_given_again_once(scene: Scene) -> None:
    scene.inside(scene.reject)
    assert scene.at_once(scene.restore, scene.restore, scene.restore) == ["ok"] * 3
    assert scene.stands() == (1_000, "approved")
    assert scene.decisions() == ["rejection", "restoration"]


def test_adjusted_by_two_clicks_it_is_adjusted_once(scene: Scene) -> None:
    assert scene.at_once(scene.adjust, scene.adjust) == ["nothing_to_adjust", "ok"]
    assert scene.stands() == (1_400, "approved")


def test_rejected_and_paid_at_once_it_is_one_of_both(scene: Scene) -> None:
    outcomes = scene.at_once(scene.reject, scene.pay, scene.reject)
    if "commissions_not_payable" in outcomes or "commissions_needed" in outcomes:
        assert scene.stands() == (0, "rejected")
    else:
        assert outcomes == ["commission_not_rejectable", "commission_not_rejectable", "ok"]
        assert scene.stands() == (1_000, "paid")


def test_adjusted_refunded_and_paid_at_once(scene: Scene) -> None:
    outcomes = scene.at_once(scene.adjust, scene.refund, scene.pay)
    assert outcomes.count("ok") >= 2
    kept, status = scene.stands()
    # Adjusted to 14.00 and then a quarter taken, or a quarter taken and then adjusted to 14.00.
    assert kept in (750 + 300, 1_400)
    assert status == ("paid" if outcomes == ["ok"] * 3 else "approved")


def test_restored_and_refunded_at_once_a_quarter_is_gone(scene: Scene) -> None:
    scene.inside(scene.reject)
    assert scene.at_once(scene.restore, scene.refund, scene.restore, scene.refund) == ["ok"] * 4
    assert scene.stands() == (750, "approved")


def test_restored_paid_and_rejected_again_at_once(scene: Scene) -> None:
    scene.inside(scene.reject)
    scene.at_once(scene.restore, scene.pay, scene.reject, scene.restore)
    assert scene.stands() in ((0, "rejected"), (1_000, "approved"), (1_000, "paid"))


def test_everything_and_a_deletion_leave_nothing(scene: Scene) -> None:
    scene.at_once(scene.adjust, scene.delete, scene.refund, scene.pay, scene.reject, scene.delete)
    scene.inside(scene.delete)
    kept, status = scene.stands()
    assert (kept, status) in ((0, "reversed"), (0, "rejected"), (0, "paid"))
