"""What the partner earned, order by order, and why (SPEC Q4, A14)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404

from affiliates.models import Partner
from commissions.models import Commission, CommissionStatus, Decision, DecisionKind
from ledger.accounts import partner_earned
from merchants.money import to_decimal
from pages.books import commission_steps, entries_of
from pages.exports import Export, Lines, each
from pages.listing import Sort, sheet
from pages.periods import PRESETS, Period, period_of
from pages.templatetags.pages import rate_of as rate_in
from pages.working import exact_of, lines_left_out, parts_of
from partner_portal.asked import Asked
from partner_portal.door import PartnerRequest, page, partner_page
from partner_portal.masking import called, customer_shown, order_of, order_shown
from partner_portal.money import Money, money_of

_STATUSES = (
    CommissionStatus.PENDING, CommissionStatus.APPROVED, CommissionStatus.IN_PAYOUT, CommissionStatus.PAID,
    CommissionStatus.REVERSED, CommissionStatus.REJECTED,
)  # fmt: skip
#: What a partner reads of a decision; why it was taken names other people.
DECIDED: dict[str, str] = {
    DecisionKind.REJECTION: "Rejected",
    DecisionKind.RESTORATION: "Given again",
    DecisionKind.REATTRIBUTION: "The customer belongs to somebody else",
    DecisionKind.DELETION: "The order was deleted",
    DecisionKind.BELOW_TARGET: "The target is not reached any more",
}
_SORTS = {"date": Sort("occurred_at", datetime), "amount": Sort("amount", int)}
_YEAR = 365
#: How the engine ends the sentence about a rule for other countries.
_WHERE = re.compile(r", the order is from .*$")


@partner_page
def earnings(request: PartnerRequest) -> HttpResponseBase:
    """The list, newest first."""
    partner, asked = request.partner, Asked.of(request)
    found = sheet(request, _rows(asked), sorts=_SORTS, default="-date")
    context = {
        "sheet": found,
        "money": list(money_of(partner).values()) or [Money(partner.merchant.currency)],
        "rows": [(row, rate_of(row), _customer(row, partner), order_of(row), called(row)) for row in found.rows],
        "statuses": _STATUSES,
        "status": request.GET.get("status", ""),
        "period": _period(asked),
        "presets": PRESETS,
        "partials": {"list"},
    }
    return page(request, "partner_portal/earnings.html", context)


@partner_page
def earnings_detail(request: PartnerRequest, commission: UUID) -> HttpResponseBase:
    """How one commission came about and what became of it, without anybody else's part in the order."""
    partner = request.partner
    rows = partner.commissions.listed().with_doubts().select_related("order__click__link", "customer", "reward_version")
    found = get_object_or_404(rows, id=commission)
    reversals = list(found.reversals.select_related("refund").order_by("id"))
    item = found.payout_items.filter(is_live=True).select_related("payout").first()
    own = partner.merchant.entries.filter(account=partner_earned(partner.id))
    decisions = list(found.decisions.order_by("id"))
    books = commission_steps(found.id, reversals, decisions)
    context = {
        "commission": found,
        "order": order_of(found),
        "called": called(found),
        "kept": found.amount - found.reversed,
        "customer": _customer(found, partner),
        "rate": rate_of(found),
        "came_by": _came_by(found),
        "left_out": _left_out(found),
        "rounding": exact_of(found),
        "parts": parts_of(found),
        "lines_left_out": lines_left_out(found),
        "asked": _asked(found),
        "level": found.explanation.get("reward", {}).get("level", ""),
        "reason": _reason(found),
        "reversals": reversals,
        "decisions": [(DECIDED[decision.kind], decision) for decision in decisions],
        "payout": item.payout if item else None,
        "steps": list(_steps(found, reversals, decisions, item)),
        "entries": entries_of(own, books),
    }
    return page(request, "partner_portal/commission.html", context)


def _reason(commission: Commission) -> str:
    """Why somebody gave it, to this partner. What follows an adjustment was decided about an order, in words that name
    customers and other partners, or about one that is not theirs."""
    if "follows" in commission.explanation:
        return "It follows what became of a commission that was adjusted"
    return str(commission.explanation.get("reason", "")) if commission.order is None else ""


def _customer(commission: Commission, partner: Partner) -> str:
    """Whose order it was, as far as the customer is the partner's."""
    return "" if commission.level else customer_shown(commission.customer, partner.merchant)


