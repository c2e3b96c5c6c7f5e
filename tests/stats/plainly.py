"""The rollups computed the plain way: every row of the source in Python, its day by zoneinfo."""

from collections import defaultdict
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from merchants.models import Merchant

Figures = dict[str, int]
Days = dict[tuple[UUID | None, date, str], Figures]

OF_PARTNER = ("clicks", "unique_clicks", "leads", "orders", "revenue", "refunded", "earned", "pending", "approved")
OF_STATUS = ("in_payout", "paid", "taken_back", "pending_count", "unpaid_count", "paid_count", "taken_back_count")
OF_DAY = (*OF_PARTNER, *OF_STATUS)
OF_PARTNER_DAY = (*OF_DAY, "kept_orders")
OF_MERCHANT = (*OF_DAY, "direct_orders", "direct_revenue", "direct_refunded")
#: The figure of each status, and where its commissions are counted.
_STATUSES = {
    "pending": ("pending", "pending_count"),
    "approved": ("approved", "unpaid_count"),
    "in_payout": ("in_payout", "unpaid_count"),
    "paid": ("paid", "paid_count"),
    "reversed": ("taken_back", "taken_back_count"),
    "rejected": ("taken_back", "taken_back_count"),
}
OF_CUSTOMER = (
    "orders", "referred_orders", "revenue", "refunded", "commission", "first_order_at", "last_order_at", "partner_id",
    "brought",
)  # fmt: skip


def rollups(merchant: Merchant) -> dict[str, dict[Any, Any]]:
    """What stands in the four tables, by table and key."""
    return {
        "partner days": _by(merchant.partner_days.all(), ("partner_id", "day", "currency"), OF_PARTNER_DAY),
        "merchant days": _by(merchant.merchant_days.all(), ("day", "currency"), OF_MERCHANT),
        "partner totals": _by(merchant.partner_totals.all(), ("partner_id", "currency"), OF_PARTNER),
        "customer totals": _by(merchant.customer_totals.all(), ("customer_id", "currency"), OF_CUSTOMER),
    }


def recomputed(merchant: Merchant) -> dict[str, dict[Any, Any]]:
    """What should stand there."""
    days = _partner_days(merchant)
    of_merchant: dict[Any, Figures] = defaultdict(lambda: dict.fromkeys(OF_MERCHANT, 0))
    of_partners: dict[Any, Figures] = defaultdict(lambda: dict.fromkeys(OF_PARTNER, 0))
    for (partner_id, day, currency), figures in days.items():
        for name, figure in figures.items():
            if name == "kept_orders":
                continue
            apart = partner_id is None and name in ("orders", "revenue", "refunded")
            of_merchant[day, currency][f"direct_{name}" if apart else name] += figure
            if partner_id is not None and name in OF_PARTNER:
                of_partners[partner_id, currency][name] += figure
    return {
        "partner days": dict(days),
        "merchant days": dict(of_merchant),
        "partner totals": dict(of_partners),
        "customer totals": _customers(merchant),
    }


def _partner_days(merchant: Merchant) -> Days:
    zone = ZoneInfo(merchant.time_zone)
    days: Days = defaultdict(lambda: dict.fromkeys(OF_PARTNER_DAY, 0))

    def add(partner_id: UUID | None, moment: datetime, currency: str, **figures: int) -> None:
        row = days[partner_id, moment.astimezone(zone).date(), currency]
        for name, figure in figures.items():
            row[name] += figure

    for order in merchant.orders.all():
        kept = int(order.amount == 0 or order.refunded < order.amount)
        add(
            order.partner_id, order.placed_at, order.currency, orders=1, revenue=order.amount, refunded=order.refunded,
            kept_orders=kept,
        )  # fmt: skip
    for one in merchant.commissions.all():
        left = one.amount - one.reversed
        amount, count = _STATUSES[one.status]
        kept = one.amount if amount == "taken_back" else left
        add(one.partner_id, one.occurred_at, one.currency, earned=left, **{amount: kept, count: 1})
    for click in merchant.clicks.all():
        add(click.partner_id, click.clicked_at, "", clicks=1, unique_clicks=int(click.is_unique))
    for lead in merchant.leads.all():
        add(lead.partner_id, lead.occurred_at, "", leads=1)
    return days


def standing(merchant: Merchant) -> dict[tuple[UUID, str], tuple[int, int, int]]:
    """What partners earned, have on hold and may be paid, by currency: every commission added up."""
    sums: dict[tuple[UUID, str], Figures] = defaultdict(lambda: dict.fromkeys(("earned", "pending", "approved"), 0))
    for one in merchant.commissions.all():
        for name in ("earned", one.status):
            if name in ("earned", "pending", "approved"):
                sums[one.partner_id, one.currency][name] += one.amount - one.reversed
    return {key: (found["earned"], found["pending"], found["approved"]) for key, found in sums.items()}


def _customers(merchant: Merchant) -> dict[Any, Any]:
    totals: dict[Any, Any] = {}
    owners = dict(merchant.customer_attributions.values_list("customer_id", "partner_id"))
    for order in merchant.orders.exclude(customer=None):
        row = totals.setdefault(
            (order.customer_id, order.currency),
            dict.fromkeys(OF_CUSTOMER, 0)
            | {"first_order_at": order.placed_at, "last_order_at": order.placed_at}
            | {"partner_id": owners.get(order.customer_id)},
        )
        if order.partner_id == row["partner_id"] is not None:
            row["brought"] += order.amount - order.refunded
        row["orders"] += 1
        row["referred_orders"] += order.partner_id is not None
        row["revenue"] += order.amount
        row["refunded"] += order.refunded
        row["commission"] += sum(one.amount - one.reversed for one in order.commissions.all())
        row["first_order_at"] = min(row["first_order_at"], order.placed_at)
        row["last_order_at"] = max(row["last_order_at"], order.placed_at)
    nothing = dict.fromkeys(OF_CUSTOMER, 0) | {"first_order_at": None, "last_order_at": None}
    for customer_id in merchant.customers.values_list("id", flat=True):
        totals.setdefault((customer_id, merchant.currency), nothing | {"partner_id": owners.get(customer_id)})
    return totals


def _by(rows: Any, keys: tuple[str, ...], figures: tuple[str, ...]) -> dict[Any, Any]:
    return {tuple(getattr(row, key) for key in keys): {name: getattr(row, name) for name in figures} for row in rows}
