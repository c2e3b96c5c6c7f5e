"""The end of the hold. A pending commission whose time is over, and which nothing flags, becomes approved.

What a recruiter earned waits as long as somebody doubts what the recruit earned. Nothing moves in the books.
"""

from datetime import datetime

from django.db import connection, transaction

from commissions.models import Commission, CommissionStatus, Flag, FlagOutcome
from merchants import inputs, tenancy
from merchants.audit import Actor, record, record_many, system
from merchants.edits import lock
from merchants.errors import Conflict

# SKIP LOCKED: what a refund or a rejection is holding right now is left for the next sweep instead of waited for.
# MATERIALIZED: as a subquery the choice may be made again for each row, and the limit would not hold.
_RELEASE = """
WITH due AS MATERIALIZED (
    SELECT id FROM commissions_commission
     WHERE merchant_id = %(merchant)s AND status = 'pending' AND held_until <= %(now)s
       AND NOT EXISTS (SELECT FROM commissions_flag f
                        WHERE f.merchant_id = %(merchant)s AND f.outcome = 'open'
                          AND f.commission_id IN (commissions_commission.id, commissions_commission.source_id))
     ORDER BY held_until LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED)
UPDATE commissions_commission c SET status = 'approved' FROM due
 WHERE c.merchant_id = %(merchant)s AND c.id = due.id AND c.status = 'pending'
RETURNING c.id
"""


def release_now(commission: Commission, *, reason: str, actor: Actor) -> Commission:
    """End the hold of one commission early: from now on a payout may take it. One that has no hold stays as it is.

    Conflict `commission_not_pending` when it is neither on hold nor waiting to be paid, `commission_flagged` while
    it is under review.
    """
    reason = inputs.line(reason, "reason", longest=500, required=True)
    with transaction.atomic():
        lock(commission)
        if commission.status == CommissionStatus.APPROVED:
            return commission
        if commission.status != CommissionStatus.PENDING:
            raise Conflict(
                f"This commission is {commission.get_status_display().lower()}, not on hold.",
                code="commission_not_pending",
            )
        doubts = Flag.objects.filter(commission__in=[commission.id, commission.source_id], outcome=FlagOutcome.OPEN)
        if doubts.exists():
            raise Conflict(
                "This commission is under review: decide about what was found first.", code="commission_flagged"
            )
        commission.status = CommissionStatus.APPROVED
        commission.save(update_fields=["status"])
        before = {"status": str(CommissionStatus.PENDING), "held_until": commission.held_until.isoformat()}
        after = {"status": str(CommissionStatus.APPROVED), "reason": reason}
        record(actor, "commission.release_early", "commission", commission.id, before=before, after=after)
    return commission


def release_due(*, now: datetime, limit: int = 1000) -> int:
    """Approve at most `limit` commissions of the running tenant whose hold is over; how many. Call again until 0."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_RELEASE, {"merchant": tenancy.current(), "now": now, "limit": limit})
            released = [row[0] for row in cursor.fetchall()]
        if released:
            record_many(system("hold"), "commission.release", "commission", released)
    return len(released)
