"""Recomputing the rollups of the running tenant from their source, and with them the words that searches go by.

Why nothing is lost: a mark is committed together with the change it speaks of. A refresh that sees the mark sees the
change, because it takes the marks first and every later statement sees at least as much (READ COMMITTED). A mark
that is committed after that is simply not seen: it stays, and the next refresh takes it.

Why nothing old overwrites something new: two workers could take different marks of the same partner's day, and the
one that had looked at the source earlier could write later. So whoever recomputes holds a lock of the merchant's,
taken in a statement of its own before the first look at the source and kept until the commit.
"""

# ruff: noqa: S608 - the statements are put together from constants; values are parameters.

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from psycopg import errors

from affiliates import search as partner_search
from customers import search as customer_search
from merchants.tenancy import current
from stats import sources
from stats.sources import FIGURES

#: Partners' days and customers that are recomputed in one transaction, or one mark's if those are more.
LIMIT = 5_000
#: How long somebody who opens a page waits for a worker that is recomputing the same merchant.
_PATIENCE = "500ms"


@dataclass(frozen=True, slots=True)
class _Rollup:
    """A table of figures by key."""

    table: str
    keys: tuple[str, ...]
    figures: tuple[str, ...]
    nullable: str = ""
    """The key that may be null, if one may: equality alone can be hashed."""

    def insert(self, fresh: str) -> str:
        columns = ", ".join([*self.keys, *self.figures])
        return f"INSERT INTO {self.table} (merchant_id, {columns}) SELECT %(merchant)s, {columns} FROM ({fresh}) fresh"

    def replace(self, fresh: str, *, where: str, given: str = "") -> str:
        """The statement that makes the rows `where` (over `d`) equal `fresh`; `given` are CTEs for both."""
        same = " AND ".join(
            f"f.{key} {'IS NOT DISTINCT FROM' if key == self.nullable else '='} d.{key}" for key in self.keys
        )
        changes = ", ".join(f"{figure} = excluded.{figure}" for figure in self.figures)
        return f"""WITH {given} fresh AS MATERIALIZED ({fresh}),
            gone AS (DELETE FROM {self.table} d WHERE {where} AND NOT EXISTS (SELECT FROM fresh f WHERE {same}))
            {self.insert("SELECT * FROM fresh")}
            ON CONFLICT (merchant_id, {", ".join(self.keys)}) DO UPDATE SET {changes}"""


_PARTNER_DAY = _Rollup("stats_partnerday", ("partner_id", "day", "currency"), FIGURES, nullable="partner_id")
_MERCHANT_DAY = _Rollup(
    "stats_merchantday",
    ("day", "currency"),
    (*FIGURES, "direct_orders", "direct_revenue", "direct_refunded"),
)
_PARTNER_TOTAL = _Rollup("stats_partnertotal", ("partner_id", "currency"), FIGURES)
_CUSTOMER_TOTAL = _Rollup(
    "stats_customertotal",
    ("customer_id", "currency"),
    ("orders", "referred_orders", "revenue", "refunded", "commission", "first_order_at", "last_order_at"),
)

# The oldest marks, as many as hold `limit` things together, and at least one. Index: the primary key.
_TAKE = f"""
WITH oldest AS (SELECT id, touched FROM stats_stalemark WHERE merchant_id = %(merchant)s ORDER BY id LIMIT %(limit)s),
chosen AS (
    SELECT id, sum(cardinality(touched)) OVER (ORDER BY id) - cardinality(touched) AS before FROM oldest
),
taken AS (
    DELETE FROM stats_stalemark
     WHERE merchant_id = %(merchant)s AND id IN (SELECT id FROM chosen WHERE before < %(limit)s)
    RETURNING touched
)
SELECT things.*, (SELECT sum(cardinality(touched))::bigint FROM taken) FROM ({sources.touched("taken")}) things
"""
# Two lookups by index, because IS NOT DISTINCT FROM has none.
_DAYS_OF_PAIRS = """d.id IN (
    SELECT s.id FROM pair p JOIN stats_partnerday s ON s.partner_id = p.partner_id AND s.day = p.day
    UNION ALL
    SELECT s.id FROM pair p JOIN stats_partnerday s ON s.partner_id IS NULL AND s.day = p.day
     WHERE p.partner_id IS NULL)"""

