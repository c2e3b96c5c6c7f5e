"""Deleting an order (SPEC A15): what it earned goes back, no list shows it, and it stays deleted."""

from datetime import date

import pytest
from django.utils import timezone

import commissions.verify
import orders.verify
import payouts.verify
import stats.verify
from affiliates.coupons import create_coupon, update_coupon
from affiliates.models import Partner
from commissions.adjustment import adjust
from commissions.rejection import reject, restore
from customers.models import Customer
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from payouts.manual import record_payout, reverse_payout
from stats import rollup
from stats.outstanding import outstanding_of
from tests.by_hand.conftest import books_are_even, buys, commission_of, earned, shown
from tests.factories import ACTOR
from tests.sales import refund
from tracking import ingest
from tracking.deletion import delete_order
from tracking.events import Sale, SaleCustomer
from tracking.reattribution import reattribute

pytestmark = pytest.mark.django_db


def sound() -> bool:
    found = [*commissions.verify.problems(), *payouts.verify.problems(), *stats.verify.problems()]
    assert not found
    return books_are_even()


def test_it_is_gone_from_lists_and_totals_and_stands_among_the_deleted(
    tenant: Merchant, anna: Partner, eva: Customer
) -> None:
    order = buys("A-1", 10_000, partner=anna)
    buys("A-2", 5_000)
    rollup.refresh()
    delete_order(tenant, order.id, reason="Recorded twice", actor=ACTOR)
    rollup.refresh()
    assert [o.external_id for o in tenant.orders.all()] == ["A-2"]
    assert [o.external_id for o in eva.orders.all()] == ["A-2"]
    assert [str(c.order) for c in anna.commissions.listed()] == ["A-2"]
    total = tenant.partner_totals.get(partner_id=anna.id, currency="USD")
    assert (total.orders, total.revenue, total.earned) == (1, 5_000, 500)
    hers = tenant.customer_totals.get(customer_id=eva.id)
    assert (hers.orders, hers.revenue, hers.commission) == (1, 5_000, 500)
    order.refresh_from_db()
    assert (order.deleted_by, order.deletion_reason, order.deleted_at is None) == ("test", "Recorded twice", False)
    assert shown(anna)[0] == ("A-1", 1_000, 1_000, "reversed")
    assert earned(anna) == 500
    assert sound()


def test_after_payment_it_is_owed_and_the_next_payout_nets_it(tenant: Merchant, anna: Partner, eva: Customer) -> None:
    order = buys("A-1", 10_000, partner=anna)
    paid = commission_of(order, anna)
    record_payout(partner=anna, commission_ids=[paid.id], transaction_id="T-1", paid_on=date(2026, 3, 1), actor=ACTOR)
    done = delete_order(tenant, order.id, reason="A test order", actor=ACTOR)
    assert [(back.amount, back.is_owed) for back in done.taken] == [(1_000, True)]
    assert earned(anna) == -1_000
    assert [str(c.order) for c in anna.commissions.listed()] == ["A-1"], "it explains the debt"
    buys("A-2", 30_000)
    (standing,) = outstanding_of(anna)
    assert (standing.owed, standing.payable) == (1_000, 2_000)
    assert sound()


def test_when_the_payout_came_back_too_nothing_is_owed_and_nothing_is_left_to_explain(
    tenant: Merchant, anna: Partner, eva: Customer
) -> None:
    order = buys("A-1", 10_000, partner=anna)
    paid = commission_of(order, anna)
    payout = record_payout(
        partner=anna, commission_ids=[paid.id], transaction_id="T-1", paid_on=date(2026, 3, 1), actor=ACTOR
    )
    delete_order(tenant, order.id, reason="A test order", actor=ACTOR)
    reverse_payout(payout, reason="Came back", actor=ACTOR)
    assert (earned(anna), shown(anna)) == (0, [("A-1", 1_000, 1_000, "reversed")])
    assert list(anna.commissions.listed()) == []
    assert sound()


def test_refunds_and_adjustments_before_leave_exactly_nothing(tenant: Merchant, anna: Partner, eva: Customer) -> None:
    order = buys("A-1", 10_000, partner=anna)
    adjust(commission_of(order, anna), amount=1_500, reason="A bonus", actor=ACTOR)
    refund("A-1", 2_500)
    assert earned(anna) == 750 + 375
    done = delete_order(tenant, order.id, reason="Never happened", actor=ACTOR)
    assert [back.amount for back in done.taken] == [1_125]
    assert earned(anna) == 0
    assert sound()


def test_a_moved_order_is_taken_from_whoever_has_it(
    tenant: Merchant, anna: Partner, ben: Partner, eva: Customer
) -> None:
    order = buys("A-1", 10_000, partner=anna)
    reattribute(eva, partner=ben, past="unpaid", reason="Wrong link", actor=ACTOR)
    delete_order(tenant, order.id, reason="Never happened", actor=ACTOR)
    assert (earned(anna), earned(ben)) == (0, 0)
    assert (list(anna.commissions.listed()), list(ben.commissions.listed())) == ([], [])
    assert sound()


