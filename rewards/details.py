"""What a rule says beyond its rate: when it applies, for how long, with which tiers and within which limits.

One flat typed document, kept as JSON beside the rate and decoded once for each configuration. Every amount in it is in
minor units of the rule's one currency; a rule that names any amount decides only orders in that currency. Whether
values make sense together is asked once, when a rule is set (`rewards.checks`); the engine believes what it reads.
"""

from decimal import Decimal
from typing import Literal, get_args

from msgspec import Struct

Event = Literal["sale", "lead", "click", "recruit"]
"""What is rewarded; `recruit`: whatever a partner earns who was recruited, to the benefit of who recruited them."""

EVENTS: tuple[Event, ...] = get_args(Event)


class Tier(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """From `start` on another rate: from the Nth order, or once so much revenue stood before the order."""

    start: int
    percent: Decimal | None = None
    amount: int | None = None


class Details(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The document. Its default says nothing: a rate for every sale, always, without limits."""

    name: str = ""
    event: Event = "sale"
    product_keys: tuple[str, ...] = ()
    """Only lines with one of these count."""
    categories: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    """ISO 3166-1, upper case."""
    customer: Literal["", "new", "returning"] = ""
    """New: their first order with the merchant. An order without a customer is neither."""
    order_from: int | None = None
    order_to: int | None = None
    """The order's total, both ends included."""
    coupons: tuple[str, ...] = ()
    """Upper case."""
    metadata: dict[str, str] = {}
    """Keys that must have exactly this text, or this number or truth value written as JSON writes it."""
    first_orders: int | None = None
    """Only so many of the customer's orders earn for one partner; 1 is a one-off reward."""
    first_months: int | None = None
    """Only within so many months after the customer first came (order or lead), or after the recruit was recruited."""
    per_line: bool = False
    """The rate is for each matching line by itself, not for the order."""
    minimum: int | None = None
    maximum: int | None = None
    """Of a percentage: for the order, or for each line when `per_line`."""
    tier_by: Literal["orders", "revenue"] = "orders"
    tier_period: Literal["month", "lifetime"] = "month"
    """Month: the calendar month of the merchant's time zone."""
    tiers: tuple[Tier, ...] = ()
    """By ascending start."""
    deeper: tuple[Decimal, ...] = ()
    """Of a rule for recruiters: the percentage at level 2, 3, …, whose own percentage is that of level 1."""
    cap_order: int | None = None
    cap_customer: int | None = None
    """What the partner earns with one customer, by any rule."""
    cap_month: int | None = None
    """What the partner earns in a calendar month, by any rule."""

    @property
    def narrows_lines(self) -> bool:
        """Whether it looks at single lines."""
        return bool(self.product_keys or self.categories or self.per_line)

    @property
    def levels(self) -> int:
        """How many levels of recruiters it pays; 0 when it is not for recruiters."""
        return 1 + len(self.deeper) if self.event == "recruit" else 0

    @property
    def conditions(self) -> int:
        """How many conditions narrow it: what makes one rule more specific than another."""
        return sum(
            map(
                bool,
                (
                    self.product_keys,
                    self.categories,
                    self.countries,
                    self.customer,
                    self.order_from is not None or self.order_to is not None,
                    self.coupons,
                    self.first_orders is not None,
                    self.first_months is not None,
                ),
            )
        ) + len(self.metadata)

    @property
    def counts(self) -> bool:
        """Whether what was counted before has to do with it, in any way."""
        return self.counts_month or self.counts_lifetime or self.counts_customer

    @property
    def counts_month(self) -> bool:
        """Whether it needs to know what the partner has brought or earned in the month."""
        return self.cap_month is not None or bool(self.tiers and self.tier_period == "month")

    @property
    def counts_lifetime(self) -> bool:
        """Whether it needs to know what the partner has brought in all."""
        return bool(self.tiers and self.tier_period == "lifetime")

    @property
    def counts_customer(self) -> bool:
        """Whether it needs to know what the partner has earned with the customer."""
        return self.first_orders is not None or self.cap_customer is not None

    @property
    def names_amounts(self) -> bool:
        """Whether any amount of money stands in it, so that it has a currency."""
        amounts = (
            self.order_from, self.order_to, self.minimum, self.maximum,
            self.cap_order, self.cap_customer, self.cap_month,
        )  # fmt: skip
        by_revenue = bool(self.tiers) and self.tier_by == "revenue"
        return by_revenue or any(amount is not None for amount in (*amounts, *(tier.amount for tier in self.tiers)))


PLAIN = Details()
