"""Finding orders by their id in the merchant's system, or its start.

The id is unique within a source, and the index of that (merchant, source, id) serves a look-up in one source. Who
searches names none, so the sources are taken from the same index first, one step for each: they are few. The id's
collation is "C", under which a start is a range, and under row-level security a range may use the index.
"""

from merchants.tenancy import current
from merchants.words import FOUND, Among

_IN_SOURCES = f"""
WITH RECURSIVE known AS (
    (SELECT source FROM orders_order WHERE merchant_id = %s ORDER BY source LIMIT 1)
    UNION ALL
    SELECT (SELECT o.source FROM orders_order o WHERE o.merchant_id = %s AND o.source > known.source
             ORDER BY o.source LIMIT 1)
      FROM known WHERE known.source IS NOT NULL
)
SELECT found.id FROM known, LATERAL (
    SELECT o.id FROM orders_order o WHERE o.merchant_id = %s AND o.source = known.source AND {{which}}
     ORDER BY o.external_id LIMIT {FOUND}) found LIMIT {FOUND}"""  # noqa: S608 - constants; what is asked is a parameter
_CALLED = _IN_SOURCES.format(which="o.external_id = %s")
_STARTING = _IN_SOURCES.format(which="o.external_id >= %s AND o.external_id < %s")


def called(order_id: str) -> Among:
    """The condition that an order has this id, in any source."""
    return Among(_CALLED, [*[current()] * 3, order_id])


def starting(text: str) -> Among:
    """The condition that an order's id begins with `text`, as it is written; finds no more than `FOUND`."""
    return Among(_STARTING, [*[current()] * 3, text, text + "\U0010ffff"])
