"""Ending a hold early and adjusting an amount: always with a reason, and the books and the audit log say so."""

from collections.abc import Iterator

import pytest

from affiliates.models import Partner
from commissions import verify
from commissions.adjustment import adjust, adjustments_of, worth
from commissions.hold import release_now
from commissions.rejection import reject, restore
from ledger import verify as ledger_verify
from ledger.accounts import partner_earned
from ledger.posting import balance
from merchants.audit import Actor
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from payouts.manual import mark_paid
from rewards.details import Details
from rewards.terms import add_rule
from tests.sales import give_ten_percent, refund, sell
from tracking.events import Lead, SaleCustomer
from tracking.leads import record_lead


@pytest.fixture
def anna(tenant: Merchant, partner: Partner) -> Iterator[Partner]:
    """A partner on 10%, inside the tenant, whose books hold at the end."""
    give_ten_percent(partner)
    yield partner
    assert [*ledger_verify.problems(), *verify.problems()] == []


def earned(partner: Partner) -> int:
    return balance(partner_earned(partner.id), "USD")


def test_a_hold_ends_early_with_a_reason(tenant: Merchant, anna: Partner, actor: Actor) -> None:
    commission = sell(anna, 10_000, order="A", days_ago=1)
    release_now(commission, reason="the goods were kept", actor=actor)
    commission.refresh_from_db()
    assert (commission.status, earned(anna)) == ("approved", 1_000)
    entry = tenant.audit_entries.get(verb="commission.release_early")
    assert (entry.object_id, entry.after["reason"]) == (commission.id, "the goods were kept")


def test_only_what_is_on_hold_is_released(tenant: Merchant, anna: Partner, actor: Actor) -> None:
    released = sell(anna, 10_000, order="A")
    assert release_now(released, reason="x", actor=actor).status == "approved"
    assert not tenant.audit_entries.filter(verb="commission.release_early").exists(), "nothing was there to do"
    with pytest.raises(Conflict, match="rejected, not on hold"):
        release_now(reject(released, reason="x", actor=actor), reason="x", actor=actor)


def test_a_release_needs_a_reason(anna: Partner, actor: Actor) -> None:
    commission = sell(anna, 10_000, order="A", days_ago=1)
    with pytest.raises(DomainError) as refused:
        release_now(commission, reason=" ", actor=actor)
    assert refused.value.field == "reason"
    commission.refresh_from_db()
    assert commission.status == "pending"


def test_the_difference_is_a_commission_of_its_own(tenant: Merchant, anna: Partner, actor: Actor) -> None:
    commission = sell(anna, 10_000, order="A")
    less = adjust(commission, amount=700, reason="wrong terms", actor=actor)
    assert (less.amount, less.order, less.status, less.explanation["adjusts"]) == (
        -300,
        None,
        "approved",
        str(commission.id),
    )
    more = adjust(commission, amount=1_250, reason="wrong again", actor=actor)
    assert (more.amount, worth(commission), earned(anna)) == (550, 1_250, 1_250)
    assert list(adjustments_of(commission)) == [less, more]
    commission.refresh_from_db()
    assert commission.amount == 1_000, "what was computed stays as it was computed"
    assert tenant.audit_entries.filter(verb="commission.record_manual").count() == 2


def test_a_paid_commission_is_corrected_by_the_next_payout(tenant: Merchant, anna: Partner, actor: Actor) -> None:
    commission = sell(anna, 10_000, order="A")
    paid_on = commission.occurred_at.date()
    mark_paid(merchant=tenant, commission_ids=[commission.id], transaction_id="T", paid_on=paid_on, actor=actor)
    correction = adjust(commission, amount=600, reason="wrong terms", actor=actor)
    commission.refresh_from_db()
    assert (commission.status, correction.status, correction.amount, earned(anna)) == ("paid", "approved", -400, -400)


def test_an_adjustment_that_changes_nothing_is_refused(anna: Partner, actor: Actor) -> None:
    commission = sell(anna, 10_000, order="A")
    with pytest.raises(DomainError, match="worth that already"):
        adjust(commission, amount=1_000, reason="x", actor=actor)


