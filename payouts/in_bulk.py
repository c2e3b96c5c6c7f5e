"""Many commissions marked paid, or unpaid again, by a job: partner by partner, payout by payout.

What belongs to one payout is never cut in two. A partner or payout that is refused is left as it was and named in the
result; the others go on.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any
from uuid import UUID

from commissions.models import CommissionStatus
from jobs.kinds import Kind, Piece, Work
from jobs.models import Job
from jobs.start import start
from merchants.audit import Actor
from merchants.errors import DomainError
from merchants.models import Merchant
from merchants.roles import Permission
from payouts.manual import mark_paid, mark_unpaid
from payouts.models import Payout

#: Commissions in one piece, or one group's if those are more.
PIECE = 200
#: Of many refusals the result names this many.
_NAMED = 100
_LOT = 5_000

#: What goes together (a partner, a payout) by its id, with the commissions in question.
Groups = list[tuple[str, list[str]]]


def start_marking_paid(
    *,
    merchant: Merchant,
    commission_ids: Sequence[UUID],
    transaction_id: str,
    paid_on: date,
    note: str = "",
    actor: Actor,
) -> Job:
    """A job that marks these commissions paid, as `mark_paid` would, a partner at a time."""
    unpaid = merchant.commissions.exclude(status=CommissionStatus.PAID)
    pairs = (unpaid.filter(id__in=ids).values_list("partner_id", "id") for ids in _in_lots(commission_ids))
    # Partners in the order of their ids, as everybody locks them.
    groups = _grouped(sorted(chain.from_iterable(pairs)))
    how = {"transaction_id": transaction_id, "paid_on": paid_on.isoformat(), "note": note}
    parameters = {"groups": groups, **how}
    return start("commissions.mark_paid", merchant=merchant, parameters=parameters, total=_count(groups), actor=actor)


def start_marking_unpaid(*, merchant: Merchant, commission_ids: Sequence[UUID], reason: str, actor: Actor) -> Job:
    """A job that undoes the payouts in which these were paid, as `mark_unpaid` would, a payout at a time."""
    live = merchant.payout_items.filter(is_live=True)
    columns = ("payout__partner_id", "payout_id", "commission_id")
    found = (live.filter(commission__in=ids).values_list(*columns) for ids in _in_lots(commission_ids))
    groups = _grouped((payout, commission) for _, payout, commission in sorted(chain.from_iterable(found)))
    parameters = {"groups": groups, "reason": reason}
    return start("commissions.mark_unpaid", merchant=merchant, parameters=parameters, total=_count(groups), actor=actor)


def _pay(job: Job, parameters: Mapping[str, Any]) -> Work:
    """`groups` of commissions by partner, `transaction_id`, `paid_on` and `note` of their payouts."""
    how = {name: parameters[name] for name in ("transaction_id", "note")}
    paid_on = date.fromisoformat(parameters["paid_on"])

    def pay(ids: list[UUID]) -> list[Payout]:
        return mark_paid(merchant=job.merchant, commission_ids=ids, paid_on=paid_on, actor=job.actor, **how)

    def named(partner: str) -> str:
        return job.merchant.partners.get(id=partner).name

    return _each_group(job, parameters["groups"], pay, named, "recorded")


def _undo(job: Job, parameters: Mapping[str, Any]) -> Work:
    """`groups` of commissions by payout, and the `reason`."""

    def undo(ids: list[UUID]) -> list[Payout]:
        return mark_unpaid(merchant=job.merchant, commission_ids=ids, reason=parameters["reason"], actor=job.actor)

    def named(payout: str) -> str:
        return job.merchant.payouts.select_related("partner").get(id=payout).partner.name

    return _each_group(job, parameters["groups"], undo, named, "reversed")


def _each_group(
    job: Job, groups: Groups, act: Callable[[list[UUID]], list[Payout]], named: Callable[[str], str], word: str
) -> Work:
    """`act` on each group. The state holds how many groups were seen to, and what came of them."""
    state = {"groups": 0, "seen": 0, "payouts": 0, "left_out": 0, "sentences": [], **job.state}
    total = _count(groups)
    while state["groups"] < len(groups):
        for key, ids in _next(groups[state["groups"] :]):
            try:
                state["payouts"] += len(act([UUID(id) for id in ids]))
            except DomainError as error:
                state["left_out"] += len(ids)
                state["sentences"] = [*state["sentences"], f"{named(key)}: {error.message}"][:_NAMED]
            state["groups"] += 1
            state["seen"] += len(ids)
        result = {"summary": _said(state, word), "left_out": state["sentences"]}
        yield Piece(done=state["seen"], total=total, state=state, result=result)


def _next(groups: Groups) -> Iterable[tuple[str, list[str]]]:
    """The first groups, as many as make a piece."""
    size = 0
    for key, ids in groups:
        if size and size + len(ids) > PIECE:
            return
        size += len(ids)
        yield key, ids


def _said(state: Mapping[str, Any], word: str) -> str:
    payouts, left_out = state["payouts"], state["left_out"]
    note = f" {left_out:,} commission{'' if left_out == 1 else 's'} stayed as they were." if left_out else ""
    return f"{payouts:,} payout{'' if payouts == 1 else 's'} {word}.{note}"


def _in_lots(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    """As many as one statement shall name."""
    return (ids[first : first + _LOT] for first in range(0, len(ids), _LOT))


def _grouped(pairs: Iterable[tuple[UUID, UUID]]) -> Groups:
    """Pairs in the order of their first to groups by it."""
    groups: dict[str, list[str]] = {}
    for key, id in pairs:
        groups.setdefault(str(key), []).append(str(id))
    return list(groups.items())


def _count(groups: Sequence[tuple[str, list[str]]]) -> int:
    return sum(len(ids) for _, ids in groups)


_NEEDS = frozenset({Permission.EDIT_PAYOUTS})
KINDS = (
    Kind("commissions.mark_paid", "Mark commissions paid", _NEEDS, _pay),
    Kind("commissions.mark_unpaid", "Mark commissions unpaid", _NEEDS, _undo),
)
