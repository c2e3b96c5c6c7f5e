"""Whose bonuses are to be looked at again. Written down with the change, so that no death of a worker loses anybody.

The rollups tell whose figures they recomputed (`settings.FIGURES_FOLLOWED_BY`), in their transaction; a partner who is
approved, or comes to another group, is written down by a trigger (see the migration). Only where there is a bonus: who
makes the first one waits until no worker is recomputing, then writes down whoever its first day has figures of.

Senders' clocks may be ahead, and their figures of a day that has not begun where the merchant is. Who is looked at and
has any is written down anew, for that day.
"""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from django.db import connection

from merchants.tenancy import current
from stats.rollup import stand_still

#: Partners that one mark names at most, and so about as many as one transaction looks at.
PIECE = 1_000

_NOTE = """
INSERT INTO bonuses_due (merchant_id, partners)
SELECT %(merchant)s, array_agg(id) FROM unnest(%(partners)s::uuid[]) WITH ORDINALITY AS named(id, number)
 WHERE EXISTS (SELECT FROM bonuses_bonus WHERE merchant_id = %(merchant)s)
 GROUP BY (number - 1) / %(piece)s ORDER BY (number - 1) / %(piece)s
"""
_NOTE_SINCE = """
INSERT INTO bonuses_due (merchant_id, partners, not_before)
SELECT %(merchant)s, array_agg(id), %(since)s
  FROM (SELECT partner_id AS id, row_number() OVER () AS number FROM stats_partnerday
         WHERE merchant_id = %(merchant)s AND day >= %(since)s AND partner_id IS NOT NULL GROUP BY partner_id) named
 GROUP BY (number - 1) / %(piece)s ORDER BY (number - 1) / %(piece)s
"""
_NOTE_AHEAD = """
INSERT INTO bonuses_due (merchant_id, partners, not_before)
SELECT %(merchant)s, array_agg(DISTINCT partner_id), day FROM stats_partnerday
 WHERE merchant_id = %(merchant)s AND partner_id = ANY(%(partners)s::uuid[]) AND day > %(today)s GROUP BY day
"""
# The oldest marks, until they come to `limit` partners, and at least one.
_TAKE = """
WITH oldest AS (SELECT id, cardinality(partners) AS named FROM bonuses_due
                 WHERE merchant_id = %(merchant)s AND (not_before IS NULL OR not_before <= %(today)s)
                 ORDER BY id LIMIT 100),
chosen AS (SELECT id, sum(named) OVER (ORDER BY id) - named AS before FROM oldest),
taken AS (DELETE FROM bonuses_due d WHERE d.merchant_id = %(merchant)s
             AND d.id = ANY(ARRAY(SELECT id FROM chosen WHERE before < %(limit)s)) RETURNING d.partners)
SELECT DISTINCT unnest(partners) FROM taken
"""


def note(partner_ids: Collection[UUID]) -> None:
    """Their figures were recomputed by the running transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, {"merchant": current(), "partners": list(partner_ids), "piece": PIECE})


def note_since(day: date) -> None:
    """A bonus of the running transaction counts from `day` on: then, look at everybody who has figures since."""
    stand_still()
    with connection.cursor() as cursor:
        cursor.execute(_NOTE_SINCE, {"merchant": current(), "since": day, "piece": PIECE})


def take(limit: int, *, today: date) -> list[UUID]:
    """The partners named first. What is written down from now on is a mark of its own, and stays."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"merchant": current(), "limit": limit, "today": today})
        taken = [row[0] for row in cursor.fetchall()]
        if taken:
            cursor.execute(_NOTE_AHEAD, {"merchant": current(), "partners": taken, "today": today})
    return taken
