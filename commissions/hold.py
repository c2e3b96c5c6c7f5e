"""The end of the hold. A pending commission whose time is over, and which nothing flags, becomes approved.

What a recruiter earned waits as long as somebody doubts what the recruit earned. An adjustment has no hold of its own:
it is pending while what it adjusts is, and approved with it. So an adjustment's status is written here alone, under the
lock of what it adjusts. Nothing moves in the books.
"""
# ruff: noqa: S608 - the statements are put together from this module's own constants; values are parameters.

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from commissions.models import Commission, CommissionStatus
from merchants import inputs, tenancy
from merchants.audit import Actor, record, record_many, system
from merchants.edits import lock
from merchants.errors import Conflict

# Nobody doubts it, nor what a recruiter earned it on.
_FREE = """c.status = 'pending' AND NOT EXISTS (
       SELECT FROM commissions_flag f
        WHERE f.merchant_id = c.merchant_id AND f.outcome = 'open' AND f.commission_id IN (c.id, c.source_id))"""
# SKIP LOCKED: what a refund or a rejection is holding right now is left for the next sweep instead of waited for.
_DUE = f"""
SELECT c.id FROM commissions_commission c
 WHERE c.merchant_id = %(merchant)s AND c.held_until <= %(now)s AND c.adjusts_id IS NULL AND {_FREE}
 ORDER BY c.held_until LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
"""
# A statement of its own: who doubts locks the same rows first, so from here on it sees every doubt there is.
_RELEASE = f"""
UPDATE commissions_commission c SET status = 'approved'
 WHERE c.merchant_id = %(merchant)s AND c.id = ANY(%(due)s) AND {_FREE} RETURNING c.id
"""
# FOR NO KEY UPDATE by id: a payout may be choosing them.
_FOLLOW = """
WITH adjustment AS MATERIALIZED (
    SELECT a.id, c.held_until AS until, CASE c.status WHEN 'pending' THEN 'pending' ELSE 'approved' END AS status
      FROM commissions_commission a
      JOIN commissions_commission c ON c.merchant_id = a.merchant_id AND c.id = a.adjusts_id
     WHERE a.merchant_id = %(merchant)s AND a.adjusts_id = ANY(%(adjusted)s) AND a.status IN ('pending', 'approved')
     ORDER BY a.id FOR NO KEY UPDATE OF a)
UPDATE commissions_commission c SET status = adjustment.status,
       held_until = CASE adjustment.status WHEN 'pending' THEN adjustment.until ELSE c.held_until END
  FROM adjustment
 WHERE c.merchant_id = %(merchant)s AND c.id = adjustment.id AND c.status <> adjustment.status
RETURNING c.id
"""


def release_now(commission: Commission, *, reason: str, actor: Actor) -> Commission:
    """End the hold of one commission early: from now on a payout may take it, and what adjusts it.

    One that has no hold stays as it is. Conflict `commission_not_pending` when it is neither on hold nor waiting to be
    paid, `commission_flagged` while it is under review, `adjustment_follows` for one that adjusts another.
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
        if commission.adjusts_id is not None:
            raise Conflict(
                "It adjusts one that is on hold, and is released with that: end the hold of that one.",
                code="adjustment_follows",
            )
        if Commission.objects.filter(id=commission.id).kept_on_hold().exists():
            raise Conflict(
                "This commission is under review: decide about what was found first.", code="commission_flagged"
            )
        commission.status = CommissionStatus.APPROVED
        commission.save(update_fields=["status"])
        follow_hold([commission.id])
        before = {"status": str(CommissionStatus.PENDING), "held_until": commission.held_until.isoformat()}
        after = {"status": str(CommissionStatus.APPROVED), "reason": reason}
        record(actor, "commission.release_early", "commission", commission.id, before=before, after=after)
    return commission


def release_due(*, now: datetime, limit: int = 1000) -> int:
    """Approve at most `limit` commissions of the running tenant whose hold is over, and what adjusts them.

    How many, without adjustments. Call again until 0.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_DUE, {"merchant": tenancy.current(), "now": now, "limit": limit})
            due = [row[0] for row in cursor.fetchall()]
            cursor.execute(_RELEASE, {"merchant": tenancy.current(), "due": due})
            released = [row[0] for row in cursor.fetchall()]
        if released:
            # A statement of its own: it sees what was adjusted before the locks were ours.
            record_many(system("hold"), "commission.release", "commission", [*released, *follow_hold(released)])
    return len(released)


def follow_hold(adjusted: Collection[UUID]) -> list[UUID]:
    """Bring what adjusts these commissions to where they are: on hold while they are, else approved; which changed.

    What is paid stays so. The caller holds the locks of `adjusted`, whose status is as it will be committed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, {"merchant": tenancy.current(), "adjusted": list(adjusted)})
        return [row[0] for row in cursor.fetchall()]


def status_on_hold(commission: Commission, now: datetime) -> CommissionStatus:
    """What one is that is given again or was not paid after all: on hold while its time lasts or a doubt, or approved.

    The caller holds its lock, and those of its source and of what it adjusts.
    """
    has_time = commission.adjusts_id is None and commission.held_until > now
    if has_time or Commission.objects.filter(id=commission.id).kept_on_hold().exists():
        return CommissionStatus.PENDING
    return CommissionStatus.APPROVED
