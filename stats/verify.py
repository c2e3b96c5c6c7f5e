"""Proof that every rollup says what its source says, from the rows alone.

What an open mark names is stale and known to be: nothing is said about it. Each comparison is one statement, so it
sees source, rollup and marks as they stood at one moment, also while sales come in.
"""

# ruff: noqa: S608 - the statements are put together from constants; values are parameters.

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db import connection

from affiliates import search as partner_search
from customers import search as customer_search
from merchants.tenancy import current
from stats import sources

_STALE = sources.touched("stats_stalemark")
_ZONE = "SELECT time_zone FROM merchants_merchant WHERE id = %(merchant)s"


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A rollup table, the query that it has to equal, and when a difference (row `a`) is covered by a mark (`s`)."""

    table: str
    called: str
    keys: tuple[str, ...]
    figures: tuple[str, ...]
    source: str
    stale: str

    def statement(self) -> str:
        columns = ", ".join([*self.keys, *self.figures])
        return f"""
WITH stale AS ({sources.touched("stats_stalemark")}),
fresh AS MATERIALIZED (SELECT {columns} FROM ({self.source}) source),
standing AS (SELECT {columns} FROM {self.table}),
apart AS (
    SELECT 'the source' AS side, missing.* FROM (SELECT * FROM fresh EXCEPT SELECT * FROM standing) missing
    UNION ALL
    SELECT 'the rollup', wrong.* FROM (SELECT * FROM standing EXCEPT SELECT * FROM fresh) wrong
)
SELECT side, {columns} FROM apart a
 WHERE NOT EXISTS (SELECT FROM stale s WHERE s.kind = 'everything' OR {self.stale})
 ORDER BY {", ".join(self.keys)}, side DESC"""


_DAYS = f"({sources.partner_days()})"
_COMPARISONS = (
    _Comparison(
        "stats_partnerday",
        "partner day",
        ("partner_id", "day", "currency"),
        sources.OF_PARTNER_DAY,
        sources.partner_days(),
        "s.kind = 'day' AND s.day = a.day AND s.id IS NOT DISTINCT FROM a.partner_id",
    ),
    _Comparison(
        "stats_merchantday",
        "merchant day",
        ("day", "currency"),
        (*sources.OF_DAY, "direct_orders", "direct_revenue", "direct_refunded"),
        sources.merchant_days(of=_DAYS),
        "s.kind = 'day' AND s.day = a.day",
    ),
    _Comparison(
        "stats_partnertotal",
        "partner total",
        ("partner_id", "currency"),
        sources.FIGURES,
        sources.partner_totals(of=_DAYS),
        "s.kind = 'partners' OR s.kind = 'day' AND s.id = a.partner_id",
    ),
    _Comparison(
        "stats_customertotal",
        "customer total",
        ("customer_id", "currency"),
        sources.OF_CUSTOMER,
        sources.customer_totals(),
        "s.kind IN ('partners', 'customers') OR s.kind = 'customer' AND s.id = a.customer_id",
    ),
)


def problems() -> Iterator[str]:
    """What the running tenant's rollups say otherwise than their source, a sentence each; nothing when they agree."""
    with connection.cursor() as cursor:
        cursor.execute(_ZONE, {"merchant": current()})
        (zone,) = cursor.fetchone()
        for comparison in _COMPARISONS:
            cursor.execute(comparison.statement(), {"zone": zone, "merchant": current()})
            yield from _sentences(comparison, cursor.fetchall())
        yield from _words(zone)


def _words(zone: str) -> Iterator[str]:
    """Source and words are read one after the other: what differs is looked at once more, and the marks after that."""
    customers, partners = (
        list(search.differing(found)) if (found := list(search.differing())) else []
        for search in (customer_search, partner_search)
    )
    if not customers and not partners:
        return
    with connection.cursor() as cursor:
        cursor.execute(_STALE, {"zone": zone})
        marked = {(kind, row) for kind, row, _ in cursor.fetchall()}
    if {"everything", "partners", "customers"} & {kind for kind, _ in marked}:
        return
    stale = {row for kind, row in marked if kind == "customer"}
    yield from (f"customer {row} is found by other words than they have" for row in customers if row not in stale)
    yield from (f"partner {row} is found by other words than they have" for row in partners)


def _sentences(comparison: _Comparison, apart: list[tuple[Any, ...]]) -> Iterator[str]:
    keys = len(comparison.keys)
    for key, sides in groupby(apart, key=lambda row: row[1 : 1 + keys]):
        figures = {row[0]: row[1 + keys :] for row in sides}
        named = " ".join("direct" if part is None else str(part) for part in key).rstrip()
        if len(figures) == 1:
            (side,) = figures
            yield f"{comparison.called} {named} is only in {side}"
            continue
        rollup, source = figures["the rollup"], figures["the source"]
        off = [
            f"{figure} is {had}, the source says {has}"
            for figure, had, has in zip(comparison.figures, rollup, source, strict=True)
            if had != has
        ]
        yield f"{comparison.called} {named}: {'; '.join(off)}"
