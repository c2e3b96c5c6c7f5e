"""Whether a rule applies to an event, or why not, as a sentence's end. Pure."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from merchants.money import display
from rewards.basket import OrderFacts
from rewards.details import PLAIN, Details
from rewards.rules import Terms


@dataclass(frozen=True, slots=True)
class Standing:
    """What had been counted when an event came; amounts in minor units of the event's currency."""

    month_orders: int = 0
    month_revenue: int = 0
    month_earned: int = 0
    orders: int = 0
    revenue: int = 0
    customer_orders: int = 0
    """Orders of this customer that earned for this partner."""
    customer_earned: int = 0


NOTHING_YET = Standing()


def unmet(terms: Terms, order: OrderFacts, standing: Standing) -> str:
    """Why a rule does not apply to the order as a whole; empty when it does."""
    if terms.currency and terms.currency != order.currency:
        what = "fixed" if terms.kind == "fixed" else "set"
        return f"{what} in {terms.currency}, the order is in {order.currency}"
    details = terms.details
    if details is PLAIN or details == PLAIN:
        return ""
    return next(_reasons(details, order, standing), "")


def _reasons(details: Details, order: OrderFacts, standing: Standing) -> Iterator[str]:
    """Each condition that is not met, as a sentence's end."""
    if details.countries and order.country not in details.countries:
        where = f"the order is from {order.country}" if order.country else "the order names no country"
        yield f"for {', '.join(details.countries)}, {where}"
    if details.customer and order.is_new != (details.customer == "new"):
        who = {None: "the order names no customer", True: "the customer is new", False: "the customer is returning"}
        yield f"for {details.customer} customers, {who[order.is_new]}"
    if details.order_from is not None and order.amount < details.order_from:
        yield f"for orders from {display(details.order_from, order.currency)} on"
    if details.order_to is not None and order.amount > details.order_to:
        yield f"for orders up to {display(details.order_to, order.currency)}"
    if details.coupons and order.coupon not in details.coupons:
        yield f"with coupon {' or '.join(details.coupons)} only"
    for key, wanted in details.metadata.items():
        if _as_text((order.metadata or {}).get(key)) != wanted:
            yield f"metadata {key} is not {wanted}"
    yield from _over(details, order, standing)


def _over(details: Details, order: OrderFacts, standing: Standing) -> Iterator[str]:
    if details.first_orders is None and details.first_months is None:
        return
    if order.is_new is None:
        yield "for a customer's first time, and the order names no customer"
    if details.first_orders is not None and standing.customer_orders >= details.first_orders:
        times = "order" if details.first_orders == 1 else f"{details.first_orders} orders"
        yield f"for the customer's first {times}, this is number {standing.customer_orders + 1}"
    if details.first_months is not None and order.first_at is not None:
        ended = months_after(order.first_at, details.first_months)
        if order.placed_at >= ended:
            months = "month" if details.first_months == 1 else f"{details.first_months} months"
            yield f"for the customer's first {months}, which ended on {ended:%Y-%m-%d}"


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def months_after(moment: datetime, months: int) -> datetime:
    """The same day and time so many months later; the month's last day where it is shorter."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
