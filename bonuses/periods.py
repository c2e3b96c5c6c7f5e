"""The periods of a bonus: calendar months, quarters or years, cut where the bonus begins and ends. Pure; days alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Span:
    """A period from its first to its last day, both of which count."""

    first: date
    last: date
    called: str
    """As it stands in a sentence: `in November 2026`, `from Nov 25 to Nov 30, 2026`."""

    def days_left(self, today: date) -> int:
        """How many days are still to come, today included."""
        return max((self.last - max(today, self.first)).days + 1, 0)


def running(starts_on: date, ends_on: date | None, day: date) -> bool:
    """Whether the day lies between them."""
    return starts_on <= day and (ends_on is None or day <= ends_on)


def spans(period: str, starts_on: date, ends_on: date | None, since: date, until: date) -> list[Span]:
    """The periods of a bonus that touch the days from `since` to `until`, the oldest first."""
    since, until = max(since, starts_on), min(until, ends_on or until)
    if since > until:
        return []
    if period == "once":
        assert ends_on is not None, "what can be reached once has an end"
        return [Span(starts_on, ends_on, _between(starts_on, ends_on))]
    found, first = [], _first_of(period, since)
    while first <= until:
        following = _after(period, first)
        start, end = max(first, starts_on), min(following - _DAY, ends_on or following)
        whole = (start, end) == (first, following - _DAY)
        found.append(Span(start, end, f"in {_NAMED[period](first)}" if whole else _between(start, end)))
        first = following
    return found


def _first_of(period: str, day: date) -> date:
    months = _MONTHS[period]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def _after(period: str, first: date) -> date:
    years, month = divmod(first.month - 1 + _MONTHS[period], 12)
    return first.replace(year=first.year + years, month=month + 1)


def _between(first: date, last: date) -> str:
    if first == last:
        return f"on {_day(first)}, {first.year}"
    year = f", {first.year}" if first.year != last.year else ""
    return f"from {_day(first)}{year} to {_day(last)}, {last.year}"


def _day(day: date) -> str:
    return f"{day:%b} {day.day}"


_NAMED: dict[str, Callable[[date], str]] = {
    "month": lambda first: f"{first:%B %Y}",
    "quarter": lambda first: f"the {('first', 'second', 'third', 'fourth')[first.month // 3]} quarter of {first.year}",
    "year": lambda first: f"{first.year}",
}
