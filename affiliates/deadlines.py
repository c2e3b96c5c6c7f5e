"""The day for new terms has passed: who did not accept them stops earning, where the merchant has said so.

Accepting ends it (`program_terms.accept_newest`). Who is let in again by staff before that stays in: a suspension is
made once, of those who have been approved since before the day was over.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from affiliates.models import AfterDeadline, PartnerStatus, Program, ProgramTerms
from affiliates.partners import suspend_for_terms
from affiliates.program_terms import terms_in_force, unaccepted
from merchants.audit import system
from merchants.edits import lock

#: Partners that are suspended in one transaction.
LIMIT = 200
_DEADLINE = system("Deadline of the terms")


def suspend_late(*, now: datetime, limit: int = LIMIT) -> int:
    """Suspend partners of the running tenant whose day has passed; how many were looked at, at most `limit`.

    Call again while it is `limit`.
    """
    looked_at = 0
    for program in Program.objects.select_related("merchant").order_by("id"):
        terms = terms_in_force(program)
        if terms is None or terms.after_deadline != AfterDeadline.SUSPEND:
            continue
        over = _over_at(terms, ZoneInfo(program.merchant.time_zone))
        if over is None or now < over:
            continue
        late = unaccepted(terms).filter(status=PartnerStatus.APPROVED, status_changed_at__lt=over).order_by("id")
        for partner in late[: limit - looked_at]:
            looked_at += 1
            # Under the partner's lock, as whoever accepts and whoever decides holds it: they may have been faster.
            lock(partner)
            if late.filter(id=partner.id).exists():
                suspend_for_terms(partner, why=f"Version {terms.number} of the terms is not accepted.", actor=_DEADLINE)
    return looked_at


def _over_at(terms: ProgramTerms, zone: ZoneInfo) -> datetime | None:
    """The first moment at which the day is over where the merchant is."""
    if terms.accept_by is None:
        return None
    return datetime.combine(terms.accept_by + timedelta(days=1), time.min, zone)
