"""`payouts.verify` proves nothing if it does not see what is wrong: each kind of damage, made by hand."""

from datetime import date

import pytest
from django.db import connection

from affiliates.models import Partner
from merchants.models import Merchant
from payouts import verify
from payouts.manual import record_payout
from payouts.models import Payout, PayoutItem
from tests.factories import ACTOR, CommissionFactory
from tests.sales import sell


@pytest.fixture
def payout(anna: Partner) -> Payout:
    """10.00 USD paid for one commission."""
    commission = sell(anna, 10_000, order="A")
    made = record_payout(
        partner=anna, commission_ids=[commission.id], transaction_id="T", paid_on=date(2026, 3, 2), actor=ACTOR
    )
    assert list(verify.problems()) == []
    return made


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("UPDATE payouts_payout SET amount = 999", "should have 999 USD in cash"),
        ("UPDATE payouts_payout SET amount = 999", "should hold 1 USD, the ledger says 0"),
        ("UPDATE payouts_payout SET status = 'reversed'", "should have 0 USD in cash"),
        ("UPDATE payouts_payout SET netted = 5", "of 1000 + 5 netted has 1 items of 1000"),
        ("UPDATE payouts_payoutitem SET amount = 999", "of 1000 + 0 netted has 1 items of 999"),
        ("UPDATE payouts_payoutitem SET is_live = false", "or not all fit"),
        ("UPDATE payouts_payoutitem SET is_live = false", "is paid but its live payout is: no live payout"),
        ("UPDATE commissions_commission SET status = 'approved'", "is approved but its live payout is: paid"),
        ("DELETE FROM payouts_payoutitem", "has 0 items"),
        ("UPDATE commissions_commission SET currency = 'EUR'", "of another partner or currency"),
    ],
)
def test_damage_is_seen(payout: Payout, damage: str, sentence: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(damage)
    assert any(sentence in problem for problem in verify.problems()), list(verify.problems())


def test_a_commission_in_two_live_payouts_is_seen_even_without_the_index(
    tenant: Merchant, anna: Partner, payout: Payout
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX commission_in_one_live_payout")
    other = CommissionFactory(partner=anna)
    second = record_payout(
        partner=anna, commission_ids=[other.id], transaction_id="T-2", paid_on=date(2026, 3, 2), actor=ACTOR
    )
    item = payout.items.get()
    PayoutItem.objects.create(merchant=tenant, payout=second, commission=item.commission, amount=0)
    assert f"commission {item.commission_id} is in 2 live payouts" in list(verify.problems())
