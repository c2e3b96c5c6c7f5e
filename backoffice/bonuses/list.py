"""The list of bonuses, and how far everybody is as a file."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase

from backoffice.asked import Asked
from backoffice.door import StaffRequest, page, staff_page
from bonuses.counting import sentence
from bonuses.models import Bonus, Measure, Progress
from bonuses.plans import today_of
from bonuses.reading import Standing
from commissions.models import CommissionStatus
from merchants.money import to_decimal
from merchants.roles import Permission
from pages.exports import Export, Lines
from pages.listing import Sort, sheet

_SORTS = {"made": Sort("created_at", datetime)}
_TABS = (("", "All"), ("running", "Running"), ("planned", "Planned"), ("ended", "Ended"))
#: What was given and taken back again, or rejected, is not given.
TAKEN_BACK = (CommissionStatus.REVERSED, CommissionStatus.REJECTED)


@staff_page(Permission.VIEW)
def bonuses(request: StaffRequest) -> HttpResponseBase:
    """One page of the list."""
    status, today = request.GET.get("status", ""), today_of()
    rows: QuerySet[Bonus] = request.merchant.bonuses.all()
    if status in ("running", "planned", "ended"):
        rows = getattr(request.merchant.bonuses, status)(today)
    found = sheet(request, rows.select_related("program", "group", "partner"), sorts=_SORTS, default="-made")
    context = {
        "sheet": found,
        "rows": [(bonus, bonus.status(today), sentence(bonus)) for bonus in found.rows],
        "tabs": _TABS,
        "status": status,
        "partials": {"list"},
    }
    return page(request, "backoffice/bonuses/list.html", context)


def given_to(rows: Sequence[Progress]) -> dict[tuple[UUID, UUID, date], int]:
    """What the partners of these rows were given in their periods and still have, in minor units. One query."""
    if not rows:
        return {}
    awards = rows[0].merchant.bonus_awards.filter(
        partner__in={row.partner_id for row in rows}, bonus__in={row.bonus_id for row in rows},
        first_day__in={row.first_day for row in rows},
    )  # fmt: skip
    given: dict[tuple[UUID, UUID, date], int] = {}
    for award in awards.exclude(commission__status__in=TAKEN_BACK).select_related("commission"):
        key = award.bonus_id, award.partner_id, award.first_day
        given[key] = given.get(key, 0) + award.commission.amount - award.commission.reversed
    return given


def progress_of(asked: Asked) -> "QuerySet[Progress]":
    """Who came how far: of the bonus and in the period that the query string names, or of all."""
    rows: QuerySet[Progress] = asked.merchant.bonus_progress.all()
    with suppress(ValueError):
        rows = rows.filter(bonus=UUID(asked.text("bonus")))
    with suppress(ValueError):
        rows = rows.filter(first_day=date.fromisoformat(asked.text("period")))
    return rows


def _lines(asked: Asked) -> "Lines[Progress]":
    """Amounts and revenue are decimal numbers of the bonus's currency."""
    today = today_of()

    def lines(rows: list[Progress]) -> Iterable[Sequence[object]]:
        given = given_to(rows)
        for row in rows:
            bonus = row.bonus
            span = bonus.span_since(row.first_day)
            standing = Standing(bonus, span, row.reached, today)
            yield [
                bonus.name, row.partner.name, row.partner.email, span.first, span.last, bonus.measure, bonus.currency,
                _number(bonus, row.reached), _number(bonus, standing.next.target) if standing.next else "",
                sum(is_reached for _, is_reached in standing.steps),
                to_decimal(given.get((row.bonus_id, row.partner_id, row.first_day), 0), bonus.currency),
            ]  # fmt: skip

    return lines


def _number(bonus: Bonus, number: int) -> Any:
    return to_decimal(number, bonus.currency) if bonus.measure == Measure.REVENUE else number


EXPORT = Export(
    name="bonus-progress",
    title="Bonus progress",
    header=(
        "bonus partner partner_email first_day last_day counts currency reached next_target targets_reached given"
    ).split(),
    rows=lambda asked: progress_of(asked).select_related("bonus", "partner", "merchant"),
    lines=_lines,
    by="created_at",
)
