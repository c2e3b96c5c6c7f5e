"""The ledger's own guards, met by somebody who goes around `ledger.posting`."""

import json

import pytest
from django.db import IntegrityError, connection, transaction

from ledger.models import Entry, Transaction
from ledger.posting import balances, post
from merchants import tenancy
from merchants.constraints import violated
from merchants.ids import new_id
from merchants.models import AuditEntry, Merchant
from tests.tenancy.population import NOW


@pytest.fixture
def posted(tenant: Merchant) -> Transaction:
    """One balanced transaction of 10.00 USD."""
    entries = [("merchant:commission_expense", "USD", -1000), ("partner:x:earned", "USD", 1000)]
    post(reference="first", kind="test", occurred_at=NOW, entries=entries)
    return Transaction.objects.get(reference="first")


@pytest.mark.parametrize(
    "entries",
    [
        [("a", "USD", 1000)],
        [("a", "USD", 1000), ("b", "USD", -999)],
        [("a", "USD", 1000), ("b", "EUR", -1000)],
        [("a", "USD", 1000), ("b", "USD", -1000), ("a", "EUR", 1)],
    ],
)
def test_a_transaction_that_does_not_balance_in_each_currency_is_refused(
    tenant: Merchant, entries: list[tuple[str, str, int]]
) -> None:
    with pytest.raises(IntegrityError, match="is off by") as refused, transaction.atomic():
        post(reference="off", kind="test", occurred_at=NOW, entries=entries)
    assert violated(refused.value) == "entries_balance"
    assert not Transaction.objects.exists()


def test_an_entry_of_nothing_is_refused(tenant: Merchant) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        post(reference="nothing", kind="test", occurred_at=NOW, entries=[("a", "USD", 0), ("b", "USD", 0)])
    assert violated(refused.value) == "entry_moves_something"


def test_a_reference_is_posted_once(posted: Transaction) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        post(reference="first", kind="test", occurred_at=NOW, entries=[("a", "USD", 1), ("b", "USD", -1)])
    assert violated(refused.value) == "transaction_reference_once"
    assert balances("partner:x:earned") == {"USD": 1000}


@pytest.mark.parametrize(
    "table", ["ledger_transaction", "ledger_entry", "merchants_auditentry", "commissions_reversal"]
)
@pytest.mark.parametrize("change", ["UPDATE {} SET merchant_id = merchant_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_history_cannot_be_changed(posted: Transaction, table: str, change: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))
    assert Entry.objects.count() == 2
    assert AuditEntry.objects.exists()


def test_entries_cannot_join_a_transaction_of_another_time(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        entries = [("a", "USD", 1), ("b", "USD", -1)]
        post(reference="early", kind="test", occurred_at=NOW, entries=entries)
        transaction_id = Transaction.objects.get(reference="early").id
    late = [
        {"merchant_id": str(committed_merchant.id), "transaction_id": str(transaction_id), "account": account,
         "currency": "USD", "amount": amount}
        for account, amount in (("c", 5), ("d", -5))
    ]  # fmt: skip
    with (
        pytest.raises(IntegrityError) as refused,
        tenancy.tenant(committed_merchant.id),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO ledger_entry SELECT * FROM json_populate_recordset(NULL::ledger_entry, %s)", [json.dumps(late)]
        )
    assert violated(refused.value) == "entries_posted_together"


def test_entries_need_a_transaction_of_their_tenant(mine: Merchant, theirs: Merchant) -> None:
    with tenancy.tenant(theirs.id):
        of_another = Transaction.objects.values_list("id", flat=True)[0]
    for transaction_id in (new_id(), of_another):
        balanced = [
            Entry(merchant_id=mine.id, transaction_id=transaction_id, account=account, currency="USD", amount=amount)
            for account, amount in (("a", 1), ("b", -1))
        ]
        with pytest.raises(IntegrityError) as refused, tenancy.tenant(mine.id):
            Entry.objects.bulk_create(balanced)
        assert violated(refused.value) == "entries_posted_together"