def test_an_amount_below_zero_is_refused(anna: Partner, actor: Actor) -> None:
    with pytest.raises(DomainError) as refused:
        adjust(sell(anna, 10_000, order="A"), amount=-1, reason="x", actor=actor)
    assert refused.value.field == "amount"


def test_what_is_over_is_not_adjusted(anna: Partner, actor: Actor) -> None:
    refunded, rejected = sell(anna, 10_000, order="A"), sell(anna, 10_000, order="B")
    refund("A")
    refunded.refresh_from_db()
    reject(rejected, reason="fraud", actor=actor)
    by_hand = adjust(sell(anna, 10_000, order="C"), amount=1_100, reason="x", actor=actor)
    for commission, why in (
        (refunded, "is reversed"),
        (rejected, "is rejected"),
        (by_hand, "by hand is not adjusted, nor"),
    ):
        with pytest.raises(Conflict, match=why) as refused:
            adjust(commission, amount=500, reason="x", actor=actor)
        assert refused.value.code == "commission_final"


def test_what_a_lead_earned_is_adjusted_like_what_an_order_earned(anna: Partner, actor: Actor) -> None:
    add_rule(partner=anna, kind="fixed", amount=500, currency="USD", details=Details(event="lead"), actor=actor)
    record_lead(Lead(name="call", partner=str(anna.id), customer=SaleCustomer(external_id="eva")), actor=actor)
    commission = anna.commissions.get()
    adjust(commission, amount=800, reason="A long call", actor=actor)
    assert (worth(commission), earned(anna)) == (800, 800)
    assert commission.called == "Lead: call"
    reject(commission, reason="Never called", actor=actor)
    assert earned(anna) == 0


def test_a_refund_takes_of_an_adjustment_what_it_takes_of_the_order(anna: Partner, actor: Actor) -> None:
    commission = sell(anna, 10_000, order="A")
    adjust(commission, amount=1_301, reason="the campaign promised it", actor=actor)
    refund("A", 2_500)
    assert earned(anna) == 750 + 226  # three quarters of 10.00, and of 3.01
    refund("A", 5_000)
    assert earned(anna) == 250 + 75
    refund("A")
    commission.refresh_from_db()
    assert (earned(anna), worth(commission)) == (0, 0), "nothing of the order, nothing of the adjustment"


def test_an_adjustment_downwards_leaves_no_debt_after_a_full_refund(anna: Partner, actor: Actor) -> None:
    commission = sell(anna, 10_000, order="A")
    refund("A", 5_000)
    adjust(commission, amount=300, reason="half of it was shipping", actor=actor)
    refund("A", 2_500)
    assert earned(anna) == 250 - 100  # of -2.00 for 50.00, half
    refund("A")
    assert earned(anna) == 0


def test_a_rejection_takes_adjustments_along_and_a_restoration_brings_them_again(anna: Partner, actor: Actor) -> None:
    commission = sell(anna, 10_000, order="A")
    adjust(commission, amount=1_400, reason="x", actor=actor)
    reject(commission, reason="fraud", actor=actor)
    assert earned(anna) == 0
    refund("A", 5_000)
    assert earned(anna) == 0
    restore(commission, reason="by mistake", actor=actor)
    assert earned(anna) == 500 + 200


def test_an_adjustment_that_is_rejected_itself_takes_what_followed_it_along(anna: Partner, actor: Actor) -> None:
    commission = sell(anna, 10_000, order="A")
    extra = adjust(commission, amount=1_400, reason="x", actor=actor)
    refund("A", 5_000)
    assert earned(anna) == 500 + 200
    commission.refresh_from_db()
    reject(extra, reason="not promised after all", actor=actor)
    assert (earned(anna), worth(commission)) == (500, 500)
    restore(extra, reason="promised after all", actor=actor)
    assert (earned(anna), worth(commission)) == (700, 700)