def test_the_second_click_changes_nothing(tenant: Merchant, anna: Partner, eva: Customer) -> None:
    order = buys("A-1", 10_000, partner=anna)
    delete_order(tenant, order.id, reason="First", actor=ACTOR)
    again = delete_order(tenant, order.id, reason="Second", actor=ACTOR)
    assert (again.taken, again.order.deletion_reason) == ([], "First")
    assert tenant.audit_entries.filter(verb="order.delete").count() == 1


def test_its_id_stays_taken_and_only_another_brings_it_back(tenant: Merchant, anna: Partner, eva: Customer) -> None:
    sale = Sale(order_id="A-1", amount=10_000, currency="USD", partner=str(anna.id), placed_at=timezone.now())
    (first,) = ingest.record([sale], actor=ACTOR)
    assert first.answer is not None
    delete_order(tenant, first.answer.order.id, reason="A mistake", actor=ACTOR)
    (again,) = ingest.record([sale], actor=ACTOR)
    assert again.error is not None
    assert (again.error.code, again.error.status) == ("order_deleted", 409)
    assert "another order_id" in again.error.message
    with pytest.raises(Conflict) as refused:
        refund("A-1")
    assert refused.value.code == "order_deleted"
    sale = Sale(
        order_id="A-1b", amount=10_000, currency="USD", partner=str(anna.id), customer=SaleCustomer(external_id="x")
    )
    (new,) = ingest.record([sale], actor=ACTOR)
    assert new.created
    assert earned(anna) == 1_000


def test_a_reason_is_needed(tenant: Merchant, anna: Partner, eva: Customer) -> None:
    order = buys("A-1", 10_000, partner=anna)
    with pytest.raises(DomainError) as refused:
        delete_order(tenant, order.id, reason=" ", actor=ACTOR)
    assert (refused.value.code, refused.value.field) == ("required", "reason")
    assert earned(anna) == 1_000


def test_a_rejected_commission_of_it_stays_rejected_for_good(tenant: Merchant, anna: Partner, eva: Customer) -> None:
    order = buys("A-1", 10_000, partner=anna)
    commission = reject(commission_of(order, anna), reason="Stolen card", actor=ACTOR)
    delete_order(tenant, order.id, reason="Never happened", actor=ACTOR)
    with pytest.raises(Conflict, match="order was deleted"):
        restore(commission, reason="By mistake", actor=ACTOR)
    assert earned(anna) == 0
    assert sound()


def test_a_use_of_a_limited_coupon_is_given_back_once_and_no_other_is(
    tenant: Merchant, anna: Partner, eva: Customer
) -> None:
    coupon = create_coupon(partner=anna, code="ANNA", actor=ACTOR)
    before = buys("A-1", 10_000, coupon="ANNA")
    update_coupon(coupon, changes={"max_uses": 1}, actor=ACTOR)
    counted, refused = buys("A-2", 10_000, coupon="anna"), buys("A-3", 10_000, coupon="ANNA")
    assert refused.attribution["candidates"][0]["lost"] == "coupon_used_up"

    def uses() -> int:
        coupon.refresh_from_db()
        return coupon.uses

    delete_order(tenant, before.id, reason="Never counted", actor=ACTOR)
    delete_order(tenant, refused.id, reason="Was refused the coupon", actor=ACTOR)
    assert (uses(), list(orders.verify.problems())) == (1, [])
    for _ in range(2):
        delete_order(tenant, counted.id, reason="A mistake", actor=ACTOR)
    assert (uses(), list(orders.verify.problems())) == (0, [])
    assert buys("A-4", 10_000, coupon="ANNA").coupon == coupon, "the use is there again"
    assert uses() == 1


def test_a_moved_order_still_counts_on_its_coupon_and_gives_it_back(
    tenant: Merchant, anna: Partner, ben: Partner, eva: Customer
) -> None:
    coupon = create_coupon(partner=anna, code="ANNA", max_uses=1, actor=ACTOR)
    order = buys("A-1", 10_000, coupon="ANNA")
    reattribute(eva, partner=ben, past="unpaid", reason="Wrong link", actor=ACTOR)
    assert list(orders.verify.problems()) == []
    delete_order(tenant, order.id, reason="A mistake", actor=ACTOR)
    coupon.refresh_from_db()
    assert coupon.uses == 0


def test_verify_sees_a_use_too_many(tenant: Merchant, anna: Partner, eva: Customer) -> None:
    coupon = create_coupon(partner=anna, code="ANNA", max_uses=5, actor=ACTOR)
    buys("A-1", 10_000, coupon="ANNA")
    tenant.coupons.filter(id=coupon.id).update(uses=2)
    assert list(orders.verify.problems()) == ["coupon ANNA has 2 uses, its orders come to 1"]
