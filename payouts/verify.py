"""Proof that payouts, commissions and the books say the same."""

from collections.abc import Iterator

from django.db import connection

# reserved: earned -> in_transit; paid: in_transit -> cash; reversed: cash -> earned. What must stand at each account.
_AGAINST_LEDGER = """
WITH standing AS (
    SELECT split_part(t.reference, ':', 2) AS payout_id, e.currency,
           sum(e.amount) FILTER (WHERE e.account LIKE '%%:earned') AS earned,
           sum(e.amount) FILTER (WHERE e.account LIKE '%%:in\\_transit') AS in_transit,
           sum(e.amount) FILTER (WHERE e.account = 'merchant:cash') AS cash
      FROM ledger_transaction t JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id
     WHERE t.reference LIKE 'payout:%%' GROUP BY 1, 2
), expected AS (
    SELECT id::text AS payout_id, currency,
           CASE WHEN status = 'reversed' THEN 0 ELSE -amount END AS earned,
           CASE WHEN status = 'reserved' THEN amount ELSE 0 END AS in_transit,
           CASE WHEN status = 'paid' THEN amount ELSE 0 END AS cash
      FROM payouts_payout
)
SELECT coalesce(x.payout_id, s.payout_id), coalesce(x.currency, s.currency), coalesce(x.cash, 0), coalesce(s.cash, 0)
  FROM expected x FULL JOIN standing s ON s.payout_id = x.payout_id AND s.currency = x.currency
 WHERE (coalesce(x.earned, 0), coalesce(x.in_transit, 0), coalesce(x.cash, 0))
       <> (coalesce(s.earned, 0), coalesce(s.in_transit, 0), coalesce(s.cash, 0))
"""
_ITEMS = """
SELECT p.id, count(i.id), coalesce(sum(i.amount), 0), p.amount, p.netted FROM payouts_payout p
  LEFT JOIN payouts_payoutitem i ON i.merchant_id = p.merchant_id AND i.payout_id = p.id
 GROUP BY p.merchant_id, p.id
HAVING count(i.id) = 0 OR sum(i.amount) <> p.amount + p.netted
    OR bool_or(i.is_live) <> (p.status <> 'reversed') OR bool_and(i.is_live) <> (p.status <> 'reversed')
"""
_FOREIGN_ITEMS = """
SELECT i.payout_id, i.commission_id FROM payouts_payoutitem i
  JOIN payouts_payout p ON p.id = i.payout_id JOIN commissions_commission c ON c.id = i.commission_id
 WHERE c.partner_id <> p.partner_id OR c.currency <> p.currency
"""
_TWICE = "SELECT commission_id, count(*) FROM payouts_payoutitem WHERE is_live GROUP BY 1 HAVING count(*) > 1"
_STATUS = """
SELECT c.id, c.status, coalesce(live.status, 'no live payout') FROM commissions_commission c
  LEFT JOIN (SELECT i.commission_id, p.status FROM payouts_payoutitem i JOIN payouts_payout p ON p.id = i.payout_id
              WHERE i.is_live) live ON live.commission_id = c.id
 WHERE coalesce(live.status, '')
       <> CASE c.status WHEN 'paid' THEN 'paid' WHEN 'in_payout' THEN 'reserved' ELSE '' END
"""
# What is left of commissions, less what live payouts took, is what partners have: nothing is netted twice.
_BALANCES = """
WITH moved AS (
    SELECT partner_id, currency, amount - reversed AS amount FROM commissions_commission
     UNION ALL
    SELECT partner_id, currency, -amount FROM payouts_payout WHERE status <> 'reversed'
), expected AS (
    SELECT 'partner:' || partner_id || ':earned' AS account, currency, sum(amount) AS amount FROM moved GROUP BY 1, 2
), standing AS (
    SELECT account, currency, sum(amount) AS amount FROM ledger_entry
     WHERE account LIKE 'partner:%%:earned' GROUP BY 1, 2
)
SELECT account, currency, coalesce(x.amount, 0), coalesce(s.amount, 0)
  FROM expected x FULL JOIN standing s USING (account, currency)
 WHERE coalesce(x.amount, 0) <> coalesce(s.amount, 0)
"""


def problems() -> Iterator[str]:
    """What is wrong with the running tenant's payouts, a sentence each; nothing when all is well."""
    with connection.cursor() as cursor:
        cursor.execute(_AGAINST_LEDGER, [])
        for payout_id, currency, cash, stands in cursor:
            yield f"payout {payout_id} should have {cash} {currency} in cash, the ledger: {stands}, or more is off"
        cursor.execute(_ITEMS)
        for payout_id, items, worth, amount, netted in cursor:
            yield f"payout {payout_id} of {amount} + {netted} netted has {items} items of {worth}, or not all fit"
        cursor.execute(_FOREIGN_ITEMS)
        for payout_id, commission_id in cursor:
            yield f"payout {payout_id} holds commission {commission_id} of another partner or currency"
        cursor.execute(_TWICE)
        for commission_id, times in cursor:
            yield f"commission {commission_id} is in {times} live payouts"
        cursor.execute(_STATUS)
        for commission_id, status, live in cursor:
            yield f"commission {commission_id} is {status} but its live payout is: {live}"
        cursor.execute(_BALANCES, [])
        for account, currency, expected, stands in cursor:
            yield f"{account} should hold {expected} {currency}, the ledger says {stands}"
