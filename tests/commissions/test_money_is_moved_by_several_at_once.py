"""Refunds, payouts, rejections and the end of the hold at one moment, by real processes: the books hold afterwards."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import count
from uuid import UUID

import pytest
from django.db import IntegrityError, OperationalError
from django.utils import timezone
from psycopg import errors as postgres

from affiliates.models import Partner
from commissions import verify as commissions_verify
from commissions.hold import release_due
from commissions.models import CommissionStatus
from commissions.rejection import reject
from ledger import verify as ledger_verify
from ledger.accounts import partner_earned
from ledger.posting import balance
from merchants import tenancy
from merchants.errors import DomainError
from merchants.models import Merchant
from merchants.tenancy import Contended
from payouts import verify as payouts_verify
from payouts.manual import record_payout, reverse_payout
from payouts.models import Payout
from tests.factories import ACTOR, PartnerFactory
from tests.races import race
from tests.sales import give_ten_percent, refund, sell

ORDERS = 12
#: What a runner may be told: it came too late, or has to come again.
TOO_LATE = {"ok", "commissions_not_payable", "commission_not_rejectable", "refund_exceeds_order", "nothing_to_pay"}
_numbers = count()


def at_the_door(merchant: Merchant, work: Callable[[], object]) -> None:
    """As a request has it: in a transaction of its own, run again when it lost a race."""

    def attempt() -> None:
        try:
            work()
        except (IntegrityError, OperationalError) as error:
            if isinstance(error.__cause__, postgres.UniqueViolation | postgres.DeadlockDetected):
                raise Contended from error
            raise

    tenancy.run(merchant.id, attempt)


def unless_too_late(merchant: Merchant, work: Callable[[], object]) -> None:
    """The same; that somebody else was faster is no failure."""
    try:
        at_the_door(merchant, work)
    except DomainError as error:
        if error.code not in TOO_LATE:
            raise


@pytest.fixture
def bea(committed_merchant: Merchant) -> Partner:
    """A partner on 10% whom other processes see."""
    with tenancy.tenant(committed_merchant.id):
        made: Partner = PartnerFactory(name="Bea")
        give_ten_percent(made)
    return made


def books_hold(merchant: Merchant, partner: Partner) -> None:
    """Nothing is found, and the balance is what the unpaid commissions come to, less what is owed."""
    with tenancy.tenant(merchant.id):
        assert [*ledger_verify.problems(), *commissions_verify.problems(), *payouts_verify.problems()] == []
        for commission in partner.commissions.select_related("order"):
            if commission.status != CommissionStatus.REJECTED:
                assert commission.order is not None
                assert (
                    commission.amount - commission.reversed
                    == (commission.order.amount - commission.order.refunded) / 10
                )


def pay(partner: Partner, ids: list[UUID]) -> Payout:
    return record_payout(
        partner=partner,
        commission_ids=ids,
        transaction_id=f"T-{next(_numbers)}",
        paid_on=timezone.now().date(),
        actor=ACTOR,
    )


def refund_each(merchant: Merchant, orders: list[str], amount: int | None) -> None:
    """Each in a transaction of its own; one whose order has nothing left is refused and the next one tried."""
    for order in orders:
        unless_too_late(merchant, partial(refund, order, amount))


def test_refunds_of_many_orders_while_their_commissions_are_paid(committed_merchant: Merchant, bea: Partner) -> None:
    merchant = committed_merchant
    with tenancy.tenant(merchant.id):
        sold = [sell(bea, 10_000, order=f"o{i}") for i in range(ORDERS)]
    orders, ids = [f"o{i}" for i in range(ORDERS)], [commission.id for commission in sold]

    outcomes = race(
        lambda: refund_each(merchant, orders, 2_500),
        lambda: refund_each(merchant, orders[::-1], 1_000),
        lambda: refund_each(merchant, orders[::-1], 500),
        lambda: at_the_door(merchant, lambda: pay(bea, ids[::-1])),
        lambda: at_the_door(merchant, lambda: pay(bea, ids[: ORDERS // 2])),
    )
    assert set(outcomes) <= TOO_LATE, outcomes
    assert outcomes.count("ok") == 4  # of the two payouts, which share commissions, one
    books_hold(merchant, bea)
    with tenancy.tenant(merchant.id):
        payout = bea.payouts.get()
        unpaid = sum(c.amount - c.reversed for c in bea.commissions.exclude(status=CommissionStatus.PAID))
        paid = sum(c.amount - c.reversed for c in bea.commissions.filter(status=CommissionStatus.PAID))
        assert unpaid + paid == ORDERS * 600
        assert balance(partner_earned(bea.id), "USD") == unpaid + paid - payout.amount


def test_a_payout_is_reversed_while_its_orders_are_refunded_in_full(committed_merchant: Merchant, bea: Partner) -> None:
    merchant = committed_merchant
    with tenancy.tenant(merchant.id):
        ids = [sell(bea, 10_000, order=f"o{i}").id for i in range(ORDERS)]
        payout = pay(bea, ids)
    orders = [f"o{i}" for i in range(ORDERS)]

    outcomes = race(
        lambda: refund_each(merchant, orders, 10_000),
        lambda: refund_each(merchant, orders[::-1], 10_000),
        lambda: at_the_door(merchant, lambda: reverse_payout(payout, reason="came back", actor=ACTOR)),
    )
    assert outcomes == ["ok", "ok", "ok"]
    books_hold(merchant, bea)
    with tenancy.tenant(merchant.id):
        assert set(bea.commissions.values_list("status", flat=True)) == {CommissionStatus.REVERSED}
        assert balance(partner_earned(bea.id), "USD") == 0


def test_refund_rejection_and_release_of_the_same_commissions(committed_merchant: Merchant, bea: Partner) -> None:
    merchant = committed_merchant
    with tenancy.tenant(merchant.id):
        sold = [sell(bea, 10_000, order=f"o{i}", days_ago=1) for i in range(ORDERS)]
    assert {commission.status for commission in sold} == {CommissionStatus.PENDING}
    later = timezone.now() + timedelta(days=40)

    def reject_odd() -> None:
        for commission in sold[::-2]:
            unless_too_late(merchant, partial(reject, commission, reason="fraud", actor=ACTOR))

    def release() -> None:
        for _ in range(ORDERS):
            at_the_door(merchant, lambda: release_due(now=later, limit=3))

    outcomes = race(
        lambda: refund_each(merchant, [f"o{i}" for i in range(ORDERS)], 2_500),
        lambda: refund_each(merchant, [f"o{i}" for i in range(ORDERS)][::-1], None),
        reject_odd,
        release,
        release,
    )
    assert outcomes == ["ok"] * 5
    books_hold(merchant, bea)
    with tenancy.tenant(merchant.id):
        release_due(now=later)
        assert not bea.commissions.filter(status=CommissionStatus.PENDING).exists()
        for commission in bea.commissions.select_related("order"):
            assert commission.order is not None
            gone = commission.order.refunded == commission.order.amount
            expected = (
                {CommissionStatus.REVERSED, CommissionStatus.REJECTED}
                if gone
                else {CommissionStatus.APPROVED, CommissionStatus.REJECTED}
            )
            assert commission.status in expected
