"""What the rollups are recomputed from: one definition in SQL for refreshing, rebuilding and verifying.

Something belongs to the day that the merchant's wall clock showed: `(moment AT TIME ZONE zone)::date`. A rollup row
stands as long as its source has rows for it. Every query here takes the parameters `zone` and `merchant`; row-level
security adds the tenant.
"""

# ruff: noqa: S608 - the statements are put together from this module's own constants; values are parameters.

from collections.abc import Mapping
from dataclasses import dataclass

#: The figures of a partner's day, in the order of every query here.
FIGURES = ("clicks", "unique_clicks", "leads", "orders", "revenue", "refunded", "earned", "pending", "approved")
#: What days keep besides, and totals do not.
OF_STATUS = (
    "in_payout",
    "paid",
    "taken_back",
    "pending_count",
    "unpaid_count",
    "paid_count",
    "taken_back_count",
    "shared",
)
OF_DAY = (*FIGURES, *OF_STATUS)
#: What partners' days keep, and those of the merchant do not.
OF_PARTNER_DAY = (*OF_DAY, "kept_orders")
OF_CUSTOMER = (
    "orders",
    "referred_orders",
    "revenue",
    "refunded",
    "commission",
    "first_order_at",
    "last_order_at",
    "partner_id",
    "brought",
)


@dataclass(frozen=True, slots=True)
class _Source:
    """A table that partners' days are made of. `figures` are aggregates over `t`; those not named are 0."""

    table: str
    moment: str
    currency: str
    figures: Mapping[str, str]
    has_direct: bool
    """Whether rows without a partner occur."""
    stands: str = "true"
    """Which rows count."""

    def columns(self) -> str:
        return ", ".join(f"coalesce({self.figures.get(figure, '0')}, 0) AS {figure}" for figure in OF_PARTNER_DAY)

    def day(self) -> str:
        return f"(t.{self.moment} AT TIME ZONE %(zone)s)::date"


_COMMISSIONS = _Source(
    "commissions_commission",
    "occurred_at",
    "t.currency",
    {
        "earned": "sum(t.amount - t.reversed)",
        "pending": "sum(t.amount - t.reversed) FILTER (WHERE t.status = 'pending')",
        "approved": "sum(t.amount - t.reversed) FILTER (WHERE t.status = 'approved')",
        "in_payout": "sum(t.amount - t.reversed) FILTER (WHERE t.status = 'in_payout')",
        "paid": "sum(t.amount - t.reversed) FILTER (WHERE t.status = 'paid')",
        "taken_back": "sum(t.amount) FILTER (WHERE t.status IN ('reversed', 'rejected'))",
        "pending_count": "count(*) FILTER (WHERE t.status = 'pending')",
        "unpaid_count": "count(*) FILTER (WHERE t.status IN ('approved', 'in_payout'))",
        "paid_count": "count(*) FILTER (WHERE t.status = 'paid')",
        "taken_back_count": "count(*) FILTER (WHERE t.status IN ('reversed', 'rejected'))",
        "shared": "sum(t.amount - t.reversed) FILTER (WHERE t.level > 0)",
    },
    has_direct=False,
)
_SOURCES = (
    _Source(
        "orders_order",
        "placed_at",
        "t.currency",
        {
            "orders": "count(*)",
            "revenue": "sum(t.amount)",
            "refunded": "sum(t.refunded)",
            # An order of nothing cannot be refunded.
            "kept_orders": "count(*) FILTER (WHERE t.amount = 0 OR t.refunded < t.amount)",
        },
        has_direct=True,
        stands="t.deleted_at IS NULL",
    ),
    _COMMISSIONS,
    _Source(
        "affiliates_click",
        "clicked_at",
        "''",
        {"clicks": "count(*)", "unique_clicks": "count(*) FILTER (WHERE t.is_unique)"},
        has_direct=False,
    ),
    _Source("affiliates_lead", "occurred_at", "''", {"leads": "count(*)"}, has_direct=True),
)

# The bounds let the indexes (merchant, partner, moment) find the rows; the day is decided by the wall clock alone.
# They are four hours too wide, because where clocks go back over midnight (Havana, Casey) it comes twice that day.
_PAIRS = """pair AS (
    SELECT partner_id, day, day::timestamp AT TIME ZONE %(zone)s - interval '4 hours' AS since,
           (day + 1)::timestamp AT TIME ZONE %(zone)s + interval '4 hours' AS until
      FROM {asked} AS asked(partner_id, day)
)"""
PAIRS = _PAIRS.format(asked="unnest(%(partners)s::uuid[], %(days)s::date[])")


def partner_days_of_pairs() -> str:
    """The days of `pair` (see PAIRS), each looked up by index in every source."""
    parts = [_by_pair(source, "t.partner_id = p.partner_id", "") for source in _SOURCES]
    parts += [
        _by_pair(source, "t.partner_id IS NULL", "WHERE p.partner_id IS NULL")
        for source in _SOURCES
        if source.has_direct
    ]
    return _summed(parts)