def _period(asked: Asked) -> Period:
    return period_of(asked.query, default=_YEAR)


def _rows(asked: Asked) -> "QuerySet[Commission]":
    period = _period(asked)
    rows = asked.partner.commissions.listed().filter(occurred_at__gte=period.begins(), occurred_at__lt=period.ends())
    status = asked.query.get("status", "")
    if status in CommissionStatus.values:
        rows = rows.filter(status=status)
    return rows.with_doubts().select_related("order", "customer")


def _lines(asked: Asked) -> "Lines[Commission]":
    """Amounts are decimal numbers of their currency."""
    partner = asked.partner

    def cells(row: Commission) -> list[object]:
        order = order_of(row)
        return [
            row.occurred_at, called(row) if row.level else order_shown(row), _customer(row, partner),
            to_decimal(order.amount, order.currency) if order else "", rate_of(row),
            to_decimal(row.amount, row.currency), to_decimal(row.reversed, row.currency), row.currency, row.status,
            row.paid_at,
        ]  # fmt: skip

    return each(cells)


def _called(asked: Asked) -> str:
    period = _period(asked)
    return f"earnings-{period.start}-{period.end}"


EXPORT = Export(
    name="earnings",
    title="Earnings",
    header="date order customer order_total rate earned taken_back currency status paid_at".split(),
    rows=_rows,
    lines=_lines,
    by="occurred_at",
    needs=frozenset(),
    called=_called,
)


def rate_of(commission: Commission) -> str:
    """`10%`, `Several`, or empty for an amount that is no share of the order."""
    rate = rate_in(commission.explanation)
    return rate if rate == "Several" or commission.explanation.get("reward", {}).get("percent") else ""


def _asked(commission: Commission) -> list[dict[str, str]]:
    """The rules that were looked at and what became of each, where there were several; not where a customer is."""
    rules = [rule for rule in commission.explanation.get("rules", ()) if "version" in rule]
    if len(rules) < 2:
        return []
    return [
        {"level": rule["level"], "name": rule.get("name", ""), "outcome": _WHERE.sub("", rule["outcome"])}
        for rule in rules
    ]


def _left_out(commission: Commission) -> list[tuple[str, int]]:
    """Parts of the order that the reward is not computed on, as far as there were any."""
    less: dict[str, int] = commission.explanation.get("base", {}).get("less", {})
    return [(part, amount) for part, amount in less.items() if amount]


def _came_by(commission: Commission) -> dict[str, Any]:
    """By what the order is the partner's. Other candidates are somebody else's business."""
    order = order_of(commission)
    if order is None:
        return {}
    via = order.attribution.get("via", "")
    found: dict[str, Any] = {"via": via}
    if via == "coupon":
        found["coupon"] = order.coupon_code
    if via == "click" and order.click and order.click.partner_id == commission.partner_id:
        found |= {"link": order.click.link.code, "at": order.click.clicked_at}
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened, or will."""

    icon: str
    text: str
    at: Any
    amount: int | None = None
    is_ahead: bool = False


def _steps(commission: Commission, reversals: list[Any], decisions: list[Decision], item: Any) -> Iterator[Step]:
    """From the order to the payment."""
    earned = commission.order is not None or "event" in commission.explanation
    what = (
        "Ordered, and you earned"
        if order_of(commission) is not None
        else "You earned"
        if earned
        else "Recorded by hand"
    )
    yield Step("receipt", what, commission.occurred_at, commission.amount)
    for reversal in reversals:
        yield Step("undo-2", "Taken back after a refund", reversal.refund.refunded_at, -reversal.amount)
    for decision in decisions:
        icon = "circle-check" if decision.kind == DecisionKind.RESTORATION else "circle-x"
        yield Step(icon, DECIDED[decision.kind], decision.created_at, -decision.amount)
    if commission.status == CommissionStatus.PENDING:
        if commission.is_doubted:
            yield Step("clock", "Under review", None, is_ahead=True)
        yield Step("clock", "The hold ends", commission.held_until, is_ahead=True)
    elif commission.status == CommissionStatus.APPROVED:
        yield Step("circle-check", "Ready for the next payout", None)
    if item is not None:
        yield Step("banknote", "Paid" if commission.paid_at else "In a payout", item.payout.paid_on, item.amount)
