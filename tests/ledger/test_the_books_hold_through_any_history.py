"""A state machine over the whole engine on the real database: any history leaves the books provably right.

Ids come from tiny domains, so that duplicates, contradictions and refunds of refunds happen in almost every run.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from affiliates.partners import create_partner
from affiliates.programs import create_program
from commissions import hold, manual, rejection
from commissions import verify as commissions_verify
from commissions.models import Commission
from ledger import posting
from ledger import verify as ledger_verify
from ledger.accounts import CASH, COMMISSION_EXPENSE, partner_earned, partner_in_transit
from merchants import tenancy
from merchants.audit import system
from merchants.errors import DomainError
from merchants.onboarding import create_merchant
from orders.models import Order
from payouts import manual as payouts
from payouts import verify as payouts_verify
from payouts.models import Payout, PayoutItem
from rewards.terms import set_reward
from tracking import ingest
from tracking.events import Refund, Sale, SaleCustomer
from tracking.refunds import record_refund

START = datetime(2026, 1, 1, tzinfo=UTC)
ACTOR = system("test")
AMOUNTS = st.sampled_from([1, 99, 105, 1_000, 10_001])
SMALL = st.integers(0, 2)


class Histories(RuleBasedStateMachine):
    """Sales, refunds, holds, rejections, corrections, payouts and their reversal, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.merchant = create_merchant(slug=f"m-{uuid4().hex[:12]}", name="M", currency="USD", actor=ACTOR)
        self.now = START
        self.number = 0
        with self.inside():
            program = create_program(name="All", actor=ACTOR)
            set_reward(program=program, kind="percentage", percent="33.3333", effective_from=START, actor=ACTOR)
            self.partners = [
                create_partner(name=n, email=f"{n}@example.com", coupon_code=n, actor=ACTOR) for n in ("anna", "ben")
            ]
            set_reward(
                partner=self.partners[1], kind="fixed", amount=500, currency="USD", effective_from=START, actor=ACTOR
            )

    def inside(self) -> Any:
        return tenancy.tenant(self.merchant.id)

    def attempt(self, work: Any) -> Any:
        """Do `work`; a refusal is an answer too, and must leave nothing behind."""
        try:
            with self.inside(), transaction.atomic():
                return work()
        except DomainError as refused:
            return refused

    @rule(order=SMALL, amount=AMOUNTS, coupon=st.sampled_from(["anna", "BEN", "nobody", None]), customer=SMALL)
    def sale(self, order: int, amount: int, coupon: str | None, customer: int) -> None:
        sale = Sale(
            order_id=f"o{order}",
            amount=amount,
            currency="USD",
            coupon=coupon,
            customer=SaleCustomer(external_id=f"c{customer}"),
            placed_at=START,
        )
        (outcome,) = self.attempt(lambda: ingest.record([sale], actor=ACTOR, now=self.now))
        assert outcome.answer is not None or outcome.error.code == "order_conflict"

    @rule(order=SMALL, refund=SMALL, amount=st.one_of(st.none(), AMOUNTS))
    def refund(self, order: int, refund: int, amount: int | None) -> None:
        asked = Refund(order_id=f"o{order}", refund_id=f"r{refund}", amount=amount)
        self.attempt(lambda: record_refund(asked, actor=ACTOR, now=self.now))

    @rule(days=st.sampled_from([1, 31]))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.attempt(lambda: hold.release_due(now=self.now))

    @rule(pick=SMALL)
    def reject(self, pick: int) -> None:
        self.attempt(lambda: rejection.reject(self.pick(Commission, pick), reason="spam", actor=ACTOR))

    @rule(partner=st.integers(0, 1), amount=st.sampled_from([-700, -1, 250]))
    def correct(self, partner: int, amount: int) -> None:
        self.attempt(
            lambda: manual.record_manual(
                partner=self.partners[partner], amount=amount, currency="USD", reason="agreed", actor=ACTOR
            )
        )

    @rule(partner=st.integers(0, 1), most=st.integers(1, 4))
    def pay(self, partner: int, most: int) -> None:
        self.number += 1
        with self.inside():
            ids = list(self.partners[partner].commissions.payable().values_list("id", flat=True).order_by("id")[:most])
            earned = posting.balance(partner_earned(self.partners[partner].id), "USD")
        result = self.attempt(
            lambda: payouts.record_payout(
                partner=self.partners[partner],
                commission_ids=ids,
                transaction_id=f"t{self.number}",
                paid_on=START.date(),
                actor=ACTOR,
            )
        )
        if isinstance(result, Payout):
            assert 0 < result.amount <= earned

    @rule(pick=SMALL)
    def payout_comes_back(self, pick: int) -> None:
        self.attempt(lambda: payouts.reverse_payout(self.pick(Payout, pick), reason="returned", actor=ACTOR))

    def pick(self, model: Any, position: int) -> Any:
        found = list(model.objects.order_by("id"))
        if not found:
            raise DomainError("none yet")
        return found[position % len(found)]

    @invariant()
    def the_books_hold(self) -> None:
        with self.inside():
            found = [*ledger_verify.problems(), *commissions_verify.problems(), *payouts_verify.problems()]
            assert found == []

    @invariant()
    def what_was_earned_is_owed_or_paid(self) -> None:
        with self.inside():
            kept = sum(c.amount - c.reversed for c in Commission.objects.all())
            assert -posting.balance(COMMISSION_EXPENSE, "USD") == kept
            paid = posting.balance(CASH, "USD")
            assert paid == sum(p.amount for p in Payout.objects.exclude(status="reversed"))
            owed = sum(posting.balance(partner_earned(p.id), "USD") for p in self.partners)
            assert owed + paid == kept
            assert all(posting.balance(partner_in_transit(p.id), "USD") == 0 for p in self.partners)

    @invariant()
    def nothing_is_paid_or_refunded_twice(self) -> None:
        with self.inside():
            live = list(PayoutItem.objects.filter(is_live=True).values_list("commission_id", flat=True))
            assert len(live) == len(set(live))
            for order in Order.objects.all():
                assert order.refunded == sum(r.amount for r in order.refunds.all()) <= order.amount
                for commission in order.commissions.all():
                    assert 0 <= commission.reversed <= commission.amount
                    if order.refunded == order.amount:
                        assert commission.reversed == commission.amount

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)


@pytest.mark.django_db
def test_the_books_hold_through_any_history() -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
