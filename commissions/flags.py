"""Doubts about commissions: raised, and closed. A doubt keeps a commission on hold until somebody decided.

Whoever raises one locks the commissions by id, as payouts and refunds do: one that a payout has taken meanwhile is left
as it is, for what is paid is taken back by other means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from affiliates.models import Partner
from commissions.hold import follow_hold
from commissions.models import Commission, CommissionStatus, Flag, FlagOutcome
from merchants import tenancy
from merchants.audit import Actor, record, record_many

_DOUBTABLE = (CommissionStatus.PENDING, CommissionStatus.APPROVED)


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a rule found about a commission."""

    commission_id: UUID
    rule: str
    severity: int
    reason: str
    evidence: Mapping[str, Any]


def raise_doubts(doubts: Sequence[Doubt], *, actor: Actor) -> int:
    """Flag these commissions of the running tenant and put them on hold, with what recruiters earned on them.

    What adjusts any of these is on hold with it (`commissions.hold`), and is not doubted by itself. How many
    commissions were flagged anew.

    What is paid, rejected or reversed is left. A doubt that was raised before, decided or not, is not raised again.
    """
    with transaction.atomic():
        asked = {doubt.commission_id for doubt in doubts}
        concerned = Commission.objects.filter(
            Q(id__in=asked) | Q(source__in=asked), status__in=_DOUBTABLE, adjusts=None
        )
        locked = set(concerned.order_by("id").select_for_update(no_key=True).values_list("id", flat=True))
        open_ids = asked & locked
        known = set(Flag.objects.filter(commission__in=open_ids).values_list("commission_id", "rule"))
        fresh = [
            Flag(
                merchant_id=tenancy.current(),
                commission_id=doubt.commission_id,
                rule=doubt.rule,
                severity=doubt.severity,
                reason=doubt.reason,
                evidence=dict(doubt.evidence),
            )
            for doubt in doubts
            if doubt.commission_id in open_ids and (doubt.commission_id, doubt.rule) not in known
        ]
        if not fresh:
            return 0
        Flag.objects.bulk_create(fresh)
        flagged = sorted({flag.commission_id for flag in fresh})
        approved = Commission.objects.filter(status=CommissionStatus.APPROVED)
        approved.filter(Q(id__in=flagged) | Q(source__in=flagged)).update(status=CommissionStatus.PENDING)
        follow_hold(locked)
        record_many(actor, "commission.flag", "commission", flagged)
    return len(flagged)


def close(commission: Commission, outcome: FlagOutcome, *, note: str, actor: Actor) -> int:
    """Close what is open about it; how many flags. The caller holds the commission's lock."""
    return Flag.objects.filter(commission=commission, outcome=FlagOutcome.OPEN).update(
        outcome=outcome, closed_at=timezone.now(), decided_by=actor.name, note=note
    )


def close_moot(whys: Mapping[UUID, str], *, actor: Actor) -> None:
    """Close what is open about commissions of which nothing is left, for or against no rule: why, by commission.

    The caller holds their locks, and has taken them back.
    """
    rules: dict[UUID, list[str]] = {}
    opened = Flag.objects.filter(commission__in=list(whys), outcome=FlagOutcome.OPEN)
    for flag in opened.order_by("commission", "rule"):
        rules.setdefault(flag.commission_id, []).append(flag.rule)
    for id, mine in rules.items():
        moot = {"outcome": FlagOutcome.MOOT, "closed_at": timezone.now(), "decided_by": actor.name}
        opened.filter(commission=id).update(**moot, note=whys[id][:500])
        after = {"outcome": str(FlagOutcome.MOOT), "reason": whys[id], "rules": mine}
        record(actor, "commission.review", "commission", id, after=after)


def settle(partner: Partner, rule: str, *, note: str, actor: Actor) -> int:
    """What this rule doubted about the partner's commissions has come right by itself; how many flags were closed."""
    with transaction.atomic():
        doubted = Flag.objects.filter(rule=rule, outcome=FlagOutcome.OPEN, commission__partner=partner)
        ids = doubted.values_list("commission_id", flat=True)
        locked = Commission.objects.filter(id__in=ids).order_by("id").select_for_update(no_key=True)
        settled = list(locked.values_list("id", flat=True))
        if not settled:
            return 0
        closed = Flag.objects.filter(commission__in=settled, rule=rule, outcome=FlagOutcome.OPEN).update(
            outcome=FlagOutcome.RELEASED, closed_at=timezone.now(), decided_by=actor.name, note=note
        )
        record_many(actor, "commission.settle", "commission", settled)
    return closed