def partner_days(where: str = "true") -> str:
    """All days of all partners, and of none."""
    return _summed(
        [
            f"SELECT t.partner_id, {source.day()} AS day, {source.currency} AS currency, {source.columns()}"
            f" FROM {source.table} t WHERE {source.stands}"
            f" AND {where.format(moment=source.moment, day=source.day())} GROUP BY 1, 2, 3"
            for source in _SOURCES
        ]
    )


def partner_days_between() -> str:
    """The days from `first` to `last`, which may be infinite; the index (merchant, moment) finds their rows."""
    return partner_days(
        "t.{moment} >= %(first)s::date::timestamp AT TIME ZONE %(zone)s - interval '4 hours'"
        " AND t.{moment} < (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s + interval '4 hours'"
        " AND {day} BETWEEN %(first)s AND %(last)s"
    )


def last_day_of_piece() -> str:
    """The day, from `first` on, on which one of the sources has had `rows` rows since; null when none has so many."""
    ends = " UNION ALL ".join(
        f"(SELECT {source.day()} AS day FROM {source.table} t"
        f" WHERE t.{source.moment} >= %(first)s::date::timestamp AT TIME ZONE %(zone)s"
        f" ORDER BY t.{source.moment} OFFSET %(rows)s LIMIT 1)"
        for source in _SOURCES
    )
    return f"SELECT greatest(min(day), %(first)s::date) FROM ({ends}) ends HAVING min(day) IS NOT NULL"


def _by_pair(source: _Source, whose: str, which: str) -> str:
    return f"""SELECT p.partner_id, p.day, found.* FROM pair p CROSS JOIN LATERAL (
        SELECT {source.currency} AS currency, {source.columns()} FROM {source.table} t
         WHERE {whose} AND {source.stands}
           AND t.{source.moment} >= p.since AND t.{source.moment} < p.until AND {source.day()} = p.day
         GROUP BY 1) found {which}"""


def _summed(parts: list[str]) -> str:
    sums = ", ".join(f"sum({figure})::bigint AS {figure}" for figure in OF_PARTNER_DAY)
    union = " UNION ALL ".join(parts)
    return f"SELECT partner_id, day, currency, {sums} FROM ({union}) parts GROUP BY 1, 2, 3"


def _taken(of: str) -> str:
    """What payouts took of a row's partner and currency: a partner has few, beside what they are paid for."""
    return ", ".join(
        f"""(SELECT coalesce(sum(o.amount), 0) FROM payouts_payout o WHERE o.partner_id = {of}.partner_id
              AND o.currency = {of}.currency AND o.status = '{status}')::bigint AS {status}"""
        for status in ("reserved", "paid")
    )


def standing() -> str:
    """What the partners of the parameter `partners` earned and payouts took, by currency, up to this moment.

    The rollup of all their days, with each day that an open mark names taken from its source. One statement sees both
    and the marks at one moment, so the sums are those of the source, at the price of a few days.
    """
    whose = "= ANY(%(partners)s::uuid[])"
    marked = f"(SELECT id, day FROM things WHERE kind = 'day' AND id {whose})"
    figures = ("earned", "pending", "approved")
    named = ", ".join(figures)
    rolled = ", ".join(f"-d.{figure}" for figure in figures)
    sums = ", ".join(f"sum({figure})::bigint AS {figure}" for figure in figures)
    return f"""
WITH things AS MATERIALIZED ({touched("stats_stalemark")}),
{_PAIRS.format(asked=marked)},
parts AS (
    SELECT partner_id, currency, {named} FROM stats_partnertotal WHERE partner_id {whose}
    UNION ALL
    SELECT d.partner_id, d.currency, {rolled} FROM pair p
      JOIN stats_partnerday d ON d.partner_id = p.partner_id AND d.day = p.day
    UNION ALL
    SELECT partner_id, currency, {named} FROM ({_by_pair(_COMMISSIONS, "t.partner_id = p.partner_id", "")}) fresh
)
SELECT partner_id, currency, {sums}, {_taken("parts")},
       (SELECT bool_or(kind IN ('everything', 'partners')) FROM things) AS is_cut_anew
  FROM parts WHERE currency <> '' GROUP BY 1, 2"""


def standing_from_the_source() -> str:
    """The same from the commissions alone."""
    return f"""SELECT partner_id, currency, earned, pending, approved, {_taken("x")} FROM (
        SELECT t.partner_id, t.currency, {_COMMISSIONS.columns()} FROM commissions_commission t
         WHERE t.partner_id = ANY(%(partners)s::uuid[]) GROUP BY 1, 2) x"""


