"""Making, changing, ending and deleting bonuses.

From the day it begins a bonus is a promise: it can be renamed and ended, and nothing else. Until then it is a plan:
nothing is given before that day, whatever clocks say, and it can be deleted. (Where the merchant moves to a time zone
further west its first day can come again: then what was given says that it has begun.) Its last day counts whole, so
one that is ended today still counts today.

Of one owner's bonuses that count the same, only one runs on any day: who makes or changes one holds the owner's lock,
so two people at once cannot make both.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from msgspec import to_builtins

from affiliates.models import Group, Partner, Program
from bonuses.due import note_since
from bonuses.models import Bonus, Measure, Period, Rung
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.edits import edit, lock, shown
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant

#: Of one ladder: more is no ladder that anybody oversees.
MOST_RUNGS = 20
EDITABLE = ("name", "measure", "period", "currency", "starts_on", "ends_on", "ladder")
_FIRST, _LAST = date(1970, 1, 1), date(9998, 12, 31)


def create_bonus(
    *,
    program: Program | None = None,
    group: Group | None = None,
    partner: Partner | None = None,
    name: str,
    measure: str,
    period: str,
    currency: str,
    ladder: Sequence[Rung],
    starts_on: date | None = None,
    ends_on: date | None = None,
    actor: Actor,
    now: datetime | None = None,
) -> Bonus:
    """A bonus of exactly one program, group or partner, from the day `starts_on` (today when None) to `ends_on`.

    Days are the merchant's; amounts, and targets of revenue, are minor units of `currency`. Partners whose figures of
    that first day came before it was made are counted too. Conflict `bonus_overlaps` when the owner has another that
    counts the same on one of those days. DomainError names what makes no sense.
    """
    owner = _one_owner(program, group, partner)
    today = today_of(now)
    values = _checked(name, measure, period, currency, ladder, starts_on or today, ends_on, today)
    with transaction.atomic():
        lock(owner)
        bonus = Bonus(merchant_id=tenancy.current(), **{_level(owner): owner}, **values)
        _refuse_overlap(bonus, owner)
        bonus.save(force_insert=True)
        after = {_level(owner): str(owner.pk)} | {key: shown(value) for key, value in values.items()}
        record(actor, "bonus.create", "bonus", bonus.id, after=after)
        _look_back(bonus, today)
    return bonus


def update_bonus(bonus: Bonus, *, changes: Mapping[str, Any], actor: Actor, now: datetime | None = None) -> Bonus:
    """Change a bonus that has not begun; of one that has, the name alone (`bonus_has_begun` otherwise)."""
    inputs.known_fields(changes, EDITABLE)
    today = today_of(now)
    with transaction.atomic():
        lock(bonus.owner)
        lock(bonus)
        if has_begun(bonus, today):
            _refuse_changes(bonus, changes)
            name = inputs.line(changes.get("name", bonus.name), "name", longest=100, required=True)
            edit(bonus, {"name": name}, verb="bonus.update", actor=actor)
            return bonus
        asked = {"ladder": bonus.rungs} | {key: getattr(bonus, key) for key in EDITABLE if key != "ladder"}
        values = _checked(**(asked | dict(changes)), today=today)
        _refuse_overlap(Bonus(id=bonus.id, **{_level(bonus.owner): bonus.owner}, **values), bonus.owner)
        edit(bonus, values, verb="bonus.update", actor=actor)
        _look_back(bonus, today)
    return bonus


def _look_back(bonus: Bonus, today: date) -> None:
    """Have those looked at whose figures came before it. Clocks may be ahead: tomorrow can have some today."""
    if bonus.starts_on <= today + timedelta(days=1):
        note_since(bonus.starts_on)


def end_bonus(bonus: Bonus, *, actor: Actor, now: datetime | None = None) -> Bonus:
    """Let today be its last day, which still counts. What was reached stays as it is; one that has ended, too.

    Conflict `bonus_not_begun` for one that is planned: delete it.
    """
    today = today_of(now)
    with transaction.atomic():
        lock(bonus)
        if not has_begun(bonus, today):
            raise Conflict(f"{bonus.name} has not begun: delete it instead.", code="bonus_not_begun")
        if can_end(bonus, today):
            edit(bonus, {"ends_on": max(today, bonus.starts_on)}, verb="bonus.end", actor=actor)
    return bonus


def can_end(bonus: Bonus, today: date) -> bool:
    """Whether one that has begun would end later than `end_bonus` lets it."""
    return bonus.ends_on is None or bonus.ends_on > max(today, bonus.starts_on)


def delete_bonus(bonus: Bonus, *, actor: Actor, now: datetime | None = None) -> None:
    """Take away a bonus that has not begun. Conflict `bonus_has_begun` for one that has: end it."""
    with transaction.atomic():
        lock(bonus)
        if has_begun(bonus, today_of(now)):
            raise Conflict(f"{bonus.name} has begun, and partners count on it: end it instead.", code="bonus_has_begun")
        bonus.progress.all().delete()
        record(actor, "bonus.delete", "bonus", bonus.id, before={"name": bonus.name})
        bonus.delete()


def has_begun(bonus: Bonus, today: date) -> bool:
    """Whether it can no longer be changed or deleted, but renamed and ended."""
    return bonus.starts_on <= today or bonus.awards.exists()


def today_of(now: datetime | None = None) -> date:
    """The running tenant's day."""
    zone = Merchant.objects.values_list("time_zone", flat=True).get(id=tenancy.current())
    return (now or timezone.now()).astimezone(ZoneInfo(zone)).date()


