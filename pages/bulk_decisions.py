"""One decision about many partners: each is decided by itself, and those it does not fit are left and counted."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from affiliates import partners as verbs
from affiliates.applications import Unchanged
from affiliates.models import Group, Partner
from jobs.kinds import Kind, Piece, Work
from jobs.models import Job
from merchants.audit import Actor
from merchants.errors import DomainError
from merchants.models import Merchant
from merchants.roles import Permission
from pages import decisions

#: Partners in one piece of a job: a few statements each.
PIECE = 100
#: For `group`: out of any.
NO_GROUP = "none"


@dataclass(frozen=True, slots=True)
class How:
    """What goes with a decision."""

    message: str = ""
    is_told: bool = False
    group: Group | Unchanged | None = Unchanged.GROUP


def how_of(merchant: Merchant, *, message: str = "", is_told: bool = False, group: str = "") -> How:
    """The same from what forms and jobs hold: `group` is an id, NO_GROUP, or empty for as it is."""
    if not group:
        return How(message, is_told)
    found = None if group == NO_GROUP else merchant.groups.get(id=UUID(group))
    return How(message, is_told, found)


def _approve(partner: Partner, how: How, actor: Actor) -> None:
    decisions.approve(partner, group=how.group, message=how.message, is_told=how.is_told, actor=actor)


def _reject(partner: Partner, how: How, actor: Actor) -> None:
    decisions.reject(partner, message=how.message, is_told=how.is_told, actor=actor)


def _suspend(partner: Partner, how: How, actor: Actor) -> None:
    verbs.suspend(partner, actor=actor)


def _move(partner: Partner, how: How, actor: Actor) -> None:
    if not isinstance(how.group, Unchanged):
        verbs.update_partner(partner, changes={"group": how.group}, actor=actor)


@dataclass(frozen=True, slots=True)
class Decision:
    """What can be decided about a partner."""

    verb: Callable[[Partner, How, Actor], None]
    title: str
    word: str
    """What they are then."""
    left: str = "had another status and stayed as they were"
    """What is said of those whom it does not fit."""

    def about(self, partners: Iterable[Partner], *, how: How, actor: Actor) -> int:
        """Decide about each of them; how many it changed. One audit row for each."""
        changed = 0
        for partner in partners:
            try:
                self.verb(partner, how, actor)
            except DomainError:
                # Somebody else decided meanwhile, or it never fitted this one: it is counted as left.
                continue
            changed += 1
        return changed

    def said(self, changed: int, among: int) -> str:
        """What came of it, as a sentence or two."""
        left = among - changed
        note = f" {left:,} {self.left}." if left else ""
        return f"{changed:,} partner{'' if changed == 1 else 's'} {self.word}.{note}"


DECISIONS: dict[str, Decision] = {
    "approve": Decision(_approve, "Approve", "approved"),
    "reject": Decision(_reject, "Reject", "rejected"),
    "suspend": Decision(_suspend, "Suspend", "suspended"),
    "move": Decision(_move, "Move", "moved", "are of another program and stayed where they were"),
}


def kind_name(action: str) -> str:
    """The kind of job that decides so about many; its parameter `ids` lists them, `how` is for `how_of`."""
    return f"partners.{action}"


def _kind(action: str, decision: Decision) -> Kind:
    def work(job: Job, parameters: Mapping[str, Any]) -> Work:
        """`ids`: the partners. The state holds how many of them were seen to, and how many that changed."""
        ids: list[str] = parameters["ids"]
        seen, changed = job.state.get("seen", 0), job.state.get("changed", 0)
        while seen < len(ids):
            piece = ids[seen : seen + PIECE]
            how = how_of(job.merchant, **parameters.get("how", {}))
            found = job.merchant.partners.select_related("merchant", "program").filter(id__in=piece).order_by("id")
            changed += decision.about(found, how=how, actor=job.actor)
            seen += len(piece)
            state = {"seen": seen, "changed": changed}
            result = {"summary": decision.said(changed, seen)}
            yield Piece(done=seen, total=len(ids), state=state, result=result)

    return Kind(kind_name(action), f"{decision.title} partners", frozenset({Permission.EDIT_PARTNERS}), work)


KINDS = tuple(_kind(action, decision) for action, decision in DECISIONS.items())
