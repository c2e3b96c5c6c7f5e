"""What recruiters earn on what their recruits earn (SPEC A9): pure, like the engine, and asked after it.

A partner who sells has a recruiter (level 1), who may have one as well (level 2), and so on. Each of them may earn a
percentage of what the partner who sold earned: of that commission, never of another recruiter's, so the levels do not
multiply. Which rule decides is settled for each recruiter as for a sale: their own rules before their group's before
their program's, then the more specific, then the newest. A rule that pays fewer levels lets the next one decide about
those beyond, and one that pays 0% at a level ends the asking.

* The shares of one sale and what was earned on it are together never more than what it was computed on: the nearest
  level comes first, and what is left is the next one's.
* A recruiter who is not approved earns nothing, and those above keep the level that they have.
* What leads and clicks earn is shared like what sales earn; what somebody gave by hand is not.
* Tiers and caps count what a partner sold; shares count for neither.

Afterwards a share follows the commission it was computed on, in proportion (`kept`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from merchants.money import display, percentage, percentage_of, plain, round_half_up
from rewards.conditions import months_after
from rewards.engine import Reward, exact_decimal
from rewards.rules import Rules, Terms, asked


@dataclass(frozen=True, slots=True)
class Earned:
    """What a partner earned who was recruited, as the rules of recruiters look at it. Minor units."""

    amount: int
    currency: str
    at: datetime
    recruited_at: datetime
    """When the partner who earned was recruited; like `at` in the merchant's calendar."""


@dataclass(frozen=True, slots=True)
class Above:
    """Somebody above the partner who earned, as far as it decides what they earn."""

    since: datetime
    """When they recruited whoever is one step below them, in the merchant's calendar."""
    by_level: Mapping[str, Rules]
    """Their own rules, their group's and their program's."""
    barred: str = ""
    """Why they earn nothing, whatever the rules say."""


def shares(earned: Earned, above: Iterable[Above], *, room: int | None) -> Iterator[Reward | str]:
    """What each of them earns, the nearest first; or why nothing, as a sentence.

    Who was recruited on a later day than it was earned had no recruiter then: there the line ends. `room` is what the
    sale has left for recruiters; None when there is no sale that could be overspent.
    """
    for level, each in enumerate(above, 1):
        if each.since.date() > earned.at.date():
            return
        found = each.barred or share(earned, level, each.by_level, room=room)
        if room is not None and isinstance(found, Reward):
            room -= found.amount
        yield found


def share(earned: Earned, level: int, by_level: Mapping[str, Rules], *, room: int | None) -> Reward | str:
    """What the recruiter `level` steps above earns, by these rules; or why nothing. `room` as for `shares`."""
    if earned.amount == 0:
        return "nothing was earned"
    tried: list[dict[str, Any]] = []
    for terms in asked(by_level, earned.at, "recruit"):
        unmet = _unmet(terms, earned, level)
        tried.append({"level": terms.level, "version": terms.number, "outcome": unmet or "applies"})
        if terms.details.name:
            tried[-1]["name"] = terms.details.name
        if not unmet:
            return _priced(terms, earned, level, room, tried)
    return tried[-1]["outcome"] if tried else "no rule pays recruiters"


def _unmet(terms: Terms, earned: Earned, level: int) -> str:
    details = terms.details
    if level > details.levels:
        return f"pays {details.levels} level{'s' if details.levels > 1 else ''}, this is level {level}"
    if terms.currency and terms.currency != earned.currency:
        return f"set in {terms.currency}, the commission is in {earned.currency}"
    if details.first_months is not None:
        ended = months_after(earned.recruited_at, details.first_months)
        if earned.at >= ended:
            return f"for a recruit's {months_said(details.first_months)}, which ended on {ended:%Y-%m-%d}"
    return ""


def months_said(months: int) -> str:
    """As sentences say it: `first month`, `first 12 months`."""
    return "first month" if months == 1 else f"first {months} months"


def percent_at(terms: Terms, level: int) -> Decimal:
    """The percentage that a rule for recruiters pays at a level; 0 beyond its last."""
    if level == 1:
        assert terms.percent is not None, "a rule for recruiters is a percentage"
        return terms.percent
    return terms.details.deeper[level - 2] if level <= terms.details.levels else Decimal(0)


def _priced(terms: Terms, earned: Earned, level: int, room: int | None, tried: list[dict[str, Any]]) -> Reward:
    percent = percent_at(terms, level)
    exact = wanted = percentage_of(earned.amount, percent)
    amount = rounded = round_half_up(wanted)
    limits: list[str] = []
    maximum = terms.details.maximum
    if maximum is not None and wanted > maximum:
        limits.append(f"at most {display(maximum, earned.currency)}")
        exact, amount = Fraction(maximum), maximum
    if room is not None and amount > room:
        limits.append(f"no more than the {display(room, earned.currency)} that the sale has left")
        exact, amount = Fraction(room), room
    working = _working(percent, earned, level, rounded, amount, limits, is_exact=wanted.denominator == 1)
    reward: dict[str, Any] = {"version": terms.number, "level": terms.level}
    if terms.details.name:
        reward["name"] = terms.details.name
    explanation: dict[str, Any] = {
        "event": "recruit",
        "reward": reward | {"kind": "percentage", "percent": plain(percent)},
        "exact": format(exact_decimal(exact), "f"),
        "working": working,
    }
    if len(tried) > 1:
        explanation["rules"] = tried
    if limits:
        explanation["limits"] = limits
    return Reward(terms=terms, base=earned.amount, amount=amount, explanation=explanation)


def _working(
    percent: Decimal, earned: Earned, level: int, wanted: int, amount: int, limits: list[str], *, is_exact: bool
) -> str:
    rounded = "" if is_exact else ", rounded half up"
    who = "a recruit" if level == 1 else f"a recruit at level {level}"
    base, result = display(earned.amount, earned.currency), display(wanted, earned.currency)
    said = f"{percentage(percent)} of {base} that {who} earned = {result}{rounded}"
    return f"{said}, {'; '.join(limits)}: {display(amount, earned.currency)}" if limits else said


def kept(explanation: Mapping[str, Any], amount: int, *, source: int, source_keeps: int) -> int:
    """What remains of a share of `amount` when `source_keeps` is left of the `source` that it was computed on.

    In proportion, rounded half up once, from the exact share: nothing is left when nothing is left of the commission,
    it can only fall with it, and many steps end where one would. Minor units.
    """
    if source <= 0:
        return 0
    exact = Fraction(Decimal(explanation["exact"]))
    return min(round_half_up(exact * source_keeps / source), amount)
