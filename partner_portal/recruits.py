"""Whom the partner recruited, what it brings, and the link to recruit more with (SPEC A9)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Sum
from django.http import HttpResponseBase
from django.utils import timezone

from affiliates.models import Partner, PartnerStatus
from pages.decisions import address
from pages.listing import Sort, sheet
from pages.periods import PRESETS, Period, period_of
from partner_portal.door import PartnerRequest, page, partner_page
from rewards.rules import asked
from rewards.sentences import sentence
from rewards.terms import levels_of
from stats.reading import shared_by_currency

_SORTS = {"since": Sort("recruited_at", datetime)}


@dataclass(frozen=True, slots=True)
class Recruit:
    """One of the list: who it is, and what they brought the partner in the period; by currency, minor units."""

    partner: Partner
    brought: list[tuple[str, int]]


@partner_page
def recruits(request: PartnerRequest) -> HttpResponseBase:
    """The link, what it pays, and the list, newest first."""
    partner, period, now = request.partner, period_of(request.GET), timezone.now()
    found = sheet(request, partner.recruits.all(), sorts=_SORTS, default="-since")
    context = {
        "rules": [sentence(terms, whose="your") for terms in asked(levels_of(partner), now, "recruit")],
        "invitation": invitation_of(partner),
        "earned": shared_by_currency(partner.id, period.start, period.end),
        "sheet": found,
        "recruits": _with_sums(partner, found.rows, period),
        "period": period,
        "presets": PRESETS,
        "partials": {"list"},
    }
    return page(request, "partner_portal/recruits.html", context)


def invitation_of(partner: Partner) -> str:
    """Where somebody applies by the partner's invitation; empty while nobody can, or the partner is not approved."""
    if partner.status != PartnerStatus.APPROVED or not partner.program.applications_open:
        return ""
    return f"{settings.BASE_URL}{address(partner.program, 'page')}?by={partner.portal_code}"


def _with_sums(partner: Partner, recruits: list[Partner], period: Period) -> list[Recruit]:
    """What each of these brought directly. Of the period only: a recruiter may have a long past."""
    rows: Any = (
        partner.commissions.listed()
        .filter(level=1, occurred_at__gte=period.begins(), occurred_at__lt=period.ends(), source__partner__in=recruits)
        .values("source__partner", "currency")
        .annotate(sum=Sum(F("amount") - F("reversed")))
        .order_by("-sum")
    )
    brought: dict[UUID, list[tuple[str, int]]] = {}
    for row in rows:
        brought.setdefault(row["source__partner"], []).append((row["currency"], row["sum"]))
    return [Recruit(recruit, brought.get(recruit.id, [])) for recruit in recruits]
