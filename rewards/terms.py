"""Setting what partners earn: always a new version, never a change (SPEC A11).

A rule belongs to a program, a group or a partner, each of which has a basic rule and any number of others. The row it
belongs to is locked while the next number is taken, so two people who change the same rule at once make versions 4 and
5, not 4 twice.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from msgspec import to_builtins

from affiliates.models import Group, Partner, Program
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.edits import lock, shown
from merchants.errors import Conflict, DomainError, NotFound
from merchants.ids import new_id
from merchants.models import Merchant
from rewards.checks import checked
from rewards.details import PLAIN, Details
from rewards.models import RewardVersion
from rewards.rules import Rules, Terms

#: Of one owner, beside the basic one. Each is asked for every sale, and a person has to oversee them.
MOST_RULES = 50
_COLUMNS = ("kind", "percent", "amount", "currency", "excludes", "details", "levels", "counts")

Owner = Program | Group | Partner


def set_reward(
    *,
    program: Program | None = None,
    group: Group | None = None,
    partner: Partner | None = None,
    kind: str,
    percent: Decimal | str | int | None = None,
    amount: int | None = None,
    currency: str = "",
    excludes: Sequence[str] = (),
    details: Details = PLAIN,
    rule: UUID | None = None,
    effective_from: datetime | None = None,
    actor: Actor,
) -> RewardVersion:
    """A new version of a rule of exactly one program, group or partner, from `effective_from` (now when None) on.

    `percentage` takes `percent` (0 to 100, four decimals), `fixed` takes `amount` in minor units of `currency`, which
    is also that of every amount in `details`. `rule` says which rule it changes, None the owner's basic one; `add_rule`
    makes another. Orders before that moment keep the terms they had, also when they arrive later. DomainError names
    what makes no sense (`rewards.checks`); NotFound for a rule of somebody else.
    """
    owner = _one_owner(program, group, partner)
    if rule is None:
        refuse_basic(details)
    elif not versions_of(owner, rule).exists():
        raise NotFound("There is no such rule here: reload the list of rules.", field="rule")
    terms = _checked(kind, percent, amount, currency, excludes, details)
    return _add_version(owner, rule, terms, effective_from, verb="reward.set", actor=actor)


def add_rule(
    *,
    program: Program | None = None,
    group: Group | None = None,
    partner: Partner | None = None,
    kind: str,
    percent: Decimal | str | int | None = None,
    amount: int | None = None,
    currency: str = "",
    excludes: Sequence[str] = (),
    details: Details = PLAIN,
    effective_from: datetime | None = None,
    actor: Actor,
) -> RewardVersion:
    """The first version of another rule beside those there are. Conflict `too_many_rules` above 50 of one owner."""
    owner = _one_owner(program, group, partner)
    terms = _checked(kind, percent, amount, currency, excludes, details)
    with transaction.atomic():
        lock(owner)
        if rules_of(owner).filter(rule__isnull=False).values("rule").distinct().count() >= MOST_RULES:
            raise Conflict(f"Keep to {MOST_RULES} rules: change one of those there are.", code="too_many_rules")
        return _add_version(owner, new_id(), terms, effective_from, verb="reward.set", actor=actor)


def refuse_basic(details: Details) -> None:
    """DomainError `rule_not_for_event` for what cannot be anybody's basic rule."""
    if details.event == "recruit":
        raise DomainError(
            "What recruiters earn is a rule beside the basic one: add a rule.", code="rule_not_for_event", field="event"
        )


def end_reward(
    *,
    program: Program | None = None,
    group: Group | None = None,
    partner: Partner | None = None,
    rule: UUID | None = None,
    effective_from: datetime | None = None,
    actor: Actor,
) -> RewardVersion:
    """Take a rule away from `effective_from` on: the next one in the order decides again. None: the basic rule.

    Conflict `no_reward_to_end` when none is in force at that moment.
    """
    owner = _one_owner(program, group, partner)
    with transaction.atomic():
        lock(owner)
        running = reward_at(owner, effective_from or timezone.now(), rule)
        if running is None:
            raise Conflict("There is no reward to end at that moment.", code="no_reward_to_end")
        terms = {name: getattr(running, name) for name in _COLUMNS}
        return _add_version(owner, rule, terms | {"ended": True}, effective_from, verb="reward.end", actor=actor)


def reward_at(owner: Owner, at: datetime, rule: UUID | None = None) -> RewardVersion | None:
    """A rule of this program, group or partner in force `at` that moment, if it is; None is the basic one."""
    effective = versions_of(owner, rule).filter(effective_from__lte=at)
    version = effective.order_by("-effective_from", "-number").first()
    return None if version is None or version.ended else version


