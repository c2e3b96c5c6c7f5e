"""Re-attribution (SPEC A17), as stories. Anna earns 10%, Ben 20%; Eva came through Anna."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

import commissions.verify
import payouts.verify
import stats.verify
from affiliates.coupons import create_coupon
from affiliates.models import Partner
from affiliates.partners import suspend
from commissions.adjustment import adjust
from commissions.rejection import reject
from customers.models import Customer
from merchants.errors import Conflict, DomainError, NotFound
from merchants.models import Merchant
from payouts.manual import record_payout
from stats import rollup
from tests.by_hand.conftest import books_are_even, buys, commission_of, earned, shown
from tests.factories import ACTOR, PartnerFactory
from tests.sales import refund
from tracking.customer_erasure import delete_customer
from tracking.reattribution import Reattribution, reattribute

pytestmark = pytest.mark.django_db


def give(eva: Customer, partner: Partner | None, past: str = "stays", **more: object) -> Reattribution:
    return reattribute(eva, partner=partner, past=past, reason="Wrong link", actor=ACTOR, **more)  # type: ignore[arg-type]


def pay(partner: Partner, order_id: str) -> None:
    chosen = partner.commissions.get(order__external_id=order_id)
    record_payout(
        partner=partner, commission_ids=[chosen.id], transaction_id=order_id, paid_on=date(2026, 3, 1), actor=ACTOR
    )


def sound() -> bool:
    found = [*commissions.verify.problems(), *payouts.verify.problems(), *stats.verify.problems()]
    assert not found
    return books_are_even()


def test_by_default_the_past_stays_and_what_is_bought_from_now_on_is_the_new_partners(
    anna: Partner, ben: Partner, eva: Customer
) -> None:
    buys("A-1", 10_000, partner=anna)
    done = give(eva, ben)
    assert (done.before, done.after, done.moves) == (anna, ben, [])
    buys("A-2", 10_000, days_ago=0)
    assert shown(anna) == [("A-1", 1_000, 0, "approved")]
    assert shown(ben) == [("A-2", 2_000, 0, "pending")]
    assert (earned(anna), earned(ben)) == (1_000, 2_000)


def test_all_unpaid_moves_at_the_new_partners_terms_and_both_stand_in_the_books(
    anna: Partner, ben: Partner, eva: Customer
) -> None:
    first, second = buys("A-1", 10_000, partner=anna), buys("A-2", 5_000)
    done = give(eva, ben, "unpaid")
    assert shown(anna) == [("A-1", 1_000, 1_000, "reversed"), ("A-2", 500, 500, "reversed")]
    assert shown(ben) == [("A-1", 2_000, 0, "approved"), ("A-2", 1_000, 0, "approved")]
    assert [(share.partner, share.amount, currency) for share, currency in done.totals] == [
        ("Anna", -1_500, "USD"),
        ("Ben", 3_000, "USD"),
    ]
    assert (earned(anna), earned(ben)) == (0, 3_000)
    first.refresh_from_db()
    assert (first.partner, first.attribution["via"]) == (ben, "hand")
    assert first.attribution["candidates"][0]["lost"] == "moved_by_hand"
    (decision,) = anna.commissions.get(order=second).decisions.all()
    assert (decision.kind, decision.amount, decision.decided_by) == ("reattribution", 500, "test")
    assert decision.reason == "The customer was given to another partner: Wrong link"
    assert sound()


def test_from_a_date_on_moves_what_was_placed_since_and_direct_orders_too(
    anna: Partner, ben: Partner, eva: Customer
) -> None:
    buys("A-1", 10_000, days_ago=90)
    buys("A-2", 10_000, partner=anna, days_ago=80)
    buys("A-3", 10_000, days_ago=50)
    done = give(eva, ben, "since", since=timezone.now() - timedelta(days=85))
    assert [move.order.external_id for move in done.moves] == ["A-2", "A-3"]
    done = give(eva, ben, "since", since=timezone.now() - timedelta(days=100))
    assert [(move.order.external_id, move.was, move.will[0].amount) for move in done.moves] == [("A-1", [], 2_000)]
    assert earned(ben) == 6_000
    assert sound()


def test_a_preview_says_the_very_same_and_keeps_nothing(anna: Partner, ben: Partner, eva: Customer) -> None:
    buys("A-1", 10_000, partner=anna)
    before = (shown(anna), earned(anna), eva.merchant.audit_entries.count())
    preview = give(eva, ben, "unpaid", dry_run=True)
    assert (shown(anna), earned(anna), eva.merchant.audit_entries.count()) == before
    assert shown(ben) == []
    assert preview.totals == give(eva, ben, "unpaid").totals


def test_what_was_paid_never_moves_and_the_answer_says_why(anna: Partner, ben: Partner, eva: Customer) -> None:
    buys("A-1", 10_000, partner=anna)
    buys("A-2", 10_000)
    pay(anna, "A-1")
    done = give(eva, ben, "unpaid")
    assert [(stay.order.external_id, stay.why) for stay in done.stays] == [("A-1", "Anna was paid for it")]
    assert shown(anna)[0] == ("A-1", 1_000, 0, "paid")
    assert (earned(anna), earned(ben)) == (0, 2_000)
    assert sound()


def test_rejected_fully_refunded_and_third_partners_orders_stay(anna: Partner, ben: Partner, eva: Customer) -> None:
    create_coupon(partner=ben, code="BEN20", actor=ACTOR)
    rejected = buys("A-1", 10_000, partner=anna)
    buys("A-2", 10_000)
    buys("A-3", 10_000, coupon="BEN20")
    reject(commission_of(rejected, anna), reason="Stolen card", actor=ACTOR)
    refund("A-2")
    done = give(eva, PartnerFactory(), "unpaid")
    assert [(stay.order.external_id, stay.why) for stay in done.stays] == [
        ("A-1", "the commission of Anna was rejected: restore it first"),
        ("A-2", "it was refunded in full: nothing of it is left"),
        ("A-3", "it came to Ben by their coupon"),
    ]
    assert done.moves == []


def test_refunds_that_were_given_are_respected_and_later_ones_come_from_the_new_partner(
    anna: Partner, ben: Partner, eva: Customer
) -> None:
    buys("A-1", 10_000, partner=anna)
    refund("A-1", 2_500)
    assert earned(anna) == 750
    give(eva, ben, "unpaid")
    # 20% of 100.00 is 20.00, of which a quarter of the order took 5.00.
    assert shown(ben) == [("A-1", 2_000, 500, "approved")]
    refund("A-1", 5_000)
    assert (earned(anna), earned(ben)) == (0, 500)
    refund("A-1")
    assert (earned(anna), earned(ben)) == (0, 0)
    assert sound()


def test_there_and_back_again_nothing_moves_twice(anna: Partner, ben: Partner, eva: Customer) -> None:
    buys("A-1", 10_000, partner=anna)
    for to in (ben, ben, anna, ben, anna, anna):
        give(eva, to, "unpaid")
    assert [(row[1:], anna.commissions.filter(order__external_id=row[0]).count()) for row in shown(anna)] == [
        ((1_000, 1_000, "reversed"), 3),
        ((1_000, 1_000, "reversed"), 3),
        ((1_000, 0, "approved"), 3),
    ]
    assert (earned(anna), earned(ben)) == (1_000, 0)
    assert eva.merchant.audit_entries.filter(verb="customer.reattribute").count() == 4
    assert sound()


def test_an_adjustment_goes_back_with_the_commission_that_it_adjusts(
    anna: Partner, ben: Partner, eva: Customer
) -> None:
    order = buys("A-1", 10_000, partner=anna)
    adjust(commission_of(order, anna), amount=1_300, reason="A bonus", actor=ACTOR)
    done = give(eva, ben, "unpaid")
    assert done.moves[0].was[0].amount == 1_300
    assert (earned(anna), earned(ben)) == (0, 2_000)
    assert sound()


def test_a_new_partner_without_terms_earns_nothing_and_the_preview_says_so(anna: Partner, eva: Customer) -> None:
    buys("A-1", 10_000, partner=anna)
    (move,) = give(eva, PartnerFactory(), "unpaid", dry_run=True).moves
    assert (move.will, move.nothing[:8]) == ([], "Nothing:")


def test_to_nobody_makes_direct_orders(anna: Partner, eva: Customer) -> None:
    order = buys("A-1", 10_000, partner=anna)
    give(eva, None, "unpaid")
    order.refresh_from_db()
    assert (order.partner, order.attribution["outcome"], earned(anna)) == (None, "direct", 0)
    assert buys("A-2", 10_000, days_ago=0).partner is None
    assert sound()


def test_yen_and_dinar_move_in_their_own_units(anna: Partner, ben: Partner, eva: Customer) -> None:
    buys("A-1", 333, partner=anna, currency="JPY")
    buys("A-2", 10_005, currency="KWD")
    done = give(eva, ben, "unpaid")
    assert [(share.partner, share.amount, currency) for share, currency in done.totals] == [
        ("Anna", -33, "JPY"),
        ("Anna", -1_001, "KWD"),
        ("Ben", 67, "JPY"),
        ("Ben", 2_001, "KWD"),
    ]
    assert books_are_even("JPY")
    assert books_are_even("KWD")


def test_the_rollups_follow(tenant: Merchant, anna: Partner, ben: Partner, eva: Customer) -> None:
    buys("A-1", 10_000, partner=anna)
    rollup.refresh()
    give(eva, ben, "unpaid")
    rollup.refresh()
    totals = {
        row.partner_id: (row.orders, row.revenue, row.earned) for row in tenant.partner_totals.filter(currency="USD")
    }
    assert totals[ben.id] == (1, 10_000, 2_000)
    assert totals[anna.id] == (0, 0, 0)
    assert sound()


def test_what_cannot_be_is_refused_with_a_sentence(anna: Partner, ben: Partner, eva: Customer) -> None:
    buys("A-1", 10_000, partner=anna)
    with pytest.raises(DomainError, match="from when") as needed:
        give(eva, ben, "since")
    assert needed.value.code == "since_needed"
    ben.email = "eva+ben@example.com"
    ben.save()
    with pytest.raises(Conflict, match="same person") as oneself:
        give(eva, ben)
    assert oneself.value.code == "self_referral"
    suspend(ben, actor=ACTOR)
    with pytest.raises(Conflict, match="approve the partner first") as unapproved:
        give(eva, ben)
    assert unapproved.value.code == "partner_not_approved"
    delete_customer(eva, actor=ACTOR)
    with pytest.raises(NotFound):
        give(eva, anna)
    assert earned(anna) == 1_000


def test_a_partner_who_was_suspended_meanwhile_gets_nobody(
    tenant: Merchant, anna: Partner, ben: Partner, eva: Customer
) -> None:
    buys("A-1", 10_000, partner=anna)
    suspend(tenant.partners.get(id=ben.id), actor=ACTOR)
    assert ben.status == "approved", "as the page still has him"
    for past in ("stays", "unpaid"):
        with pytest.raises(Conflict, match="approve the partner first"):
            give(eva, ben, past)
    assert earned(anna) == 1_000


def test_the_audit_row_has_before_and_after(tenant: Merchant, anna: Partner, ben: Partner, eva: Customer) -> None:
    buys("A-1", 10_000, partner=anna)
    give(eva, ben, "unpaid")
    entry = tenant.audit_entries.get(verb="customer.reattribute")
    assert entry.before == {"partner_id": str(anna.id), "partner": "Anna"}
    assert entry.after is not None
    assert (entry.after["partner"], entry.after["reason"], entry.after["past"]) == ("Ben", "Wrong link", "unpaid")
    (moved,) = entry.after["moved"]
    assert (moved["order"], moved["currency"]) == ("A-1", "USD")
    assert [(share["partner"], share["amount"]) for share in (*moved["was"], *moved["is"])] == [
        ("Anna", 1_000), ("Ben", 2_000),
    ]  # fmt: skip