def merchant_days(where: str = "true", *, of: str = "stats_partnerday") -> str:
    """Sums of days of partners, whose orders and direct ones are kept apart; `of` is where those days stand."""
    return f"""SELECT day, currency, sum(clicks)::bigint AS clicks, sum(unique_clicks)::bigint AS unique_clicks,
           sum(leads)::bigint AS leads,
           {_apart("orders")}, {_apart("revenue")}, {_apart("refunded")}, sum(earned)::bigint AS earned,
           sum(pending)::bigint AS pending, sum(approved)::bigint AS approved,
           {", ".join(f"sum({figure})::bigint AS {figure}" for figure in OF_STATUS)}
      FROM {of} days WHERE {where} GROUP BY 1, 2"""


def _apart(figure: str) -> str:
    return (
        f"coalesce(sum({figure}) FILTER (WHERE partner_id IS NOT NULL), 0)::bigint AS {figure},"
        f" coalesce(sum({figure}) FILTER (WHERE partner_id IS NULL), 0)::bigint AS direct_{figure}"
    )


def partner_totals(where: str = "partner_id IS NOT NULL", *, of: str = "stats_partnerday") -> str:
    """Sums over partners' days; `of` is where those stand."""
    sums = ", ".join(f"sum({figure})::bigint AS {figure}" for figure in FIGURES)
    return f"SELECT partner_id, currency, {sums} FROM {of} days WHERE {where} GROUP BY 1, 2"


def customer_totals(where: str = "true") -> str:
    """Customers' orders and what was earned with them, by currency; `where` is about the customer's id, `{id}`.

    Who bought nothing in the merchant's own currency has a row of zeros in it: whatever list is sorted by a figure is
    walked in the rollup's index, and everybody is to be met there. `partner_id` is whose they are now, and `brought`
    what is left of the orders that came through that partner.
    """
    # A scalar, not a join: before the first ANALYZE of a merchant with a long past a join reads all commissions for
    # each order. This way each order's are found by the unique index (merchant, order, partner), whatever is believed.
    commission = "(SELECT sum(c.amount - c.reversed) FROM commissions_commission c WHERE c.order_id = o.id)"
    owner = "(SELECT a.partner_id FROM affiliates_customerattribution a WHERE a.customer_id = {})"
    through_owner = f"FILTER (WHERE o.partner_id = {owner.format('o.customer_id')})"
    return f"""SELECT customer_id, currency, sum(orders)::bigint AS orders,
           sum(referred_orders)::bigint AS referred_orders, sum(revenue)::bigint AS revenue,
           sum(refunded)::bigint AS refunded, sum(commission)::bigint AS commission,
           min(first_order_at) AS first_order_at, max(last_order_at) AS last_order_at,
           {owner.format("parts.customer_id")} AS partner_id, sum(brought)::bigint AS brought
      FROM (
        SELECT o.customer_id, o.currency, count(*) AS orders, count(o.partner_id) AS referred_orders,
               sum(o.amount) AS revenue, sum(o.refunded) AS refunded, coalesce(sum({commission}), 0) AS commission,
               min(o.placed_at) AS first_order_at, max(o.placed_at) AS last_order_at,
               coalesce(sum(o.amount - o.refunded) {through_owner}, 0) AS brought
          FROM orders_order o
         WHERE o.customer_id IS NOT NULL AND o.deleted_at IS NULL AND {where.format(id="o.customer_id")} GROUP BY 1, 2
        UNION ALL
        SELECT k.id, (SELECT currency FROM merchants_merchant WHERE id = %(merchant)s), 0, 0, 0, 0, 0, NULL, NULL, 0
          FROM customers_customer k WHERE {where.format(id="k.id")}
      ) parts GROUP BY 1, 2"""


def touched(marks: str) -> str:
    """The distinct things that the column `touched` of the query or CTE `marks` names, as (kind, id, day).

    Kinds: `day` (id is the partner, null for direct orders), `customer`, and those of `stats.models.StaleMark` for what
    is recomputed in pieces: `everything` (behind the day), `partners` and `customers` (behind the id).
    """
    return f"""SELECT DISTINCT
           CASE WHEN whose IN ('customer', 'everything', 'partners', 'customers') THEN whose ELSE 'day' END AS kind,
           CASE WHEN whose IN ('customer', 'partners', 'customers') THEN what::uuid
                WHEN whose NOT IN ('direct', 'everything') THEN whose::uuid END AS id,
           CASE WHEN whose = 'everything' THEN nullif(what, '')::date
                WHEN whose NOT IN ('customer', 'partners', 'customers')
                THEN (what::timestamptz AT TIME ZONE %(zone)s)::date END AS day
      FROM {marks}, unnest(touched) AS thing,
           LATERAL (SELECT split_part(thing, '/', 1) AS whose, split_part(thing, '/', 2) AS what) AS parts"""