def _checked(
    name: str,
    measure: str,
    period: str,
    currency: str,
    ladder: Sequence[Rung],
    starts_on: date,
    ends_on: date | None,
    today: date,
) -> dict[str, Any]:
    for value, choices, field in ((measure, Measure, "measure"), (period, Period, "period")):
        if value not in choices.values:
            raise DomainError(f"Choose one of {', '.join(choices.values)}.", code="invalid_choice", field=field)
    _check_days(period, starts_on, ends_on, today)
    return {
        "name": inputs.line(name, "name", longest=100, required=True),
        "measure": str(measure),
        "period": str(period),
        "currency": inputs.currency(currency),
        "starts_on": starts_on,
        "ends_on": ends_on,
        "ladder": to_builtins(_checked_ladder(ladder)),
    }


def _check_days(period: str, starts_on: date, ends_on: date | None, today: date) -> None:
    for day, field in ((starts_on, "starts_on"), (ends_on, "ends_on")):
        if day is not None and not _FIRST <= day <= _LAST:
            raise DomainError("Give a day of the years 1970 to 9998.", code="invalid_time", field=field)
    if starts_on < today:
        raise DomainError(
            f"It cannot begin before today, {today}: a bonus never reaches back.", code="starts_in_the_past",
            field="starts_on",
        )  # fmt: skip
    if ends_on is None and period == Period.ONCE:
        raise DomainError("Give the last day on which it can be reached.", code="ends_on_needed", field="ends_on")
    if ends_on is not None and ends_on < starts_on:
        raise DomainError(
            f"It ends before it begins: give {starts_on} or a later day.", code="range_backwards", field="ends_on"
        )


def _checked_ladder(ladder: Sequence[Rung]) -> list[Rung]:
    if not 1 <= len(ladder) <= MOST_RUNGS:
        raise DomainError(f"Give 1 to {MOST_RUNGS} targets.", code="ladder_size", field="ladder")
    before = 0
    for number, rung in enumerate(ladder):
        field = f"ladder[{number}]"
        inputs.whole(rung.target, f"{field}.target")
        inputs.whole(rung.amount, f"{field}.amount")
        if rung.target == 0:
            raise DomainError("A target of nothing is reached by everybody: give one.", code="target_zero",
                              field=f"{field}.target")  # fmt: skip
        if rung.amount == 0:
            raise DomainError("Give what reaching the target pays.", code="amount_zero", field=f"{field}.amount")
        if rung.target <= before:
            raise DomainError("Each target must be higher than the one before it.", code="ladder_not_ascending",
                              field=f"{field}.target")  # fmt: skip
        before = rung.target
    return list(ladder)


def _refuse_overlap(bonus: Bonus, owner: Program | Group | Partner) -> None:
    """The owner is locked."""
    others = Bonus.objects.filter(merchant_id=tenancy.current(), measure=bonus.measure, **{_level(owner): owner})
    if bonus.measure == Measure.REVENUE:
        others = others.filter(currency=bonus.currency)
    if bonus.ends_on is not None:
        others = others.filter(starts_on__lte=bonus.ends_on)
    meeting = others.filter(Q(ends_on=None) | Q(ends_on__gte=bonus.starts_on)).exclude(id=bonus.id)
    other = meeting.order_by("starts_on").first()
    if other is None:
        return
    until = f"to {other.ends_on}" if other.ends_on else "on"
    ways = [f"begin after {other.ends_on}" if other.ends_on else "end that one first, and begin on the day after"]
    if other.starts_on > bonus.starts_on:
        ways.append(f"end this one before {other.starts_on}")
    raise Conflict(
        f"{owner} has {other.name}, which counts {bonus.measure} from {other.starts_on} {until}: {', or '.join(ways)}.",
        code="bonus_overlaps",
        field="starts_on",
        bonus=str(other.id),
    )


def _refuse_changes(bonus: Bonus, changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        kept = bonus.rungs if key == "ladder" else getattr(bonus, key)
        if key != "name" and value != kept:
            raise Conflict(
                f"{bonus.name} has begun, and partners count on it: it can be renamed or ended. Another one can begin"
                " on the day after its end.",
                code="bonus_has_begun",
                field=key,
            )


def _one_owner(program: Program | None, group: Group | None, partner: Partner | None) -> Program | Group | Partner:
    given = [owner for owner in (program, group, partner) if owner is not None]
    if len(given) != 1:
        raise DomainError("Name exactly one of program, group and partner.", code="one_owner")
    return given[0]


def _level(owner: Program | Group | Partner) -> str:
    return owner._meta.model_name or ""
