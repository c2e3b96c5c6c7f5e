"""Any sequence of decisions by hand, refunds and payouts: the books are even and nobody has a thing twice."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import commissions.verify
import payouts.verify
from affiliates.models import Partner
from commissions.adjustment import adjust, worth
from commissions.flags import Doubt, raise_doubts
from commissions.hold import release_due, release_now
from commissions.models import Commission
from commissions.rejection import reject, restore
from commissions.reversal import kept_of
from commissions.review import decide
from customers.models import Customer
from merchants.errors import DomainError
from merchants.models import Merchant
from orders.models import Order
from payouts.manual import record_payout, reverse_payout
from tests.by_hand.conftest import assert_adjustments_wait, books_are_even, buys, earned
from tests.factories import ACTOR
from tracking.deletion import delete_order
from tracking.events import Refund
from tracking.reattribution import reattribute
from tracking.refunds import record_refund

pytestmark = pytest.mark.django_db

ORDERS = ("A-1", "A-2", "A-3")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.sampled_from(["anna", "ben", "nobody"])),
        st.tuples(st.just("refund"), st.sampled_from(ORDERS), st.integers(1, 4_000)),
        st.tuples(st.just("pay"), st.sampled_from(["anna", "ben"])),
        st.tuples(st.just("reject"), st.sampled_from(ORDERS)),
        st.tuples(st.just("adjust"), st.sampled_from(ORDERS), st.integers(0, 2_000)),
        st.tuples(st.just("restore"), st.sampled_from(ORDERS)),
        st.tuples(st.just("delete"), st.sampled_from(ORDERS)),
        st.tuples(st.just("doubt"), st.sampled_from(ORDERS)),
        st.tuples(st.just("settle"), st.sampled_from(ORDERS)),
        st.tuples(st.just("end"), st.sampled_from(ORDERS)),
        st.tuples(st.just("return"), st.sampled_from(["anna", "ben"])),
        st.tuples(st.just("wait"), st.sampled_from([0, 31])),
    ),
    min_size=6,
    max_size=20,
)


@example(
    steps=[("adjust", "A-1", 999), ("doubt", "A-1"), ("adjust", "A-1", 7), ("settle", "A-1"), ("wait", 0)],
    amounts=(5_000, 1, 1),
)
@example(
    steps=[("adjust", "A-3", 999), ("reject", "A-3"), ("restore", "A-3"), ("refund", "A-3", 100), ("wait", 31)],
    amounts=(1, 1, 5_000),
)
@given(steps=STEPS, amounts=st.tuples(*[st.integers(1, 9_999)] * 3))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_both_have_is_what_one_would(
    tenant: Merchant, anna: Partner, ben: Partner, eva: Customer, steps: list[Any], amounts: tuple[int, ...]
) -> None:
    # Each example is another three orders of the same customer.
    begun = Order.with_deleted.count()
    names = {name: f"{name}-{begun}" for name in ORDERS}
    for name, amount in zip(ORDERS, amounts, strict=True):
        # The last one is still on hold.
        buys(names[name], amount, partner=anna, days_ago=1 if name == ORDERS[-1] else 60)
    for number, step in enumerate(steps):
        try:
            _do(step, f"{begun}-{number}", tenant, {"anna": anna, "ben": ben, "nobody": None}, eva, names)
        except DomainError:
            continue  # Refused, as it may be; then nothing of it may be kept.
        assert_adjustments_wait()
    for order in Order.with_deleted.filter(external_id__in=names.values()):
        _is_had_once(order)
    assert not [*commissions.verify.problems(), *payouts.verify.problems()]
    assert books_are_even()
    for partner in (anna, ben):
        had = sum(c.amount - c.reversed for c in partner.commissions.all())
        paid = sum(partner.payouts.filter(status="paid").values_list("amount", flat=True))
        assert earned(partner) == had - paid


def _do(
    step: Any, key: str, tenant: Merchant, partners: dict[str, Partner | None], eva: Customer, names: dict[str, str]
) -> None:
    what, which = step[0], step[1]
    if what == "move":
        reattribute(eva, partner=partners[which], past="unpaid", reason="x", actor=ACTOR)
    elif what == "refund":
        record_refund(Refund(order_id=names[which], refund_id=key, amount=step[2]), actor=ACTOR)
    elif what == "pay":
        partner = partners[which]
        assert partner is not None
        ids = [c.id for c in partner.commissions.payable()]
        record_payout(partner=partner, commission_ids=ids, transaction_id=key, paid_on=date(2026, 3, 1), actor=ACTOR)
    elif what == "return":
        partner = partners[which]
        assert partner is not None
        for payout in partner.payouts.filter(status="paid").order_by("-id")[:1]:
            reverse_payout(payout, reason="x", actor=ACTOR)
    elif what == "wait":
        release_due(now=timezone.now() + timedelta(days=which))
    elif what == "delete":
        order = Order.with_deleted.get(external_id=names[which])
        delete_order(tenant, order.id, reason="x", actor=ACTOR)
    elif what == "adjust":
        for commission in tenant.commissions.filter(order__external_id=names[which], moved=0):
            adjust(commission, amount=step[2], reason="x", actor=ACTOR)
    elif what == "doubt":
        mine = tenant.commissions.filter(order__external_id=names[which], moved=0)
        raise_doubts([Doubt(commission.id, key, 2, "x", {}) for commission in mine], actor=ACTOR)
    elif what == "settle":
        for commission in tenant.commissions.filter(order__external_id=names[which], moved=0):
            decide(commission, outcome="released", reason="x", actor=ACTOR)
    elif what == "end":
        for commission in tenant.commissions.filter(order__external_id=names[which], moved=0):
            release_now(commission, reason="x", actor=ACTOR)
    else:
        for commission in tenant.commissions.filter(order__external_id=names[which], moved=0):
            (reject if what == "reject" else restore)(commission, reason="x", actor=ACTOR)


def _is_had_once(order: Order) -> None:
    """At most one commission stands, worth exactly what its terms give for what is left; of a deleted order nothing.

    Of what is gone no adjustment is left either.
    """
    rows = list(Commission.objects.filter(order=order))
    gone = [c for c in rows if c.moved or c.status == "rejected" or order.deleted_at is not None]
    assert all(c.amount == c.reversed for c in rows if c.moved)
    assert all(worth(c) == 0 for c in gone)
    standing = [c for c in rows if not c.moved]
    assert len(standing) == (1 if order.partner_id else 0)
    for commission in standing:
        assert commission.partner_id == order.partner_id
        left = kept_of(commission, order, refunded=order.refunded, refunds=order.refunds.all())
        gone = order.deleted_at is not None or commission.status == "rejected"
        assert commission.amount - commission.reversed == (0 if gone else left)
