"""Proof that the books hold, from the rows alone and without trusting the triggers that should have kept them."""

from collections.abc import Iterator

from django.db import connection

_UNBALANCED = """
SELECT t.reference, e.currency, sum(e.amount)
  FROM ledger_entry e JOIN ledger_transaction t ON t.merchant_id = e.merchant_id AND t.id = e.transaction_id
 GROUP BY t.id, t.reference, e.currency HAVING sum(e.amount) <> 0
"""
_EMPTY = """
SELECT t.reference FROM ledger_transaction t
 WHERE NOT EXISTS (SELECT FROM ledger_entry e WHERE e.merchant_id = t.merchant_id AND e.transaction_id = t.id)
"""
_TOTAL = "SELECT currency, sum(amount) FROM ledger_entry GROUP BY currency HAVING sum(amount) <> 0"
_STRANDED = """
SELECT account, currency, sum(amount) FROM ledger_entry WHERE account LIKE 'partner:%%:in\\_transit'
 GROUP BY account, currency HAVING sum(amount) < 0
"""


def problems() -> Iterator[str]:
    """What is wrong with the running tenant's books, a sentence each; nothing when they hold."""
    with connection.cursor() as cursor:
        cursor.execute(_UNBALANCED)
        for reference, currency, off in cursor.fetchall():
            yield f"ledger transaction {reference} is off by {off} {currency}"
        cursor.execute(_EMPTY)
        for (reference,) in cursor.fetchall():
            yield f"ledger transaction {reference} has no entries"
        cursor.execute(_TOTAL)
        for currency, off in cursor.fetchall():
            yield f"all entries together are off by {off} {currency}"
        cursor.execute(_STRANDED, [])
        for account, currency, amount in cursor.fetchall():
            yield f"{account} holds {amount} {currency}: more was settled than reserved"
