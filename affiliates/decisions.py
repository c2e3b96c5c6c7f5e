"""One decision about many partners: each is decided by itself, and those whose status does not allow it are left."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from affiliates import partners as verbs
from affiliates.models import Partner
from jobs.kinds import Kind, Piece, Work
from jobs.models import Job
from merchants.audit import Actor
from merchants.errors import DomainError
from merchants.roles import Permission

#: Partners in one piece of a job: a few statements each.
PIECE = 100


@dataclass(frozen=True, slots=True)
class Decision:
    """What can be decided about a partner."""

    verb: Callable[..., Partner]
    title: str
    word: str
    """What they are then."""

    def about(self, partners: Iterable[Partner], *, actor: Actor) -> int:
        """Decide about each of them; how many it changed. One audit row for each."""
        changed = 0
        for partner in partners:
            try:
                self.verb(partner, actor=actor)
            except DomainError:
                # Somebody else decided meanwhile, or its status never allowed this: it is counted as left.
                continue
            changed += 1
        return changed

    def said(self, changed: int, among: int) -> str:
        """What came of it, as a sentence or two."""
        left = among - changed
        note = f" {left:,} had another status and stayed as they were." if left else ""
        return f"{changed:,} partner{'' if changed == 1 else 's'} {self.word}.{note}"


DECISIONS: dict[str, Decision] = {
    "approve": Decision(verbs.approve, "Approve", "approved"),
    "reject": Decision(verbs.reject, "Reject", "rejected"),
    "suspend": Decision(verbs.suspend, "Suspend", "suspended"),
}


def kind_name(action: str) -> str:
    """The kind of job that decides so about many; its parameter `ids` lists them."""
    return f"partners.{action}"


def _kind(action: str, decision: Decision) -> Kind:
    def work(job: Job, parameters: Mapping[str, Any]) -> Work:
        """`ids`: the partners. The state holds how many of them were seen to, and how many that changed."""
        ids: list[str] = parameters["ids"]
        seen, changed = job.state.get("seen", 0), job.state.get("changed", 0)
        while seen < len(ids):
            piece = ids[seen : seen + PIECE]
            changed += decision.about(job.merchant.partners.filter(id__in=piece).order_by("id"), actor=job.actor)
            seen += len(piece)
            state = {"seen": seen, "changed": changed}
            result = {"summary": decision.said(changed, seen)}
            yield Piece(done=seen, total=len(ids), state=state, result=result)

    return Kind(kind_name(action), f"{decision.title} partners", frozenset({Permission.EDIT_PARTNERS}), work)


KINDS = tuple(_kind(action, decision) for action, decision in DECISIONS.items())
