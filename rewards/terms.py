"""Setting what partners earn: always a new version, never a change (SPEC A11).

A version belongs to a program, a group or a partner. The row it belongs to is locked while the next number is
taken, so two people who change the same terms at once make versions 4 and 5, not 4 twice.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from affiliates.models import Group, Partner, Program
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.edits import lock, shown
from merchants.errors import Conflict, DomainError
from rewards.models import RewardKind, RewardVersion

#: Parts of an order's amount that a percentage may leave out of its base.
EXCLUDABLE = ("tax", "shipping", "discount")

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
    effective_from: datetime | None = None,
    actor: Actor,
) -> RewardVersion:
    """New terms for exactly one program, group or partner, from `effective_from` (now when None) on.

    `percentage` takes `percent` (0 to 100, four decimals), `fixed` takes `amount` in minor units of `currency`.
    Orders before that moment keep the terms they had, also when they arrive later.
    """
    owner = _one_owner(program, group, partner)
    terms = _checked_terms(kind, percent, amount, currency)
    terms["excludes"] = _checked_excludes(excludes)
    return _add_version(owner, terms, effective_from, verb="reward.set", actor=actor)


def end_reward(
    *,
    program: Program | None = None,
    group: Group | None = None,
    partner: Partner | None = None,
    effective_from: datetime | None = None,
    actor: Actor,
) -> RewardVersion:
    """Take the terms away from `effective_from` on: the next level (partner, group, program) decides again.

    Conflict `no_reward_to_end` when none is in force at that moment.
    """
    owner = _one_owner(program, group, partner)
    with transaction.atomic():
        lock(owner)
        running = reward_at(owner, effective_from or timezone.now())
        if running is None:
            raise Conflict("There is no reward to end at that moment.", code="no_reward_to_end")
        terms = {name: getattr(running, name) for name in ("kind", "percent", "amount", "currency", "excludes")}
        return _add_version(owner, terms | {"ended": True}, effective_from, verb="reward.end", actor=actor)


def reward_at(owner: Owner, at: datetime) -> RewardVersion | None:
    """The terms of this program, group or partner in force `at` that moment; None when it has none of its own."""
    version = versions_of(owner).filter(effective_from__lte=at).order_by("-effective_from", "-number").first()
    return None if version is None or version.ended else version


def versions_of(owner: Owner) -> "QuerySet[RewardVersion]":
    """All versions of one program, group or partner, of the running tenant."""
    return RewardVersion.objects.filter(merchant_id=tenancy.current(), **{_level(owner): owner})


def _add_version(
    owner: Owner, terms: dict[str, Any], effective_from: datetime | None, *, verb: str, actor: Actor
) -> RewardVersion:
    since = timezone.now() if effective_from is None else inputs.moment(effective_from, "effective_from")
    with transaction.atomic():
        lock(owner)
        latest = versions_of(owner).order_by("-number").first()
        version = RewardVersion.objects.create(
            merchant_id=tenancy.current(),
            number=latest.number + 1 if latest else 1,
            effective_from=since,
            **{_level(owner): owner},
            **terms,
        )
        after = {_level(owner): str(owner.pk), "number": version.number, "effective_from": since.isoformat()}
        after |= {name: shown(value) for name, value in terms.items()}
        record(actor, verb, "rewardversion", version.id, after=after)
    return version


def _one_owner(program: Program | None, group: Group | None, partner: Partner | None) -> Owner:
    given = [owner for owner in (program, group, partner) if owner is not None]
    if len(given) != 1:
        raise DomainError("Name exactly one of program, group and partner.", code="one_owner")
    return given[0]


def _level(owner: Owner) -> str:
    return owner._meta.model_name or ""


def _checked_terms(kind: str, percent: object, amount: object, currency: str) -> dict[str, Any]:
    if kind == RewardKind.PERCENTAGE:
        if amount is not None or currency:
            raise DomainError("A percentage has no amount and no currency.", code="terms_mixed", field="amount")
        return {"kind": kind, "percent": _checked_percent(percent)}
    if kind == RewardKind.FIXED:
        if percent is not None:
            raise DomainError("A fixed reward has no percent.", code="terms_mixed", field="percent")
        return {"kind": kind, "amount": inputs.whole(amount, "amount"), "currency": inputs.currency(currency)}
    raise DomainError(f"The kind is one of {', '.join(RewardKind.values)}.", code="invalid_choice", field="kind")


def _checked_percent(percent: object) -> Decimal:
    refused = DomainError(
        "Give percent as a decimal between 0 and 100 with at most four decimals, such as 12.5.",
        code="percent_invalid",
        field="percent",
    )
    if not isinstance(percent, Decimal | str | int) or isinstance(percent, bool):
        raise refused
    try:
        exact = Decimal(percent)
        rounded = exact.quantize(Decimal("0.0001"))
    except InvalidOperation as error:
        raise refused from error
    if not exact.is_finite() or not 0 <= exact <= 100 or rounded != exact:
        raise refused
    return rounded


def _checked_excludes(excludes: Sequence[str]) -> list[str]:
    if isinstance(excludes, str) or not set(excludes) <= set(EXCLUDABLE):
        raise DomainError(f"The base can leave out {', '.join(EXCLUDABLE)}.", code="invalid_choice", field="excludes")
    return [part for part in EXCLUDABLE if part in excludes]


def in_force_for(partners: Sequence[Partner], at: datetime) -> dict[UUID, RewardVersion | None]:
    """The terms that decide for each of these partners at that moment: their own, their group's, their program's.

    One query, however many they are. None for a partner who earns nothing.
    """
    mine = {partner.id for partner in partners}
    groups = {partner.group_id for partner in partners if partner.group_id}
    programs = {partner.program_id for partner in partners}
    found: dict[UUID, RewardVersion] = {}
    versions = RewardVersion.objects.filter(merchant_id=tenancy.current(), effective_from__lte=at).filter(
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
