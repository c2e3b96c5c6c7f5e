"""A rule that nobody has set yet: what is proposed, in normal form, as a job's parameters keep it (SPEC A11).

A proposal changes a rule, adds one, or ends one. It remembers the newest version that it knew, so that publishing it
never undoes what somebody set meanwhile.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.utils import timezone
from msgspec import Struct, convert, to_builtins

from merchants.errors import Conflict, DomainError, NotFound
from merchants.ids import new_id
from merchants.models import Merchant
from rewards.checks import checked
from rewards.details import PLAIN, Details
from rewards.rules import Terms
from rewards.terms import Owner, refuse_basic, reward_at, versions_of

#: Events whose rules can be tried: those of leads and clicks would need more than what was written down of them.
TRIED = ("sale", "recruit")


class Proposal(Struct, frozen=True, forbid_unknown_fields=True):
    """A version of a rule that nobody has set yet, and the period it is tried on. A job's parameters."""

    level: Literal["program", "group", "partner"]
    owner: UUID
    since: datetime
    until: datetime
    """The first moment after the period."""
    kind: Literal["percentage", "fixed"]
    percent: Decimal | None = None
    amount: int | None = None
    currency: str = ""
    excludes: tuple[str, ...] = ()
    details: Details = PLAIN
    rule: UUID | None = None
    """The chain it changes; None is the owner's basic rule, unless it `adds`."""
    adds: bool = False
    """It is another rule beside those there are."""
    ends: bool = False
    """It takes the rule away; the rate and the details are those that end."""
    changes: int = 0
    """The newest version of the rule when it was proposed: publishing on top of a newer one would undo that one."""
    effective_from: datetime | None = None
    """When it would take effect; None: when it is published."""

    def whose(self, merchant: Merchant) -> Owner:
        """The program, group or partner that it is for. NotFound when it is there no more."""
        rows: dict[str, Any] = {
            "program": merchant.programs, "group": merchant.groups, "partner": merchant.partners,
        }  # fmt: skip
        owner: Owner | None = rows[self.level].filter(id=self.owner).first()
        if owner is None:
            raise NotFound(f"There is no such {self.level} any more.", field="owner")
        return owner

    def terms(self) -> Terms:
        """As the engine takes it."""
        return Terms(
            id=new_id(),
            level=self.level,
            number=self.changes + 1,
            effective_from=self.effective_from or timezone.now(),
            kind=self.kind,
            percent=self.percent,
            amount=self.amount,
            currency=self.currency,
            excludes=self.excludes,
            ended=self.ends,
            rule=new_id() if self.adds else self.rule,
            details=self.details,
        )


def propose(
    owner: Owner,
    *,
    since: datetime,
    until: datetime,
    kind: str,
    percent: Decimal | str | int | None = None,
    amount: int | None = None,
    currency: str = "",
    excludes: Sequence[str] = (),
    details: Details = PLAIN,
    rule: UUID | None = None,
    adds: bool = False,
    effective_from: datetime | None = None,
) -> Proposal:
    """A proposal in normal form, checked as `rewards.terms` checks what is set.

    DomainError `backtest_event` for a rule about leads or clicks, `rule_not_for_event` for a basic rule about
    recruiters, `backtest_period` for a period that ends before it begins.
    """
    if rule is None and not adds:
        refuse_basic(details)
    found = checked(kind=kind, percent=percent, amount=amount, currency=currency, excludes=excludes, details=details)
    _refuse_what_cannot_be_tried(found.details, since, until)
    columns = found.columns | {"excludes": tuple(found.columns["excludes"]), "details": found.details}
    chain = {"rule": rule, "adds": adds, "changes": 0 if adds else _newest(owner, rule)}
    return _proposal(owner, since, until, effective_from, columns | chain)


def propose_end(
    owner: Owner, *, since: datetime, until: datetime, rule: UUID | None = None, effective_from: datetime | None = None
) -> Proposal:
    """A proposal to take a rule away; None is the basic one. Conflict `no_reward_to_end` when none is in force then."""
    running = reward_at(owner, effective_from or timezone.now(), rule)
    if running is None:
        raise Conflict("There is no reward to end at that moment.", code="no_reward_to_end")
    _refuse_what_cannot_be_tried(running.more(), since, until)
    columns = {name: getattr(running, name) for name in ("kind", "percent", "amount", "currency")}
    columns |= {"excludes": tuple(running.excludes), "details": running.more()}
    chain = {"rule": rule, "ends": True, "changes": _newest(owner, rule)}
    return _proposal(owner, since, until, effective_from, columns | chain)


def _refuse_what_cannot_be_tried(details: Details, since: datetime, until: datetime) -> None:
    if details.event not in TRIED:
        raise DomainError(
            "Rules for leads and clicks cannot be tried on history: set the rule as it is.",
            code="backtest_event",
            field="event",
        )
    if since >= until:
        raise DomainError(
            "The period ends before it begins: give an earlier first day.", code="backtest_period", field="since"
        )


def _proposal(
    owner: Owner, since: datetime, until: datetime, effective_from: datetime | None, said: dict[str, Any]
) -> Proposal:
    whose = {"level": owner._meta.model_name, "owner": owner.pk}
    return convert(whose | said | {"since": since, "until": until, "effective_from": effective_from}, Proposal)


def _newest(owner: Owner, rule: UUID | None) -> int:
    return versions_of(owner, rule).order_by("-number").values_list("number", flat=True).first() or 0


def refuse_outdated(owner: Owner, proposal: Proposal) -> None:
    """Conflict `rule_changed_since` when the rule has a version that the proposal did not know."""
    if not proposal.adds and _newest(owner, proposal.rule) != proposal.changes:
        raise Conflict(
            "This rule was changed after it was tried: open it again and try your change on history once more.",
            code="rule_changed_since",
        )


def as_parameters(proposal: Proposal) -> dict[str, Any]:
    """As JSON."""
    return to_builtins(proposal)  # type: ignore[no-any-return]


def proposal_from(parameters: Mapping[str, Any]) -> Proposal:
    """What `as_parameters` wrote."""
    return convert(parameters, Proposal, strict=False)
