"""Recomputing the rollups of the running tenant from their source, and with them the words that searches go by.

Why nothing is lost: a mark is committed together with the change it speaks of. A refresh that sees the mark sees the
change, because it takes the marks first and every later statement sees at least as much (READ COMMITTED). A mark
that is committed after that is simply not seen: it stays, and the next refresh takes it.

Why nothing old overwrites something new: two workers could take different marks of the same partner's day, and the
one that had looked at the source earlier could write later. So whoever recomputes holds a lock of the merchant's,
taken in a statement of its own before the first look at the source and kept until the commit.

A long past (another time zone, an upgrade that keeps another figure) is worked off in pieces: a refresh does one, and
leaves its successor's mark behind all marks that are open, so that what is sold meanwhile has its turn between two.

Who goes by partners' figures is told whose were recomputed, in the same transaction: `settings.FIGURES_FOLLOWED_BY`
lists functions of (partner ids), which write down what there is to do and do nothing else.
"""

# ruff: noqa: S608 - the statements are put together from constants; values are parameters.

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils.module_loading import import_string
from psycopg import errors

from affiliates import search as partner_search
from customers import search as customer_search
from merchants.tenancy import current
from stats import sources
from stats.models import StaleMark
from stats.sources import FIGURES, OF_DAY, OF_PARTNER_DAY

#: Partners' days and customers that are recomputed in one transaction, or one mark's if those are more; and how many
#: partners or customers are a piece of a long past. Of its orders, commissions or clicks the days of so many are one:
LIMIT = 5_000
_ROWS_FOR_EACH = 40
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


_PARTNER_DAY = _Rollup("stats_partnerday", ("partner_id", "day", "currency"), OF_PARTNER_DAY, nullable="partner_id")
_MERCHANT_DAY = _Rollup(
    "stats_merchantday",
    ("day", "currency"),
    (*OF_DAY, "direct_orders", "direct_revenue", "direct_refunded"),
)
_PARTNER_TOTAL = _Rollup("stats_partnertotal", ("partner_id", "currency"), FIGURES)
_CUSTOMER_TOTAL = _Rollup(
    "stats_customertotal",
    ("customer_id", "currency"),
    sources.OF_CUSTOMER,
)

