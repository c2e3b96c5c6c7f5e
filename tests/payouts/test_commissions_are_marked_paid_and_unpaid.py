"""Paid and unpaid by hand are payouts and their reversals: never a flag, and the same twice is the same once."""

from collections.abc import Iterator
from datetime import date

import pytest

from affiliates.models import Partner
from commissions import verify as commissions_verify
from commissions.models import Commission
from ledger import verify as ledger_verify
from ledger.accounts import CASH, partner_earned
from ledger.posting import balance
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from payouts import verify
from payouts.manual import mark_paid, mark_unpaid
from payouts.models import Payout
from stats.outstanding import outstanding_among
from tests.factories import ACTOR, PartnerFactory
from tests.sales import give_ten_percent, refund, sell

TODAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _the_books_hold(anna: Partner) -> Iterator[None]:
    yield
    assert [*ledger_verify.problems(), *commissions_verify.problems(), *verify.problems()] == []


@pytest.fixture
def ben(tenant: Merchant) -> Partner:
    made: Partner = PartnerFactory(name="Ben", email="ben@example.com")
    give_ten_percent(made)
    return made


def paid(merchant: Merchant, *commissions: Commission, transaction_id: str = "T-1") -> list[Payout]:
    ids = [commission.id for commission in commissions]
    return mark_paid(
        merchant=merchant, commission_ids=ids, transaction_id=transaction_id, paid_on=TODAY, note="May", actor=ACTOR
    )


def unpaid(merchant: Merchant, *commissions: Commission) -> list[Payout]:
    ids = [commission.id for commission in commissions]
    return mark_unpaid(merchant=merchant, commission_ids=ids, reason="bank returned it", actor=ACTOR)


def statuses(*commissions: Commission) -> list[str]:
    for commission in commissions:
        commission.refresh_from_db()
    return [commission.status for commission in commissions]


def test_each_partner_and_currency_gets_a_payout_of_its_own(tenant: Merchant, anna: Partner, ben: Partner) -> None:
    first, second = sell(anna, 10_000, order="A"), sell(anna, 5_000, order="B")
    euros, other = sell(anna, 4_000, order="C", currency="EUR"), sell(ben, 2_000, order="D")
    left = sell(ben, 7_000, order="E")
    payouts = paid(tenant, first, second, euros, other)
    assert {(payout.partner_id, payout.currency, payout.amount) for payout in payouts} == {
        (anna.id, "USD", 1_500),
        (anna.id, "EUR", 400),
        (ben.id, "USD", 200),
    }
    assert statuses(first, second, euros, other, left) == ["paid"] * 4 + ["approved"]
    assert (balance(CASH, "USD"), balance(CASH, "EUR")) == (1_700, 400)
    assert balance(partner_earned(ben.id), "USD") == 700


def test_the_second_click_changes_nothing(tenant: Merchant, anna: Partner) -> None:
    commission = sell(anna, 10_000, order="A")
    assert len(paid(tenant, commission)) == 1
    assert paid(tenant, commission) == []
    assert (tenant.payouts.count(), balance(CASH, "USD")) == (1, 1_000)
    assert len(unpaid(tenant, commission)) == 1
    assert unpaid(tenant, commission) == []
    assert (statuses(commission), balance(CASH, "USD"), balance(partner_earned(anna.id), "USD")) == (
        ["approved"],
        0,
        1_000,
    )


def test_one_on_hold_refuses_them_all_and_says_which_and_until_when(
    tenant: Merchant, anna: Partner, ben: Partner
) -> None:
    ready, waiting = sell(ben, 1_000, order="READY"), sell(anna, 10_000, order="WAITING", days_ago=1)
    with pytest.raises(DomainError) as refused:
        paid(tenant, ready, waiting)
    assert refused.value.code == "commissions_not_payable"
    assert f"WAITING is on hold until {waiting.held_until:%Y-%m-%d}" in refused.value.message
    assert statuses(ready, waiting) == ["approved", "pending"]
    assert not tenant.payouts.exists()


def test_a_payout_is_undone_whole_or_not_at_all(tenant: Merchant, anna: Partner) -> None:
    first, second = sell(anna, 10_000, order="A"), sell(anna, 5_000, order="B")
    paid(tenant, first, second)
    with pytest.raises(Conflict, match="paid 1 more commission"):
        unpaid(tenant, first)
    assert statuses(first, second) == ["paid", "paid"]
    unpaid(tenant, first, second)
    assert statuses(first, second) == ["approved", "approved"]


def test_nothing_chosen_is_refused(tenant: Merchant) -> None:
    with pytest.raises(DomainError, match="Choose between 1 and"):
        paid(tenant)


def test_what_several_partners_wait_for_is_read_for_them_alone(tenant: Merchant, anna: Partner, ben: Partner) -> None:
    paid(tenant, sell(anna, 10_000, order="A"))
    refund("A", 4_000)
    sell(anna, 9_000, order="B")
    sell(anna, 3_000, order="C", days_ago=1)
    sell(ben, 1_000, order="D")
    (only,) = outstanding_among(tenant, [anna.id])
    assert (only.approved, only.pending, only.owed, only.payable) == (900, 300, 400, 500)
    assert outstanding_among(tenant, []) == []
