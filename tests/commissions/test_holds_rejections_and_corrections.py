"""What becomes of a commission before it is paid, and what the books say to it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from affiliates import partners
from affiliates.models import Partner
from commissions import verify
from commissions.hold import release_due
from commissions.manual import record_manual
from commissions.models import Commission
from commissions.rejection import reject
from ledger.accounts import COMMISSION_EXPENSE, partner_earned
from ledger.posting import balance
from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from tests.factories import ACTOR, CommissionFactory, PartnerFactory
from tests.races import race
from tests.sales import give_ten_percent, refund, sell


@pytest.fixture
def anna(tenant: Merchant, partner: Partner) -> Partner:
    """A partner on 10%, inside the tenant."""
    give_ten_percent(partner)
    return partner


def earned(partner: Partner) -> int:
    return balance(partner_earned(partner.id), "USD")


def test_a_commission_is_approved_when_its_hold_is_over_and_not_before(anna: Partner) -> None:
    commission = sell(anna, 10_000, order="A", days_ago=10)
    assert commission.status == "pending"
    assert release_due(now=commission.held_until - timedelta(microseconds=1)) == 0
    assert release_due(now=commission.held_until) == 1
    assert release_due(now=commission.held_until) == 0
    commission.refresh_from_db()
    assert (commission.status, earned(anna)) == ("approved", 1000)


def test_a_release_takes_a_batch_and_leaves_one_audit_row_for_it(tenant: Merchant, anna: Partner) -> None:
    for number in range(3):
        sell(anna, 1000, order=str(number), days_ago=1)
    later = timezone.now() + timedelta(days=40)
    assert [release_due(now=later, limit=2) for _ in range(3)] == [2, 1, 0]
    assert [entry.object_count for entry in tenant.audit_entries.filter(verb="commission.release").order_by("id")] == [
        2,
        1,
    ]


def test_sweeps_at_the_same_moment_release_each_commission_once(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        partner = PartnerFactory(name=committed_merchant.slug)
        give_ten_percent(partner)
        for number in range(20):
            sell(partner, 1000, order=str(number), days_ago=1)
    later = timezone.now() + timedelta(days=40)

    def sweep() -> None:
        with tenancy.tenant(committed_merchant.id):
            while release_due(now=later, limit=3):
                pass

    assert race(sweep, sweep, sweep) == ["ok"] * 3
    with tenancy.tenant(committed_merchant.id):
        released = committed_merchant.audit_entries.filter(verb="commission.release")
        assert sum(entry.object_count for entry in released) == 20
        assert committed_merchant.commissions.filter(status="approved").count() == 20


@pytest.mark.parametrize("days_ago", [10, 60], ids=["pending", "approved"])
def test_a_rejection_takes_all_of_it_back(anna: Partner, actor: Actor, days_ago: int) -> None:
    commission = sell(anna, 10_000, order="A", days_ago=days_ago)
    reject(commission, reason="bought by a bot", actor=actor)
    commission.refresh_from_db()
    assert (commission.status, commission.amount, commission.reversed) == ("rejected", 1000, 1000)
    assert (earned(anna), balance(COMMISSION_EXPENSE, "USD")) == (0, 0)
    assert list(verify.problems()) == []


def test_a_rejection_after_a_refund_takes_back_the_rest_and_a_later_refund_nothing(anna: Partner, actor: Actor) -> None:
    commission = sell(anna, 10_000, order="A")
    refund("A", 4_000)
    assert earned(anna) == 600
    commission.refresh_from_db()
    reject(commission, reason="fraud", actor=actor)
    assert earned(anna) == 0
    refund("A", 6_000)
    assert earned(anna) == 0
    assert list(verify.problems()) == []


def test_a_rejection_happens_once_with_a_reason(anna: Partner, actor: Actor) -> None:
    commission = sell(anna, 10_000, order="A")
    with pytest.raises(DomainError) as needed:
        reject(commission, reason=" ", actor=actor)
    assert needed.value.field == "reason"
    reject(commission, reason="fraud", actor=actor)
    reject(commission, reason="again", actor=actor)
    assert [(taken.kind, taken.amount, taken.reason) for taken in commission.decisions.all()] == [
        ("rejection", 1_000, "fraud")
    ]
    assert earned(anna) == 0


def test_two_rejections_at_once_post_once(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        commission = CommissionFactory(partner=PartnerFactory(name=committed_merchant.slug))

    def take() -> None:
        with tenancy.tenant(committed_merchant.id):
            reject(commission, reason="fraud", actor=ACTOR)

    assert race(take, take) == ["ok", "ok"]
    with tenancy.tenant(committed_merchant.id):
        assert earned(commission.partner) == 0


def test_a_commission_by_hand_is_approved_explained_and_in_the_books(anna: Partner, actor: Actor) -> None:
    commission = record_manual(partner=anna, amount=2_550, currency="USD", reason="conference talk", actor=actor)
    assert (commission.status, commission.order, commission.base) == ("approved", None, 0)
    assert commission.explanation["working"] == "$25.50 by hand: conference talk"
    assert (earned(anna), balance(COMMISSION_EXPENSE, "USD")) == (2_550, -2_550)


def test_a_correction_is_negative_and_is_not_rejected_but_corrected(anna: Partner, actor: Actor) -> None:
    record_manual(partner=anna, amount=1000, currency="USD", reason="talk", actor=actor)
    correction = record_manual(partner=anna, amount=-300, currency="USD", reason="too much", actor=actor)
    assert earned(anna) == 700
    with pytest.raises(Conflict):
        reject(correction, reason="no", actor=actor)
    assert list(verify.problems()) == []


@pytest.mark.parametrize(
    ("given", "field"),
    [({"amount": 0}, "amount"), ({"amount": 1.5}, "amount"), ({"amount": 10**13}, "amount"),
     ({"currency": "usd"}, "currency"), ({"reason": ""}, "reason")],
)  # fmt: skip
def test_a_commission_by_hand_needs_amount_currency_and_reason(
    anna: Partner, actor: Actor, given: dict[str, object], field: str
) -> None:
    values: dict[str, object] = {"amount": 100, "currency": "USD", "reason": "x"} | given
    with pytest.raises(DomainError) as refused:
        record_manual(partner=anna, actor=actor, **values)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_suspended_partner_earns_nothing_by_hand_but_can_be_corrected(anna: Partner, actor: Actor) -> None:
    partners.suspend(anna, actor=actor)
    with pytest.raises(Conflict) as refused:
        record_manual(partner=anna, amount=100, currency="USD", reason="x", actor=actor)
    assert refused.value.code == "partner_not_approved"
    record_manual(partner=anna, amount=-100, currency="USD", reason="x", actor=actor)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ({"amount": 999}, "leaves the partner 999 USD, the ledger says 1000"),
        ({"currency": "EUR"}, "in another currency than its order"),
        ({"reversed": 100}, "has 100 reversed, its refunds and decisions come to 0"),
        ({"status": "reversed"}, "is reversed but 1000 of it is left"),
    ],
)
def test_verify_sees_a_damaged_commission(anna: Partner, damage: dict[str, object], sentence: str) -> None:
    sell(anna, 10_000, order="A")
    assert list(verify.problems()) == []
    Commission.objects.update(**damage)
    assert any(sentence in problem for problem in verify.problems())
