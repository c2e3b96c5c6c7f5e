"""Proof that targets, commissions and figures say the same, from the rows alone.

What a mark names is still to be looked at: nothing is said about those partners.
"""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from bonuses.counting import reached
from bonuses.models import Due, Progress
from bonuses.plans import today_of
from bonuses.reaching import GRACE
from merchants.models import Merchant
from merchants.tenancy import current

_PIECE = 5_000

_WITHOUT_EACH_OTHER = """
SELECT a.id, a.target, c.id AS commission_id, c.amount, (r.rung->>'amount')::bigint,
       a.partner_id = c.partner_id AND b.currency = c.currency AND c.order_id IS NULL
  FROM bonuses_award a
  JOIN bonuses_bonus b ON b.merchant_id = a.merchant_id AND b.id = a.bonus_id
  JOIN commissions_commission c ON c.merchant_id = a.merchant_id AND c.id = a.commission_id
  LEFT JOIN LATERAL (SELECT rung FROM jsonb_array_elements(b.ladder) rung
                      WHERE (rung->>'target')::bigint = a.target) r ON true
 WHERE a.merchant_id = %(merchant)s
"""
_WITHOUT_AWARD = """
SELECT c.id FROM commissions_commission c
 WHERE c.merchant_id = %(merchant)s AND c.order_id IS NULL AND c.reward_version_id IS NULL
   AND c.explanation->>'event' = 'bonus'
   AND NOT EXISTS (SELECT FROM bonuses_award a WHERE a.merchant_id = c.merchant_id AND a.commission_id = c.id)
"""
_AGAINST_FIGURES = """
SELECT a.id, a.target, c.status, coalesce(p.reached, 0)
  FROM bonuses_award a
  JOIN commissions_commission c ON c.merchant_id = a.merchant_id AND c.id = a.commission_id
  LEFT JOIN bonuses_progress p ON p.merchant_id = a.merchant_id AND p.bonus_id = a.bonus_id
        AND p.partner_id = a.partner_id AND p.first_day = a.first_day
 WHERE a.merchant_id = %(merchant)s AND c.status = 'pending' AND coalesce(p.reached, 0) < a.target
   AND NOT EXISTS (SELECT FROM bonuses_due d WHERE d.merchant_id = a.merchant_id AND a.partner_id = ANY(d.partners))
"""


def problems() -> Iterator[str]:
    """What is wrong with the running tenant's bonuses, a sentence each; nothing when all is well."""
    with connection.cursor() as cursor:
        cursor.execute(_WITHOUT_EACH_OTHER, {"merchant": current()})
        for award_id, target, commission_id, amount, promised, fits in cursor:
            if not fits:
                yield f"bonus award {award_id} and commission {commission_id} are of different partners or currencies"
            elif promised != amount:
                yield f"commission {commission_id} is {amount}, the target {target} of its bonus pays {promised}"
        cursor.execute(_WITHOUT_AWARD, {"merchant": current()})
        for (commission_id,) in cursor:
            yield f"commission {commission_id} is for a target that nobody is known to have reached"
        cursor.execute(_AGAINST_FIGURES, {"merchant": current()})
        for award_id, target, _, has in cursor:
            yield f"bonus award {award_id} is on hold for {target}, the partner has reached {has}"
    yield from _progress()


def _progress() -> Iterator[str]:
    """Of the periods that can still be reached by everybody."""
    today = today_of(timezone.now())
    since = today - timedelta(days=GRACE)
    due = {partner_id for named in Due.objects.values_list("partners", flat=True) for partner_id in named}
    for bonus in Merchant(id=current()).bonuses.all():
        for span in bonus.spans(since, today):
            rows = Progress.objects.filter(bonus=bonus, first_day=span.first).order_by("id")
            for start in range(0, rows.count(), _PIECE):
                piece = list(rows[start : start + _PIECE])
                figures = reached([(row.partner_id, bonus, span) for row in piece])
                for row, has in zip(piece, figures, strict=True):
                    if row.reached != has and row.partner_id not in due:
                        yield (
                            f"partner {row.partner_id} has {row.reached} towards {bonus.name}, their days come to {has}"
                        )
