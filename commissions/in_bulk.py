"""One decision about many commissions, by a job: each is decided about by itself, in an order that everybody locks in.

What somebody else decided, paid or refunded meanwhile is left as it is and named in the result; the others go on.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from commissions.models import Commission, FlagOutcome
from commissions.rejection import lock_orders, reject, restore
from commissions.review import DECISIONS, decide
from jobs.kinds import Kind, Piece, Work
from jobs.models import Job
from jobs.start import start
from merchants import inputs
from merchants.audit import Actor
from merchants.errors import DomainError
from merchants.models import Merchant
from merchants.roles import Permission

#: Commissions in one piece: a few statements each.
PIECE = 100
#: Of many refusals the result names this many.
_NAMED = 100

Verb = Callable[[Commission, str, Actor], object]


def _reject(commission: Commission, reason: str, actor: Actor) -> None:
    reject(commission, reason=reason, actor=actor)


def _restore(commission: Commission, reason: str, actor: Actor) -> None:
    restore(commission, reason=reason, actor=actor)


def _review(outcome: FlagOutcome) -> Verb:
    def review(commission: Commission, reason: str, actor: Actor) -> None:
        decide(commission, outcome=outcome, reason=reason, actor=actor)

    return review


#: By the last part of the job's kind: what is done, the job's title, and what commissions are then.
ACTIONS: dict[str, tuple[Verb, str, str]] = {
    "reject": (_reject, "Reject commissions", "rejected"),
    "restore": (_restore, "Restore commissions", "restored"),
    **{f"review_{each}": (_review(each), f"Review commissions: {each.label.lower()}", "decided") for each in DECISIONS},
}


def start_deciding(
    action: str, *, merchant: Merchant, commission_ids: Sequence[UUID], reason: str, actor: Actor
) -> Job:
    """A job that decides so, one of ACTIONS, about exactly these."""
    reason = inputs.line(reason, "reason", longest=500, required=True)
    ids = [str(id) for id in sorted(commission_ids)]
    parameters = {"ids": ids, "reason": reason}
    return start(f"commissions.{action}", merchant=merchant, parameters=parameters, total=len(ids), actor=actor)


def _kind(action: str, verb: Verb, title: str, word: str) -> Kind:
    def work(job: Job, parameters: Mapping[str, Any]) -> Work:
        """`ids` of commissions, and the `reason`. The state: how many were seen, how many changed, what was refused."""
        ids: list[str] = parameters["ids"]
        state = {"seen": 0, "changed": 0, "sentences": [], **job.state}
        while state["seen"] < len(ids):
            piece = ids[state["seen"] : state["seen"] + PIECE]
            chosen = job.merchant.commissions.filter(id__in=piece)
            if verb is _restore:
                lock_orders(job.merchant, chosen)
            for commission in chosen.order_by("id"):
                try:
                    verb(commission, parameters["reason"], job.actor)
                except DomainError as error:
                    sentence = f"{commission.called}: {error.message}"
                    state["sentences"] = [*state["sentences"], sentence][:_NAMED]
                else:
                    state["changed"] += 1
            state["seen"] += len(piece)
            result = {"summary": _said(state, word), "left_out": state["sentences"]}
            yield Piece(done=state["seen"], total=len(ids), state=state, result=result)

    return Kind(f"commissions.{action}", title, frozenset({Permission.EDIT_COMMISSIONS}), work)


def _said(state: Mapping[str, Any], word: str) -> str:
    changed, left = state["changed"], state["seen"] - state["changed"]
    note = f" {left:,} stayed as they were." if left else ""
    return f"{changed:,} commission{'' if changed == 1 else 's'} {word}.{note}"


KINDS = tuple(_kind(action, *said) for action, said in ACTIONS.items())
