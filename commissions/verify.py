"""Proof that commissions and the books say the same."""

from collections.abc import Iterator

from django.db import connection

from ledger.accounts import COMMISSION_EXPENSE

# From both sides: a commission the books do not know, and a posting whose commission does not exist.
_AGAINST_LEDGER = """
WITH standing AS (
    SELECT split_part(t.reference, ':', 2) AS commission_id, e.account, e.currency, sum(e.amount) AS amount
      FROM ledger_transaction t JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id
     WHERE t.reference LIKE 'commission:%%' AND e.account <> %(expense)s
     GROUP BY 1, 2, 3
)
SELECT coalesce(c.id::text, s.commission_id), coalesce(c.currency, s.currency),
       coalesce(c.amount - c.reversed, 0), coalesce(s.amount, 0)
  FROM commissions_commission c
  FULL JOIN standing s ON s.commission_id = c.id::text AND s.currency = c.currency
        AND s.account = 'partner:' || c.partner_id || ':earned'
 WHERE coalesce(c.amount - c.reversed, 0) <> coalesce(s.amount, 0)
"""
_AGAINST_REASONS = """
SELECT c.id, c.reversed, coalesce(r.amount, 0) FROM commissions_commission c
  LEFT JOIN (
    SELECT commission_id, sum(amount) AS amount FROM (
        SELECT commission_id, amount FROM commissions_reversal
        UNION ALL
        SELECT commission_id, amount FROM commissions_decision) reasons GROUP BY 1) r ON r.commission_id = c.id
 WHERE c.reversed <> coalesce(r.amount, 0)
"""
_STATUS = """
SELECT id, status, amount - reversed FROM commissions_commission
 WHERE status IN ('reversed', 'rejected') AND amount <> reversed
"""
_CURRENCY = """
SELECT c.id FROM commissions_commission c JOIN orders_order o ON o.id = c.order_id WHERE c.currency <> o.currency
"""
_SHARES = """
SELECT c.id, c.amount - c.reversed FROM commissions_commission c JOIN commissions_commission s ON s.id = c.source_id
 WHERE s.level <> 0 OR s.currency <> c.currency OR s.order_id IS DISTINCT FROM c.order_id OR s.partner_id = c.partner_id
    OR (s.amount = s.reversed AND c.amount <> c.reversed)
"""
_ADJUSTMENTS = """
SELECT a.id, a.status, c.status FROM commissions_commission a JOIN commissions_commission c ON c.id = a.adjusts_id
 WHERE a.partner_id <> c.partner_id OR a.currency <> c.currency
    OR (a.status IN ('pending', 'approved') AND (a.status = 'pending') <> (c.status = 'pending'))
"""
_OF_DELETED = """
SELECT c.id, c.amount - c.reversed FROM commissions_commission c JOIN orders_order o ON o.id = c.order_id
 WHERE o.deleted_at IS NOT NULL AND c.amount <> c.reversed
"""


def problems() -> Iterator[str]:
    """What is wrong with the running tenant's commissions, a sentence each; nothing when all is well."""
    with connection.cursor() as cursor:
        cursor.execute(_AGAINST_LEDGER, {"expense": COMMISSION_EXPENSE})
        for commission_id, currency, has, stands in cursor:
            yield f"commission {commission_id} leaves the partner {has} {currency}, the ledger says {stands}"
        cursor.execute(_AGAINST_REASONS)
        for commission_id, taken, reasons in cursor:
            yield f"commission {commission_id} has {taken} reversed, its refunds and decisions come to {reasons}"
        cursor.execute(_STATUS)
        for commission_id, status, left in cursor:
            yield f"commission {commission_id} is {status} but {left} of it is left"
        cursor.execute(_CURRENCY)
        for (commission_id,) in cursor:
            yield f"commission {commission_id} is in another currency than its order"
        cursor.execute(_SHARES)
        for commission_id, left in cursor:
            yield f"commission {commission_id} of a recruiter does not follow the one it was earned on: {left} is left"
        cursor.execute(_ADJUSTMENTS)
        for commission_id, status, adjusted in cursor:
            yield f"commission {commission_id} is {status} and does not follow the one it adjusts, which is {adjusted}"
        cursor.execute(_OF_DELETED)
        for commission_id, left in cursor:
            yield f"commission {commission_id} leaves the partner {left} of a deleted order"
