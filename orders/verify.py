"""Proof that the uses of limited coupons are those of the orders that count on them."""

from collections.abc import Iterator

from django.db import connection

_USES = """
SELECT c.code, c.uses, coalesce(counted.orders, 0) FROM affiliates_coupon c
  LEFT JOIN (SELECT coupon_id, count(*) AS orders FROM orders_order WHERE is_coupon_use GROUP BY 1) counted
    ON counted.coupon_id = c.id
 WHERE c.uses <> coalesce(counted.orders, 0) ORDER BY c.code
"""


def problems() -> Iterator[str]:
    """What is counted otherwise than the orders say, a sentence each; nothing when all is well."""
    with connection.cursor() as cursor:
        cursor.execute(_USES)
        for code, uses, orders in cursor:
            yield f"coupon {code} has {uses} uses, its orders come to {orders}"
