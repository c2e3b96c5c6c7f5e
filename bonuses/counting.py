"""Which bonus counts for a partner, what they have reached, and how that is said."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from django.db import connection

from bonuses.models import Bonus, Measure
from bonuses.periods import Span
from merchants.money import display
from merchants.tenancy import current

LEVELS = ("partner", "group", "program")

# By the index (merchant, partner, day, currency): a period of a partner is a range of it.
_REACHED = """
SELECT coalesce(sum(CASE a.measure WHEN 'orders' THEN d.kept_orders WHEN 'leads' THEN d.leads
                                   ELSE d.revenue - d.refunded END), 0)::bigint
  FROM unnest(%(partners)s::uuid[], %(firsts)s::date[], %(lasts)s::date[], %(measures)s::text[], %(currencies)s::text[])
       WITH ORDINALITY a(partner_id, first, last, measure, currency, number)
  LEFT JOIN stats_partnerday d ON d.merchant_id = %(merchant)s AND d.partner_id = a.partner_id
        AND d.day BETWEEN a.first AND a.last AND (a.currency = '' OR d.currency = a.currency)
 GROUP BY a.number ORDER BY a.number
"""


def counting(bonuses: Iterable[Bonus], day: date) -> list[Bonus]:
    """Of the bonuses of one partner, their group and their program those that count on that day.

    Of several that count the same, the partner's own beats the group's, and that beats the program's.
    """
    found: dict[tuple[str, str], Bonus] = {}
    for bonus in sorted(bonuses, key=lambda bonus: LEVELS.index(bonus.level)):
        if bonus.is_running(day):
            found.setdefault(bonus.counts, bonus)
    return list(found.values())


def reached(asked: Sequence[tuple[UUID, Bonus, Span]]) -> list[int]:
    """What each partner reached in the span, by the rollups of their days. One statement."""
    if not asked:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _REACHED,
            {
                "merchant": current(),
                "partners": [partner_id for partner_id, _, _ in asked],
                "firsts": [span.first for _, _, span in asked],
                "lasts": [span.last for _, _, span in asked],
                "measures": [bonus.measure for _, bonus, _ in asked],
                "currencies": [bonus.counts[1] for _, bonus, _ in asked],
            },
        )
        return [row[0] for row in cursor.fetchall()]


def said(bonus: Bonus, number: int) -> str:
    """So many: `25 orders`, `1 lead`, `$1,000.00 of revenue`."""
    if bonus.measure == Measure.REVENUE:
        return f"{display(number, bonus.currency)} of revenue"
    return f"{number:,} {bonus.measure if number != 1 else bonus.measure.removesuffix('s')}"


def target_said(bonus: Bonus, target: int) -> str:
    """A target in a sentence that has named what is counted: `25`, `$1,000.00`."""
    return display(target, bonus.currency) if bonus.measure == Measure.REVENUE else f"{target:,}"


_EACH = {"month": "in a month", "quarter": "in a quarter", "year": "in a year"}


def sentence(bonus: Bonus) -> str:
    """The promise: `25 orders in a month pay $150.00, 50 another $250.00`."""
    first, *others = bonus.rungs
    when = _EACH.get(bonus.period) or bonus.spans(bonus.starts_on, bonus.starts_on)[0].called
    pays = "pays" if first.target == 1 or bonus.measure == Measure.REVENUE else "pay"
    text = f"{said(bonus, first.target)} {when} {pays} {display(first.amount, bonus.currency)}"
    return text + "".join(
        f", {target_said(bonus, rung.target)} another {display(rung.amount, bonus.currency)}" for rung in others
    )
