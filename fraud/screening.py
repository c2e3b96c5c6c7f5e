"""Looking at new commissions, after they were committed and by a worker: a sale does not wait for any rule.

Why none is missed: ids are made in the order of time, but commits may come a little later. So each look begins SLACK
before the last one's end, and leaves out what was looked at (`Screened`). Two workers never look at once: the
merchant's `Screening` is locked, and whoever comes second goes away.

What was given by hand is not looked at: somebody has just decided about it.
"""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from commissions.flags import raise_doubts
from fraud.models import RuleSetting, Screened, Screening
from fraud.rules import RULES
from merchants import tenancy
from merchants.audit import system
from merchants.ids import least_id
from merchants.models import Merchant

#: Commissions that are looked at in one transaction.
LIMIT = 500
#: Far longer than a transaction that records sales lasts.
SLACK = timedelta(minutes=10)

_FRESH = """
SELECT c.id FROM commissions_commission c
 WHERE c.merchant_id = %(merchant)s AND c.id >= %(since)s
   AND (c.reward_version_id IS NOT NULL OR c.explanation->>'event' = 'bonus')
   AND c.status IN ('pending', 'approved')
   AND NOT EXISTS (SELECT FROM fraud_screened s WHERE s.merchant_id = %(merchant)s AND s.commission_id = c.id)
 ORDER BY c.id LIMIT %(limit)s
"""


def screen(limit: int = LIMIT) -> int:
    """Look at commissions of the running tenant that nobody has looked at; how many. Less than `limit`: that was all.

    0 too while another worker is at it, or when no rule is on.
    """
    with transaction.atomic():
        screening = Screening.objects.select_for_update(skip_locked=True).first()
        if screening is None:
            return 0
        now, merchant = timezone.now(), Merchant.objects.get(id=tenancy.current())
        since = least_id(screening.until, later=-SLACK)
        with connection.cursor() as cursor:
            cursor.execute(_FRESH, {"merchant": merchant.id, "since": since, "limit": limit})
            ids = [row[0] for row in cursor.fetchall()]
        if ids:
            doubts = [
                doubt
                for setting in RuleSetting.objects.filter(is_on=True, rule__in=RULES)
                for doubt in RULES[setting.rule].doubts(ids, setting.parameters, zone=merchant.time_zone)
            ]
            raise_doubts(doubts, actor=system("fraud rules"))
            Screened.objects.bulk_create(Screened(merchant_id=merchant.id, commission_id=id) for id in ids)
        if len(ids) < limit:
            screening.until = max(screening.until, now)
            screening.save(update_fields=["until"])
            Screened.objects.filter(commission_id__lt=least_id(now, later=-2 * SLACK)).delete()
    return len(ids)