def versions_of(owner: Owner, rule: UUID | None = None) -> "QuerySet[RewardVersion]":
    """All versions of one rule of a program, group or partner of the running tenant; None is the basic rule."""
    return rules_of(owner).filter(rule=rule)


def rules_of(owner: Owner) -> "QuerySet[RewardVersion]":
    """All versions of all rules of one program, group or partner of the running tenant."""
    return RewardVersion.objects.filter(merchant_id=tenancy.current(), **{_level(owner): owner})


def levels_of(partner: Partner) -> dict[str, Rules]:
    """All rules that may decide for a partner, as the engine asks them. One query."""
    mine = Q(partner=partner) | Q(program=partner.program_id)
    if partner.group_id:
        mine |= Q(group=partner.group_id)
    found: dict[str, list[Terms]] = {}
    for version in RewardVersion.objects.filter(merchant_id=tenancy.current()).filter(mine):
        terms = version.terms()
        found.setdefault(terms.level, []).append(terms)
    return {level: Rules(versions) for level, versions in found.items()}


def pays_recruiters() -> Exists:
    """Whether the merchant of a row with `merchant_id` has ever paid recruiters; to be put on a query."""
    return Exists(RewardVersion.objects.filter(merchant_id=OuterRef("merchant_id"), levels__gt=0))


def _checked(
    kind: str, percent: object, amount: object, currency: str, excludes: Sequence[str], details: Details
) -> dict[str, Any]:
    found = checked(kind=kind, percent=percent, amount=amount, currency=currency, excludes=excludes, details=details)
    if details.event in ("lead", "click") and found.columns["currency"] != _currency():
        raise DomainError(
            f"Leads and clicks are rewarded in {_currency()}, the account's currency.",
            code="rule_not_for_event",
            field="currency",
        )
    return found.columns | {
        "details": to_builtins(found.details),
        "levels": found.details.levels,
        "counts": found.details.counts,
    }


def _currency() -> str:
    return Merchant.objects.values_list("currency", flat=True).get(id=tenancy.current())


def _add_version(
    owner: Owner,
    rule: UUID | None,
    terms: dict[str, Any],
    effective_from: datetime | None,
    *,
    verb: str,
    actor: Actor,
) -> RewardVersion:
    since = timezone.now() if effective_from is None else inputs.moment(effective_from, "effective_from")
    with transaction.atomic():
        lock(owner)
        latest = versions_of(owner, rule).order_by("-number").first()
        version = RewardVersion.objects.create(
            merchant_id=tenancy.current(),
            rule=rule,
            number=latest.number + 1 if latest else 1,
            effective_from=since,
            **{_level(owner): owner},
            **terms,
        )
        after = {_level(owner): str(owner.pk), "number": version.number, "effective_from": since.isoformat()}
        after |= {"rule": str(rule)} if rule else {}
        after |= {name: shown(value) for name, value in terms.items() if name != "details" or value}
        record(actor, verb, "rewardversion", version.id, after=after)
    return version


def _one_owner(program: Program | None, group: Group | None, partner: Partner | None) -> Owner:
    given = [owner for owner in (program, group, partner) if owner is not None]
    if len(given) != 1:
        raise DomainError("Name exactly one of program, group and partner.", code="one_owner")
    return given[0]


def _level(owner: Owner) -> str:
    return owner._meta.model_name or ""


def in_force_for(partners: Sequence[Partner], at: datetime) -> dict[UUID, RewardVersion | None]:
    """The basic rule that decides for each of these partners at that moment: theirs, their group's, their program's.

    One query, however many they are. None for a partner for whom there is none.
    """
    mine = {partner.id for partner in partners}
    groups = {partner.group_id for partner in partners if partner.group_id}
    programs = {partner.program_id for partner in partners}
    found: dict[UUID, RewardVersion] = {}
    versions = RewardVersion.objects.filter(merchant_id=tenancy.current(), rule=None, effective_from__lte=at).filter(
        Q(partner__in=mine) | Q(group__in=groups) | Q(program__in=programs)
    )
    for version in versions.order_by("effective_from", "number"):
        owner = version.partner_id or version.group_id or version.program_id
        assert owner is not None
        found[owner] = version
    running = {owner: version for owner, version in found.items() if not version.ended}
    return {
        partner.id: next(
            (running[owner] for owner in (partner.id, partner.group_id, partner.program_id) if owner in running), None
        )
        for partner in partners
    }