_PARTNER_DAYS = _PARTNER_DAY.replace(sources.partner_days_of_pairs(), given=f"{sources.PAIRS},", where=_DAYS_OF_PAIRS)
_MERCHANT_DAYS = _MERCHANT_DAY.replace(sources.merchant_days("day = ANY(%(days)s)"), where="d.day = ANY(%(days)s)")
_PARTNER_TOTALS = _PARTNER_TOTAL.replace(
    sources.partner_totals("partner_id = ANY(%(partners)s)"), where="d.partner_id = ANY(%(partners)s)"
)
_CUSTOMER_TOTALS = _CUSTOMER_TOTAL.replace(
    sources.customer_totals("o.customer_id = ANY(%(customers)s)"), where="d.customer_id = ANY(%(customers)s)"
)

#: In this order: days of the merchant and totals of partners are made of the days of partners.
_EVERYTHING = (
    (_PARTNER_DAY, sources.partner_days()),
    (_MERCHANT_DAY, sources.merchant_days()),
    (_PARTNER_TOTAL, sources.partner_totals()),
    (_CUSTOMER_TOTAL, sources.customer_totals()),
)


def refresh(limit: int = LIMIT) -> int:
    """Recompute what the oldest marks of the running tenant name; how many things, counted as often as named.

    Less than `limit` when no mark is left. 0 also when another worker is recomputing this merchant right now: it or
    the next sweep will come to the rest.
    """
    with transaction.atomic():
        if not _execute("SELECT pg_try_advisory_xact_lock(%(lock)s)", lock=_lock())[0][0]:
            return 0
        zone = _zone()
        taken = _execute(_TAKE, limit=limit, zone=zone)
        if any(kind == "everything" for kind, *_ in taken):
            _recompute_everything()
        else:
            _recompute_days([(id, day) for kind, id, day, _ in taken if kind == "day"], zone)
            _recompute_customers([id for kind, id, *_ in taken if kind == "customer"])
    return int(taken[0][3]) if taken else 0


def refresh_customer(customer_id: UUID) -> None:
    """Recompute one customer of the running tenant at once, for a page about them.

    While a worker is recomputing the same merchant this waits half a second at most; what the page then shows is what
    the worker last wrote.
    """
    try:
        with transaction.atomic():
            _execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
            _execute("SELECT pg_advisory_xact_lock(%(lock)s)", lock=_lock())
            _recompute_customers([customer_id])
            _execute("SET LOCAL lock_timeout = DEFAULT")
    except OperationalError as error:
        if not isinstance(error.__cause__, errors.LockNotAvailable):
            raise


def rebuild() -> None:
    """Recompute every rollup of the running tenant. Waits for a worker that is at it; pages show the old until then."""
    with transaction.atomic():
        _execute("SELECT pg_advisory_xact_lock(%(lock)s)", lock=_lock())
        _execute("DELETE FROM stats_stalemark WHERE merchant_id = %(merchant)s")
        _recompute_everything()


def _recompute_days(pairs: Sequence[tuple[UUID | None, date]], zone: str) -> None:
    if not pairs:
        return
    partners, days = [partner_id for partner_id, _ in pairs], [day for _, day in pairs]
    _execute(_PARTNER_DAYS, partners=partners, days=days, zone=zone)
    _execute(_MERCHANT_DAYS, days=list(set(days)))
    _execute(_PARTNER_TOTALS, partners=list(set(partners) - {None}))


def _recompute_customers(customers: Sequence[UUID]) -> None:
    if customers:
        _execute(_CUSTOMER_TOTALS, customers=list(customers))
        customer_search.refresh(customers)


def _recompute_everything() -> None:
    zone = _zone()
    for rollup, fresh in _EVERYTHING:
        _execute(f"DELETE FROM {rollup.table}")
        _execute(rollup.insert(fresh), zone=zone)
    customer_search.rebuild()
    partner_search.rebuild()


def _lock() -> int:
    """The merchant's own lock among PostgreSQL's 64-bit advisory locks: the random end of its id."""
    return int.from_bytes(current().bytes[8:], signed=True)


def _zone() -> str:
    """As it stands now: a change of it leaves a mark that everything is stale (a trigger, see the migration)."""
    zone: str = _execute("SELECT time_zone FROM merchants_merchant WHERE id = %(merchant)s")[0][0]
    return zone


def _execute(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"merchant": current(), **parameters})
        return cursor.fetchall() if cursor.description else []