# The oldest marks, until they name `limit` things together, and at least one. It steps from mark to mark: of thousands
# of long ones, which an import leaves, it reads those alone that it takes.
_TAKE = f"""
WITH RECURSIVE oldest AS (
    (SELECT id, cardinality(touched) AS named FROM stats_stalemark WHERE merchant_id = %(merchant)s ORDER BY id LIMIT 1)
    UNION ALL
    SELECT next.id, oldest.named + next.named FROM oldest, LATERAL (
        SELECT m.id, cardinality(m.touched) AS named FROM stats_stalemark m
         WHERE m.merchant_id = %(merchant)s AND m.id > oldest.id ORDER BY m.id LIMIT 1) next
     WHERE oldest.named < %(limit)s
),
taken AS (
    DELETE FROM stats_stalemark WHERE merchant_id = %(merchant)s AND id = ANY(ARRAY(SELECT id FROM oldest))
    RETURNING touched
)
SELECT things.*, (SELECT max(named) FROM oldest) FROM ({sources.touched("taken")}) things
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
    sources.customer_totals("{id} = ANY(%(customers)s)"), where="d.customer_id = ANY(%(customers)s)"
)

_BETWEEN = "d.day BETWEEN %(first)s AND %(last)s"
_LAST_DAY = sources.last_day_of_piece()
_DAYS_ANEW = (
    f"DELETE FROM {_PARTNER_DAY.table} d WHERE {_BETWEEN}",
    _PARTNER_DAY.insert(sources.partner_days_between()),
    f"DELETE FROM {_MERCHANT_DAY.table} d WHERE {_BETWEEN}",
    _MERCHANT_DAY.insert(sources.merchant_days("day BETWEEN %(first)s AND %(last)s")),
)


def refresh(limit: int = LIMIT, *, wait: bool = False) -> int:
    """Recompute what the oldest marks of the running tenant name; how many things, counted as often as named.

    Less than `limit` when no mark is left. 0 also when another worker is recomputing this merchant right now: it or
    the next sweep will come to the rest. With `wait` it is waited for.
    """
    with transaction.atomic():
        if wait:
            stand_still()
        elif not _execute("SELECT pg_try_advisory_xact_lock(%(lock)s)", lock=_lock())[0][0]:
            return 0
        taken = _execute(_TAKE, limit=limit, zone=_zone())
        if not taken:
            return 0
        # Asked again, for a mark that was taken may speak of a change of it.
        zone = _zone()
        _recompute_days([(id, day) for kind, id, day, _ in taken if kind == "day"], zone)
        _recompute_customers([id for kind, id, *_ in taken if kind == "customer"])
        is_left = _go_on([_Long(kind, id, day) for kind, id, day, _ in taken if kind in _STAGES], zone, limit)
    named = int(taken[0][3])
    return max(named, limit) if is_left else named


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


def stand_still() -> None:
    """Wait until nobody is recomputing the running tenant, and keep it so to the end of the transaction.

    What was recomputed before is then seen, and what is recomputed afterwards sees this transaction.
    """
    _execute("SELECT pg_advisory_xact_lock(%(lock)s)", lock=_lock())


def _recompute_days(pairs: Sequence[tuple[UUID | None, date]], zone: str) -> None:
    if not pairs:
        return
    partners, days = [partner_id for partner_id, _ in pairs], [day for _, day in pairs]
    _execute(_PARTNER_DAYS, partners=partners, days=days, zone=zone)
    _execute(_MERCHANT_DAYS, days=list(set(days)))
    known = {partner_id for partner_id in partners if partner_id is not None}
    _execute(_PARTNER_TOTALS, partners=list(known))
    _tell(known)


def _tell(partner_ids: Collection[UUID]) -> None:
    if partner_ids:
        for name in settings.FIGURES_FOLLOWED_BY:
            import_string(name)(partner_ids)


def _recompute_customers(customers: Sequence[UUID]) -> None:
    if customers:
        _execute(_CUSTOMER_TOTALS, customers=list(customers))
        customer_search.refresh(customers)


#: What is recomputed in pieces, one after the other: days, then what is made of them, then customers.
_STAGES = ("everything", "partners", "customers")


@dataclass(frozen=True, slots=True)
class _Long:
    """Work that is done up to `day`, or up to `id`, as a mark says it."""

    stage: str
    id: UUID | None = None
    day: date | None = None

    def behind(self) -> tuple[int, str]:
        """Less for what has more to do: who has done that has done the other too."""
        return _STAGES.index(self.stage), str(self.id or self.day or "")

    def mark(self) -> str:
        return f"{self.stage}/{self.id or self.day}"


def _go_on(work: Sequence[_Long], zone: str, size: int) -> bool:
    """Do a piece of what has most to do, and leave a mark of the rest; whether there is one."""
    left = min(work, key=_Long.behind, default=None)
    while left is not None:
        left, is_full = _STEPS[left.stage](left, zone, size)
        if left is not None and is_full:
            StaleMark.objects.create(merchant_id=current(), touched=[left.mark()])
            return True
    return False


def _more_days(done: _Long, zone: str, size: int) -> tuple[_Long, bool]:
    first = str(done.day + timedelta(days=1)) if done.day else "-infinity"
    found = _execute(_LAST_DAY, first=first, rows=size * _ROWS_FOR_EACH, zone=zone)
    last = found[0][0] if found else None
    for statement in _DAYS_ANEW:
        _execute(statement, first=first, last=str(last or "infinity"), zone=zone)
    return (_Long("everything", day=last), True) if last else (_Long("partners"), False)


def _more_partners(done: _Long, _zone: str, size: int) -> tuple[_Long, bool]:
    partners = _ids_behind("affiliates_partner", done.id, size)
    _execute(_PARTNER_TOTALS, partners=partners)
    partner_search.refresh(partners)
    _tell(partners)
    return (_Long("partners", partners[-1]), True) if len(partners) == size else (_Long("customers"), False)


def _more_customers(done: _Long, _zone: str, size: int) -> tuple[_Long | None, bool]:
    customers = _ids_behind("customers_customer", done.id, size)
    _recompute_customers(customers)
    return (_Long("customers", customers[-1]), True) if len(customers) == size else (None, False)


_STEPS: dict[str, Callable[[_Long, str, int], tuple[_Long | None, bool]]] = {
    "everything": _more_days,
    "partners": _more_partners,
    "customers": _more_customers,
}


def _ids_behind(table: str, last: UUID | None, size: int) -> list[UUID]:
    statement = f"""SELECT id FROM {table} WHERE merchant_id = %(merchant)s AND id > %(last)s
                     ORDER BY id LIMIT %(size)s"""
    return [id for (id,) in _execute(statement, last=last or UUID(int=0), size=size)]


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
