"""Any history, in any time zone and around its odd days: the rollups equal what a plain loop over the rows gives.

And at every moment in between, what they do not say yet is named by an open mark, so `verify` never complains.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from commissions import hold, manual, rejection
from merchants import tenancy
from merchants.errors import DomainError
from merchants.models import Merchant
from merchants.settings import update_merchant
from payouts.manual import mark_paid, mark_unpaid
from rewards.terms import set_reward
from stats import reading, rollup, verify
from stats.marks import mark_everything
from tests.factories import ACTOR, LinkFactory, MerchantFactory, PartnerFactory, ProgramFactory
from tests.stats.plainly import recomputed, rollups, standing
from tracking import clicks, ingest
from tracking.events import Lead, Refund, Sale, SaleCustomer
from tracking.leads import record_lead
from tracking.refunds import record_refund

#: Zones with the UTC moment at which their clocks jump: over midnight twice, over midnight never, by half an hour,
#: over a whole day, not at all.
JUMPS = {
    "America/New_York": datetime(2025, 3, 9, 7, tzinfo=UTC),
    "America/Havana": datetime(2025, 11, 2, 5, tzinfo=UTC),
    "America/Sao_Paulo": datetime(2018, 11, 4, 3, tzinfo=UTC),
    "Antarctica/Casey": datetime(2010, 3, 4, 15, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2025, 4, 5, 15, tzinfo=UTC),
    "Pacific/Apia": datetime(2011, 12, 30, 10, tzinfo=UTC),
    "Asia/Kathmandu": datetime(2025, 6, 1, tzinfo=UTC),
}
ZONES = st.sampled_from(sorted(JUMPS))
MOMENTS = st.builds(
    lambda jump, minutes: jump + timedelta(minutes=minutes),
    st.sampled_from(list(JUMPS.values())),
    st.integers(-1800, 1800),
)
AMOUNTS = st.sampled_from([0, 1, 999, 10_000])
CURRENCIES = st.sampled_from(["USD", "JPY"])
SMALL = st.integers(0, 2)
PAID_ON = date(2026, 11, 2)
VISITORS = [uuid4() for _ in range(3)]
COUPONS = st.sampled_from(["anna", "ben", None])


class Histories(RuleBasedStateMachine):
    """Sales, refunds, leads, clicks, commissions by hand, payments, rejections and moves, with refreshes in between."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.merchant = MerchantFactory(slug=f"m-{uuid4().hex[:12]}", time_zone="America/Havana")
        self.number = 0
        with tenancy.tenant(self.merchant.id):
            # Of the moments below some are on hold and some are not.
            Merchant.objects.update(hold_days=3000)
            program = ProgramFactory()
            set_reward(
                program=program,
                kind="percentage",
                percent="33.3",
                actor=ACTOR,
                effective_from=datetime(1990, 1, 1, tzinfo=UTC),
            )
            self.partners = [PartnerFactory(name=name, coupon_code=name, program=program) for name in ("anna", "ben")]
            self.links = [LinkFactory(partner=partner) for partner in self.partners]

    def attempt(self, work: Any) -> None:
        """Do `work`; what is refused changes nothing."""
        try:
            with tenancy.tenant(self.merchant.id), transaction.atomic():
                work()
        except DomainError:
            pass

    @rule(order=SMALL, amount=AMOUNTS, currency=CURRENCIES, coupon=COUPONS, customer=st.none() | SMALL, at=MOMENTS)
    def sale(self, **given: Any) -> None:
        self.attempt(lambda: ingest.record([_sale(**given)], actor=ACTOR))

    @rule(data=st.lists(st.tuples(AMOUNTS, CURRENCIES, COUPONS, st.none() | SMALL, MOMENTS), max_size=6))
    def batch(self, data: list[tuple[Any, ...]]) -> None:
        self.number += 1
        names = ("amount", "currency", "coupon", "customer", "at")
        sales = [_sale(f"{self.number}-{i}", **dict(zip(names, row, strict=True))) for i, row in enumerate(data)]
        self.attempt(lambda: ingest.record(sales, actor=ACTOR))

    @rule(order=SMALL, amount=st.sampled_from([1, 500, None]))
    def refund(self, order: int, amount: int | None) -> None:
        self.number += 1
        refund = Refund(order_id=f"o{order}", refund_id=f"r{self.number}", amount=amount)
        self.attempt(lambda: record_refund(refund, actor=ACTOR))

    @rule(customer=SMALL, coupon=COUPONS, at=MOMENTS)
    def lead(self, customer: int, coupon: str | None, at: datetime) -> None:
        lead = Lead(name="signup", customer=_customer(customer), coupon=coupon, occurred_at=at)
        self.attempt(lambda: record_lead(lead, actor=ACTOR))

    @rule(whose=st.integers(0, 1), visitor=SMALL, at=MOMENTS)
    def click(self, whose: int, visitor: int, at: datetime) -> None:
        code = self.links[whose].code
        self.attempt(lambda: clicks.record(code=code, visitor=VISITORS[visitor], clicked_at=at, actor=ACTOR))

    @rule(whose=st.integers(0, 1), amount=st.sampled_from([-700, 900]), currency=CURRENCIES)
    def by_hand(self, whose: int, amount: int, currency: str) -> None:
        self.attempt(
            lambda: manual.record_manual(
                partner=self.partners[whose], amount=amount, currency=currency, reason="test", actor=ACTOR
            )
        )

    @rule()
    def reject_one(self) -> None:
        def work() -> None:
            commission = self.merchant.commissions.filter(status__in=["pending", "approved"]).first()
            if commission is not None:
                rejection.reject(commission, reason="test", actor=ACTOR)

        self.attempt(work)

    @rule(data=st.data())
    def release_or_pay(self, data: st.DataObject) -> None:
        """Statuses change in bulk, by statements that name no mark."""

        def work() -> None:
            unpaid = self.merchant.commissions.filter(status__in=["pending", "approved"])
            for commission in data.draw(st.sets(st.sampled_from(list(unpaid)))) if unpaid else ():
                if commission.status == "pending":
                    hold.release_now(commission, reason="test", actor=ACTOR)
            ids = [one.id for one in self.merchant.commissions.filter(status="approved", amount__gt=0)]
            self.number += 1
            reference = f"T-{self.number}"
            mark_paid(
                merchant=self.merchant, commission_ids=ids[::2], transaction_id=reference, paid_on=PAID_ON, actor=ACTOR
            )

        self.attempt(work)

    @rule()
    def take_back_a_payment(self) -> None:
        def work() -> None:
            paid = self.merchant.commissions.filter(status="paid").first()
            if paid is not None:
                mark_unpaid(merchant=self.merchant, commission_ids=[paid.id], reason="test", actor=ACTOR)

        self.attempt(work)

    @rule(zone=ZONES)
    def move(self, zone: str) -> None:
        self.attempt(lambda: update_merchant(self.merchant, changes={"time_zone": zone}, actor=ACTOR))

    @rule(limit=st.integers(1, 4))
    def refresh_some(self, limit: int) -> None:
        self.attempt(lambda: rollup.refresh(limit))

    @rule()
    def refresh_all(self) -> None:
        with tenancy.tenant(self.merchant.id):
            while rollup.refresh():
                pass
            assert rollups(self.merchant) == recomputed(Merchant.objects.get(id=self.merchant.id))

    @rule()
    def distrust(self) -> None:
        self.attempt(mark_everything)

    @rule()
    def open_a_customer(self) -> None:
        with tenancy.tenant(self.merchant.id):
            customer = self.merchant.customers.order_by("id").last()
            if customer is not None:
                rollup.refresh_customer(customer.id)
                expected = recomputed(self.merchant)["customer totals"]
                standing = rollups(self.merchant)["customer totals"]
                for currency in ("USD", "JPY"):
                    assert standing.get((customer.id, currency)) == expected.get((customer.id, currency))

    @invariant()
    def verify_finds_nothing(self) -> None:
        with tenancy.tenant(self.merchant.id):
            assert list(verify.problems()) == []

    @invariant()
    def balances_are_never_behind(self) -> None:
        with tenancy.tenant(self.merchant.id):
            found = reading.standing([partner.id for partner in self.partners])
            stands = {(one.partner_id, one.currency): (one.earned, one.pending, one.approved) for one in found}
            empty = (0, 0, 0)
            wanted = standing(self.merchant)
            assert all(stands.get(key, empty) == wanted.get(key, empty) for key in stands.keys() | wanted.keys())

    def teardown(self) -> None:
        try:
            self.refresh_all()
        finally:
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)


def _customer(number: int | None) -> SaleCustomer | None:
    return None if number is None else SaleCustomer(external_id=f"c{number}")


def _sale(order: Any, *, amount: int, currency: str, coupon: str | None, customer: int | None, at: datetime) -> Sale:
    return Sale(
        order_id=f"o{order}",
        amount=amount,
        currency=currency,
        coupon=coupon,
        customer=_customer(customer),
        placed_at=at,
    )


@pytest.mark.django_db
def test_any_history_leaves_rollups_that_equal_their_source() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Histories,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
