"""Whom a partner recruited, and by whom they were recruited themselves (SPEC A9)."""

from datetime import datetime
from uuid import UUID

from django.http import HttpResponseBase
from django.utils import timezone

from backoffice.door import StaffRequest, staff_page
from backoffice.partners.editor import partner_of, partner_page
from merchants.roles import Permission
from pages.listing import Sort, sheet
from pages.periods import PRESETS, period_of
from rewards.rules import asked
from rewards.sentences import sentence
from rewards.terms import levels_of
from stats.reading import partner_totals, shared_by_currency

_SORTS = {"since": Sort("recruited_at", datetime)}


@staff_page(Permission.VIEW)
def partners_recruits(request: StaffRequest, partner: UUID) -> HttpResponseBase:
    """The list, newest first, with what the partner earned on all levels in the period."""
    found, period, now = partner_of(request, partner), period_of(request.GET), timezone.now()
    rows = sheet(request, found.recruits.select_related("group"), sorts=_SORTS, default="-since")
    totals = partner_totals([row.id for row in rows.rows], request.merchant.currency)
    context = {
        "rules": [sentence(terms) for terms in asked(levels_of(found), now, "recruit")],
        "earned": shared_by_currency(found.id, period.start, period.end),
        "sheet": rows,
        "recruits": [(row, totals[row.id]) for row in rows.rows],
        "currency": request.merchant.currency,
        "period": period,
        "presets": PRESETS,
        "partials": {"list"},
    }
    return partner_page(request, found, "recruits", context)
