"""The period that a page shows: presets, any range, and the query string that says so."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format

#: Ten years of days; a chart of more says nothing.
_LONGEST = timedelta(days=3660)
PRESETS: tuple[tuple[str, str, int], ...] = (
    ("7d", "Last 7 days", 7),
    ("30d", "Last 30 days", 30),
    ("90d", "Last 90 days", 90),
    ("365d", "Last 12 months", 365),
)


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the merchant's time zone, first and last included."""

    start: date
    end: date
    preset: str = ""

    @property
    def days(self) -> int:
        """How many."""
        return (self.end - self.start).days + 1

    def begins(self) -> datetime:
        """Its first moment, in the active time zone."""
        return timezone.make_aware(datetime.combine(self.start, time.min))

    def ends(self) -> datetime:
        """The first moment after it."""
        return timezone.make_aware(datetime.combine(self.end + timedelta(days=1), time.min))

    @property
    def label(self) -> str:
        """`Oct 24 – Nov 22, 2026`."""
        first = "M j" if self.start.year == self.end.year else "M j, Y"
        return f"{date_format(self.start, first)} – {date_format(self.end, 'M j, Y')}"


def first_of(day: date, interval: str) -> date:
    """The first day of the `month` or `week` (from Monday) that a day is in; itself for any other interval."""
    if interval == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if interval == "week" else day


def period_of(query: QueryDict, *, default: int = 30) -> Period:
    """By `from` and `to`, or `period` (a preset); what cannot be read is the default, the last `default` days."""
    today = timezone.localdate()
    start, end = _day(query.get("from", "")), _day(query.get("to", ""))
    if start and end and start <= end and end - start <= _LONGEST:
        return Period(start, end)
    preset = query.get("period", "")
    length = next((days for name, _, days in PRESETS if name == preset), 0)
    return Period(today - timedelta(days=(length or default) - 1), today, preset if length else f"{default}d")


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
