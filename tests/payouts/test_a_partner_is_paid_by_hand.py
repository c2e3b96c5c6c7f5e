"""Manual payouts as accounting stories. Anna earns 10%; every story ends with books that hold."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from affiliates.models import Partner
from commissions import verify as commissions_verify
from commissions.manual import record_manual
from commissions.models import Commission
from commissions.rejection import reject
from ledger import verify as ledger_verify
from ledger.accounts import CASH, COMMISSION_EXPENSE, partner_earned, partner_in_transit
from ledger.posting import balance
from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from payouts import verify
from payouts.manual import record_payout, reverse_payout
from payouts.models import Payout
from stats.outstanding import Outstanding, outstanding_among, outstanding_of
from tests.factories import ACTOR, CommissionFactory, PartnerFactory
from tests.races import race
from tests.sales import refund, sell

TODAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _the_books_hold(request: pytest.FixtureRequest) -> Iterator[None]:
    if "anna" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("anna")
    yield
    assert [*ledger_verify.problems(), *commissions_verify.problems(), *verify.problems()] == []


def pay(partner: Partner, *commissions: Commission, transaction_id: str = "T-1") -> Payout:
    ids = [commission.id for commission in commissions]
    return record_payout(
        partner=partner, commission_ids=ids, transaction_id=transaction_id, paid_on=TODAY, note="March", actor=ACTOR
    )


def earned(partner: Partner, currency: str = "USD") -> int:
    return balance(partner_earned(partner.id), currency)


def status(commission: Commission) -> str:
    commission.refresh_from_db()
    return commission.status


def test_exactly_the_chosen_commissions_are_paid(tenant: Merchant, anna: Partner) -> None:
    first, second, third = (sell(anna, amount, order=str(amount)) for amount in (10_000, 5_550, 2_000))
    assert earned(anna) == 1_755
    payout = pay(anna, first, third)
    assert (payout.amount, payout.netted, payout.currency, payout.status) == (1_200, 0, "USD", "paid")
    assert [status(commission) for commission in (first, second, third)] == ["paid", "approved", "paid"]
    assert first.paid_at is not None
    assert (earned(anna), balance(CASH, "USD"), balance(partner_in_transit(anna.id), "USD")) == (555, 1_200, 0)
    assert balance(COMMISSION_EXPENSE, "USD") == -1_755
    assert {item.commission_id: item.amount for item in payout.items.all()} == {first.id: 1_000, third.id: 200}
    assert tenant.audit_entries.get(verb="payout.record").after["amount"] == 1_200


def test_a_partly_refunded_commission_counts_for_what_is_left(anna: Partner) -> None:
    commission = sell(anna, 10_000, order="A")
    refund("A", 2_500)
    assert pay(anna, commission).amount == 750
    assert earned(anna) == 0


def test_a_refund_after_payment_is_netted_by_the_next_payout(anna: Partner) -> None:
    pay(anna, sell(anna, 10_000, order="A"))
    refund("A", 4_000)
    assert earned(anna) == -400
    second = sell(anna, 9_000, order="B")
    payout = pay(anna, second, transaction_id="T-2")
    assert (payout.amount, payout.netted) == (500, 400)
    assert (earned(anna), balance(CASH, "USD")) == (0, 1_500)
    assert payout.items.get().amount == 900
    assert pay(anna, sell(anna, 1_000, order="C"), transaction_id="T-3").netted == 0, "a debt is netted once"


def test_a_debt_is_not_netted_against_what_is_still_on_hold(anna: Partner) -> None:
    pay(anna, sell(anna, 10_000, order="A"))
    refund("A")
    approved = sell(anna, 6_000, order="B")
    sell(anna, 20_000, order="C", days_ago=1)
    assert earned(anna) == -1_000 + 600 + 2_000
    with pytest.raises(DomainError) as refused:
        pay(anna, approved, transaction_id="T-2")
    assert refused.value.code == "nothing_to_pay"
    assert "$6.00" in refused.value.message
    assert "$10.00" in refused.value.message
    larger = sell(anna, 7_000, order="D")
    assert pay(anna, approved, larger, transaction_id="T-2").amount == 300
    assert earned(anna) == 2_000, "what waits is untouched"


def test_a_correction_goes_into_the_next_payout(anna: Partner, actor: Actor) -> None:
    commission = sell(anna, 10_000, order="A")
    correction = record_manual(partner=anna, amount=-300, currency="USD", reason="counted twice", actor=actor)
    with pytest.raises(DomainError) as refused:
        pay(anna, commission)
    assert refused.value.code == "correction_left_out"
    payout = pay(anna, commission, correction)
    assert (payout.amount, payout.netted, earned(anna)) == (700, 0, 0)
    assert status(correction) == "paid"


def test_a_correction_larger_than_the_rest_waits(anna: Partner, actor: Actor) -> None:
    commission = sell(anna, 1_000, order="A")
    correction = record_manual(partner=anna, amount=-300, currency="USD", reason="x", actor=actor)
    with pytest.raises(DomainError) as refused:
        pay(anna, commission, correction)
    assert refused.value.code == "nothing_to_pay"


def test_currencies_are_paid_apart(anna: Partner) -> None:
    dollars, euros = sell(anna, 10_000, order="A"), sell(anna, 8_000, order="B", currency="EUR")
    with pytest.raises(DomainError) as refused:
        pay(anna, dollars, euros)
    assert refused.value.extra["commissions"] == [{"id": str(euros.id), "reason": "is in EUR, not USD"}]
    assert pay(anna, euros).amount == 800
    assert (earned(anna, "USD"), earned(anna, "EUR")) == (1_000, 0)


def test_what_cannot_be_paid_is_named_with_its_reason_and_nothing_is_paid(anna: Partner, actor: Actor) -> None:
    good, paid, rejected = (sell(anna, 1_000, order=order) for order in ("good", "paid", "rejected"))
    pending = sell(anna, 1_000, order="pending", days_ago=1)
    pay(anna, paid)
    reject(rejected, reason="fraud", actor=actor)
    foreign = CommissionFactory(partner=PartnerFactory())
    unknown = uuid4()
    chosen = [good.id, paid.id, rejected.id, pending.id, foreign.id, unknown]
    with pytest.raises(DomainError) as refused:
        record_payout(partner=anna, commission_ids=chosen, transaction_id="T-2", paid_on=TODAY, actor=actor)
    assert (refused.value.code, refused.value.field) == ("commissions_not_payable", "commission_ids")
    assert {UUID(refusal["id"]): refusal["reason"] for refusal in refused.value.extra["commissions"]} == {
        paid.id: "is in payout T-1",
        rejected.id: "is rejected",
        pending.id: f"is on hold until {pending.held_until:%Y-%m-%d}",
        foreign.id: "is no commission of this partner",
        unknown: "is no commission of this partner",
    }
    assert status(good) == "approved"
    assert anna.payouts.count() == 1


def test_an_unknown_commission_in_front_does_not_refuse_the_others(anna: Partner, actor: Actor) -> None:
    good, unknown = sell(anna, 1_000, order="good"), uuid4()
    with pytest.raises(DomainError) as refused:
        record_payout(partner=anna, commission_ids=[unknown, good.id], transaction_id="T", paid_on=TODAY, actor=actor)
    assert refused.value.extra["commissions"] == [{"id": str(unknown), "reason": "is no commission of this partner"}]


def test_another_merchants_commission_is_simply_unknown(
    merchant: Merchant, other_merchant: Merchant, partner: Partner
) -> None:
    with tenancy.tenant(other_merchant.id):
        theirs = CommissionFactory()
    with tenancy.tenant(merchant.id), pytest.raises(DomainError, match="no commission of this partner"):
        pay(partner, theirs)


@pytest.mark.parametrize(
    ("given", "field"),
    [({"commission_ids": []}, "commission_ids"), ({"transaction_id": " "}, "transaction_id"),
     ({"paid_on": date(2999, 1, 1)}, "paid_on"), ({"paid_on": "2026-03-02"}, "paid_on"), ({"note": "x" * 501}, "note")],
)  # fmt: skip
def test_a_payout_needs_commissions_a_reference_and_a_day(anna: Partner, given: dict[str, object], field: str) -> None:
    commission = sell(anna, 1_000, order="A")
    values = {"commission_ids": [commission.id], "transaction_id": "T", "paid_on": TODAY, "note": ""} | given
    with pytest.raises(DomainError) as refused:
        record_payout(partner=anna, actor=ACTOR, **values)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_reference_is_written_down_once_until_its_payout_is_reversed(anna: Partner, actor: Actor) -> None:
    first, second = sell(anna, 1_000, order="A"), sell(anna, 1_000, order="B")
    payout = pay(anna, first)
    with pytest.raises(Conflict) as refused:
        pay(anna, second)
    assert refused.value.code == "transaction_id_taken"
    assert status(second) == "approved"
    reverse_payout(payout, reason="wrong reference", actor=actor)
    assert pay(anna, second).amount == 100


def test_a_reversed_payout_gives_everything_back_once(tenant: Merchant, anna: Partner, actor: Actor) -> None:
    commission = sell(anna, 10_000, order="A")
    payout = pay(anna, commission)
    reverse_payout(payout, reason="account closed", actor=actor)
    assert (payout.status, payout.reversal_reason) == ("reversed", "account closed")
    assert (status(commission), commission.paid_at) == ("approved", None)
    assert (earned(anna), balance(CASH, "USD")) == (1_000, 0)
    with pytest.raises(Conflict) as refused:
        reverse_payout(payout, reason="again", actor=actor)
    assert refused.value.code == "payout_not_paid"
    assert earned(anna) == 1_000
    assert pay(anna, commission, transaction_id="T-2").amount == 1_000


def test_a_commission_refunded_while_paid_comes_back_as_what_is_left(anna: Partner, actor: Actor) -> None:
    gone, partly = sell(anna, 10_000, order="A"), sell(anna, 10_000, order="B")
    payout = pay(anna, gone, partly)
    refund("A")
    refund("B", 3_000)
    assert earned(anna) == -1_300
    reverse_payout(payout, reason="bounced", actor=actor)
    assert (status(gone), status(partly), earned(anna)) == ("reversed", "approved", 700)
    assert pay(anna, partly, transaction_id="T-2").amount == 700


def test_when_a_netted_payout_bounces_the_merchant_owes_and_the_next_payout_carries_it(
    anna: Partner, actor: Actor
) -> None:
    first = pay(anna, sell(anna, 10_000, order="A"))
    refund("A")
    assert pay(anna, sell(anna, 15_000, order="B"), transaction_id="T-2").amount == 500
    reverse_payout(first, reason="bounced after all", actor=actor)
    assert earned(anna) == 1_000, "she earned 15.00 and has received 5.00"
    payout = pay(anna, sell(anna, 2_000, order="C"), transaction_id="T-3")
    assert (payout.amount, payout.netted, earned(anna)) == (1_200, -1_000, 0)


def test_of_two_payouts_of_one_commission_at_once_one_happens(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        partner = PartnerFactory(name=committed_merchant.slug)
        commission = CommissionFactory(partner=partner)

    def try_to_pay(reference: str) -> None:
        with tenancy.tenant(committed_merchant.id):
            pay(partner, commission, transaction_id=reference)

    assert race(lambda: try_to_pay("A"), lambda: try_to_pay("B"), lambda: try_to_pay("A")) == [
        "commissions_not_payable", "commissions_not_payable", "ok",
    ]  # fmt: skip
    with tenancy.tenant(committed_merchant.id):
        assert (earned(partner), list(verify.problems())) == (0, [])


def test_payouts_at_once_do_not_both_forget_a_debt(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        partner = PartnerFactory(name=committed_merchant.slug)
        lost = CommissionFactory(partner=partner, amount=500)
        pay(partner, lost, transaction_id="first")
        record_manual(partner=partner, amount=-500, currency="USD", reason="lost", actor=ACTOR)
        correction = partner.commissions.get(amount=-500)
        two = [CommissionFactory(partner=partner, amount=1_000) for _ in range(2)]

    def try_to_pay(commission: Commission) -> None:
        with tenancy.tenant(committed_merchant.id):
            pay(partner, commission, correction, transaction_id=str(commission.id))

    assert race(lambda: try_to_pay(two[0]), lambda: try_to_pay(two[1])) == ["commissions_not_payable", "ok"]
    with tenancy.tenant(committed_merchant.id):
        assert (earned(partner), list(verify.problems())) == (1_000, [])


def test_a_payout_and_its_reversal_twice_at_once(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        partner = PartnerFactory(name=committed_merchant.slug)
        payout = pay(partner, CommissionFactory(partner=partner))

    def take_back() -> None:
        with tenancy.tenant(committed_merchant.id):
            reverse_payout(Payout.objects.get(id=payout.id), reason="bounced", actor=ACTOR)

    assert race(take_back, take_back, take_back) == ["ok", "payout_not_paid", "payout_not_paid"]
    with tenancy.tenant(committed_merchant.id):
        assert (earned(partner), list(verify.problems())) == (1_000, [])


def test_outstanding_is_by_partner_and_currency(tenant: Merchant, anna: Partner, actor: Actor) -> None:
    tenant.minimum_payout = 1_500
    tenant.save()
    anna.refresh_from_db()
    pay(anna, sell(anna, 10_000, order="A"))
    refund("A", 3_000)
    sell(anna, 12_000, order="B")
    sell(anna, 5_000, order="C", days_ago=1)
    sell(anna, 7_000, order="D", currency="EUR")
    ben = PartnerFactory(name="Ben")
    record_manual(partner=ben, amount=2_000, currency="USD", reason="talk", actor=actor)
    euros = Outstanding(anna.id, "EUR", approved=700, pending=0, earned=700, minimum=0)
    dollars = Outstanding(anna.id, "USD", approved=1_200, pending=500, earned=1_400, minimum=1_500)
    bens = Outstanding(ben.id, "USD", approved=2_000, pending=0, earned=2_000, minimum=1_500)
    found = outstanding_among(tenant, [anna.id, ben.id])
    assert sorted(found, key=lambda row: (row.currency, -row.approved)) == [euros, bens, dollars]
    assert outstanding_of(anna) == [euros, dollars]
    assert (dollars.owed, dollars.payable, dollars.reaches_minimum) == (300, 900, False)
    assert (bens.payable, bens.reaches_minimum) == (2_000, True)
    assert pay(anna, anna.commissions.get(order__external_id="B"), transaction_id="T-2").amount == dollars.payable


def test_a_partner_with_nothing_but_a_debt_shows_it(anna: Partner) -> None:
    pay(anna, sell(anna, 10_000, order="A"))
    refund("A")
    (only,) = outstanding_of(anna)
    assert (only.approved, only.earned, only.owed, only.payable) == (0, -1_000, 1_000, 0)


def test_the_day_of_the_payment_is_the_merchants(tenant: Merchant, anna: Partner) -> None:
    tenant.time_zone = "America/New_York"
    tenant.save()
    anna.refresh_from_db()
    commission = sell(anna, 1_000, order="A")
    pay(anna, commission)
    commission.refresh_from_db()
    assert commission.paid_at is not None
    assert commission.paid_at.isoformat() == "2026-03-02T05:00:00+00:00"
    tomorrow = timezone.now().date() + timedelta(days=1)
    second = sell(anna, 1_000, order="B")
    record_payout(partner=anna, commission_ids=[second.id], transaction_id="T-2", paid_on=tomorrow, actor=ACTOR)
