"""Whose sale is it? A pure decision over candidates, kept with the order so that it can be explained (SPEC A12).

Every touch that could tie the order to a partner is a candidate. Candidates that may not win say why; among the
others the merchant's precedence decides between kinds, and first or last touch between clicks.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

_DOTLESS = ("gmail.com", "googlemail.com")


@dataclass(frozen=True, slots=True)
class Policy:
    """The merchant's attribution settings."""

    precedence: tuple[str, ...]
    first_touch: bool
    window: timedelta
    reject_self_referral: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """One touch. `problem` is set when it was found wanting before any comparison (a switched-off coupon, say)."""

    kind: str
    """api, coupon, click or customer."""
    at: datetime
    ref: str
    """What a person would recognise: the code, the click's id, the partner's name."""
    partner_id: UUID | None = None
    partner_name: str = ""
    partner_status: str = ""
    partner_email: str = ""
    object_id: UUID | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Attribution:
    """The decision: `winner` is None for a direct order. `record` is what the order keeps and shows."""

    winner: Candidate | None
    record: dict[str, Any]


def decide(
    candidates: Sequence[Candidate], *, policy: Policy, ordered_at: datetime, buyer_emails: Collection[str | None]
) -> Attribution:
    """Choose among candidates; never fails, since a sale nobody gets is a direct order that says why.

    `buyer_emails` are what the record of the buyer has and what the event says: either may be the partner's.
    """
    losses = {id(c): c.problem or _problem(c, policy, ordered_at, buyer_emails) for c in candidates}
    fit = sorted((c for c in candidates if not losses[id(c)]), key=lambda c: _rank(c, policy))
    winner = fit[0] if fit else None
    for candidate in fit[1:]:
        losses[id(candidate)] = _beaten(candidate, fit[0], policy)
    shown = [_shown(c, losses[id(c)]) for c in candidates]
    if winner is None:
        reason = "No touch led to a partner." if not candidates else "No candidate could win."
        return Attribution(None, {"outcome": "direct", "reason": reason, "candidates": shown})
    record = {
        "outcome": "attributed",
        "via": winner.kind,
        "partner": str(winner.partner_id),
        "reason": _reason(winner, len(fit)),
        "candidates": shown,
    }
    return Attribution(winner, record)


def _problem(candidate: Candidate, policy: Policy, ordered_at: datetime, buyer_emails: Collection[str | None]) -> str:
    if candidate.partner_status != "approved":
        return f"partner_not_approved: the partner is {candidate.partner_status}"
    if candidate.kind not in policy.precedence:
        return f"kind_switched_off: the merchant does not attribute by {candidate.kind}"
    if candidate.kind == "click" and candidate.at > ordered_at:
        return "click_after_order: the click came after the order"
    if candidate.kind == "click" and ordered_at - candidate.at > policy.window:
        return f"click_too_old: the window is {policy.window.days} days"
    if policy.reject_self_referral and candidate.partner_email and is_one_of(candidate.partner_email, buyer_emails):
        return "self_referral: the buyer is the partner"
    return ""


def is_one_of(address: str, others: Collection[str | None]) -> bool:
    """Whether mail to `address` ends up where mail to one of the others does."""
    mine = mailbox(address)
    return any(other and mailbox(other) == mine for other in others)


def mailbox(address: str) -> str:
    """Where mail to a normal address ends up: `anna+shop@…` is Anna's, and Google's mailboxes ignore dots.

    For comparing people only; nobody is stored or found by it.
    """
    name, _, domain = address.rpartition("@")
    name = name.partition("+")[0]
    return f"{name.replace('.', '')}@gmail.com" if domain in _DOTLESS else f"{name}@{domain}"


def _rank(candidate: Candidate, policy: Policy) -> tuple[int, float]:
    moment = candidate.at.timestamp()
    return policy.precedence.index(candidate.kind), moment if policy.first_touch else -moment


def _beaten(candidate: Candidate, winner: Candidate, policy: Policy) -> str:
    if candidate.kind != winner.kind:
        return f"lower_precedence: {winner.kind} comes before {candidate.kind}"
    return "later_touch: the first touch wins" if policy.first_touch else "earlier_touch: the last touch wins"


def _reason(winner: Candidate, fit: int) -> str:
    how = {
        "api": "named by the API",
        "coupon": f"coupon {winner.ref}",
        "click": f"click {winner.ref}",
        "customer": "the customer belongs to the partner",
    }[winner.kind]
    return f"{how}; the only candidate that could win" if fit == 1 else f"{how}; first by precedence"


def _shown(candidate: Candidate, lost: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"via": candidate.kind, "ref": candidate.ref}
    if candidate.partner_id is not None:
        shown |= {"partner": str(candidate.partner_id), "name": candidate.partner_name}
    if candidate.kind in ("click", "customer"):
        shown["at"] = candidate.at.isoformat()
    if lost:
        code, _, why = lost.partition(": ")
        shown |= {"lost": code, "why": why}
    return shown
