"""The first page of the portal (SPEC Q2): what the partner earns with, what waits for them, how it goes."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone

from bonuses.reading import standings_of
from pages.periods import PRESETS, Period, first_of, period_of
from partner_portal.customers import with_figures
from partner_portal.door import PartnerRequest, page, partner_page
from partner_portal.links import to_share
from partner_portal.money import Money, money_of
from partner_portal.rules import terms_of
from rewards.models import RewardKind
from rewards.rules import Rules, asked
from rewards.terms import levels_of
from stats.reading import Day, partner_days, percent_change

_SHOWN_CUSTOMERS, _SHOWN_PAYOUTS = 6, 5
#: Above these many days a bar stands for a week, then for a month: more bars than that cannot be told apart.
_MOST_DAYS, _MOST_WEEKS = 92, 400

_KPIS = (("earned", "Earnings"), ("clicks", "Clicks"), ("orders", "Conversions"), ("revenue", "Revenue"))
_COUNTS = ("clicks", "orders")


@partner_page
def home(request: PartnerRequest) -> HttpResponseBase:
    """The page, in one currency; the others are a click away."""
    partner, period = request.partner, period_of(request.GET)
    merchant = partner.merchant
    money = money_of(partner)
    known = list(money) or [merchant.currency]
    currency = request.GET.get("currency", "")
    if currency not in known:
        currency = merchant.currency if merchant.currency in known else known[0]
    both = partner_days(partner.id, period.start - timedelta(days=period.days), period.end, currency)
    before, now = both[: period.days], both[period.days :]
    interval = "day" if period.days <= _MOST_DAYS else "week" if period.days <= _MOST_WEEKS else "month"
    link, coupon = to_share(partner)
    customers = partner.attributed.select_related("customer").order_by("-since", "-id")
    levels, at = levels_of(partner), timezone.now()
    context = {
        "reward": _reward_sentence(levels, at),
        "terms": terms_of(partner, levels, at),
        "standings": standings_of(partner, timezone.localdate(at)),
        "link": link,
        "coupon": coupon,
        "mine": money.get(currency) or Money(currency),
        "others": [money[other] for other in money if other != currency],
        "period": period,
        "presets": PRESETS,
        "currency": currency,
        "currencies": known if len(known) > 1 else [],
        "interval": interval,
        "kpis": _kpis(now, before),
        "buckets": list(_buckets(now, period, interval)),
        "customers": with_figures(partner, list(customers[:_SHOWN_CUSTOMERS])),
        "payouts": partner.payouts.order_by("-created_at", "-id")[:_SHOWN_PAYOUTS],
    }
    return page(request, "partner_portal/home.html", context)


def _reward_sentence(levels: Mapping[str, Rules], at: datetime) -> dict[str, Any] | None:
    """What the sentence about the basic rule in force is made of; None when nothing is set."""
    basic = next((terms for terms in asked(levels, at) if terms.rule is None), None)
    if basic is None:
        return None
    return {
        "percent": basic.percent if basic.kind == RewardKind.PERCENTAGE else None,
        "amount": basic.amount,
        "currency": basic.currency,
        "excludes": " and ".join(filter(None, [", ".join(basic.excludes[:-1]), *basic.excludes[-1:]])),
    }


def _kpis(now: list[Day], before: list[Day]) -> list[dict[str, Any]]:
    found = []
    for key, label in _KPIS:
        has, had = (sum(getattr(day.figures, key) for day in days) for days in (now, before))
        found.append(
            {
                "key": key,
                "label": label,
                "value": has,
                "before": had,
                "percent": percent_change(has, had),
                "is_count": key in _COUNTS,
            }
        )
    return found


def _buckets(days: list[Day], period: Period, interval: str) -> Iterator[tuple[date, list[tuple[int, bool]]]]:
    """Day, week or month, with each figure and whether it is a count."""
    found: dict[date, list[int]] = {}
    for day in days:
        sums = found.setdefault(max(first_of(day.day, interval), period.start), [0] * len(_KPIS))
        for at, (key, _) in enumerate(_KPIS):
            sums[at] += getattr(day.figures, key)
    for start, sums in found.items():
        yield start, [(value, key in _COUNTS) for value, (key, _) in zip(sums, _KPIS, strict=True)]
