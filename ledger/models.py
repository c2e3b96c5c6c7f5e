"""The books. Double entry, append-only, one currency per balance.

A `Transaction` moves value between accounts; its `Entry` rows sum to zero in each currency. Accounts are addresses
(`partner:<id>:earned`, `merchant:commission_expense`), so the ledger knows nobody above it. A positive entry is
value arriving at the account, a negative one value leaving it; a balance is the sum of the account's entries and
is stored nowhere.

The database keeps the books, not this code: entries are inserted together with their transaction, in one
statement, and a statement-level trigger refuses a sum other than zero or a transaction from before; updates and
deletes are refused. `ledger.posting` is the only writer (and `tracking.write`, in the same form, for speed).
"""

from django.db import models
from django.db.models.functions import Now

from merchants.ids import new_id
from merchants.models import Merchant


class Transaction(models.Model):
    """One balanced movement. `reference` is its business key: the same one cannot be posted twice."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="transactions", db_constraint=False, db_index=False
    )
    reference = models.CharField(max_length=120)
    """`commission:<id>:accrual`, `refund:<id>`, `payout:<id>:paid`, …"""
    kind = models.CharField(max_length=24)
    occurred_at = models.DateTimeField()
    """When it happened in the world; a backdated order's accrual is backdated with it."""
    posted_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "reference"], name="transaction_reference_once")]

    def __str__(self) -> str:
        return self.reference


class Entry(models.Model):
    """One side of a transaction: `amount` minor units of `currency` arriving at (+) or leaving (-) `account`."""

    pk = models.CompositePrimaryKey("merchant_id", "transaction_id", "account", "currency")
    merchant = models.ForeignKey(
        Merchant, on_delete=models.DO_NOTHING, related_name="entries", db_constraint=False, db_index=False
    )
    transaction = models.ForeignKey(
        Transaction, on_delete=models.DO_NOTHING, related_name="entries", db_constraint=False, db_index=False
    )
    account = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "entries"
        constraints = [models.CheckConstraint(condition=~models.Q(amount=0), name="entry_moves_something")]
        indexes = [
            models.Index(fields=["merchant", "account", "currency"], include=["amount"], name="entry_balance"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount:+d} {self.currency}"
