"""An order taken apart, so that one rule can have its books and the next the rest. Pure.

Every minor unit of the order's amount is in exactly one line or in the rest (shipping or tax that stands in no line).
Lines that come to more than the amount, because a discount was taken off the whole order, are brought down to it in
proportion. What a base leaves out is taken from the rest as far as it stands there (shipping, then tax, then discount)
and otherwise from the lines in proportion: 20% of books at 100.00 is 20.00, whatever was paid for sending them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from merchants.money import split


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One position; `amount` is for the whole quantity."""

    amount: int
    product_key: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What of an order matters to a reward. Minor units of `currency`; tax, shipping, discount are parts of amount."""

    amount: int
    currency: str
    placed_at: datetime
    tax: int = 0
    shipping: int = 0
    discount: int = 0
    lines: tuple[OrderLine, ...] = ()
    country: str = ""
    is_new: bool | None = None
    """Whether it is the customer's first order with the merchant; None without a customer."""
    first_at: datetime | None = None
    """When the customer first came, in the merchant's time zone; None: with this order, or nobody knows."""
    coupon: str = ""
    metadata: dict[str, Any] | None = None


def base_of(order: OrderFacts, excludes: Sequence[str]) -> int:
    """The order's amount without the parts the terms leave out; never below zero."""
    left_out: int = sum(getattr(order, part) for part in excludes)
    return max(order.amount - left_out, 0)


class Basket:
    """The lines of an order that no rule has decided yet."""

    def __init__(self, order: OrderFacts) -> None:
        self.order = order
        amounts = [line.amount for line in order.lines]
        self.amounts = amounts if sum(amounts) <= order.amount else split(order.amount, amounts)
        """What each line has of the order's amount."""
        self.rest = order.amount - sum(self.amounts)
        """What of the amount is in no line."""
        self.open = list(range(len(amounts)))
        self.is_whole = True

    def take(self, lines: Sequence[int]) -> None:
        """These are decided."""
        self.open = [line for line in self.open if line not in lines]
        self.is_whole = False

    def bases(self, excludes: Sequence[str]) -> tuple[list[int], int]:
        """What of each line, and of the rest, is left when these parts are left out."""
        rest, from_lines = self.rest, 0
        for part in ("shipping", "tax", "discount"):
            if part not in excludes:
                # Paid for in the rest all the same, so that it shields nothing else there.
                rest -= min(rest, getattr(self.order, part))
                continue
            taken = min(rest, getattr(self.order, part))
            rest -= taken
            from_lines += getattr(self.order, part) - taken
        total = sum(self.amounts)
        from_lines = min(from_lines, total)
        bases = self.amounts
        if from_lines:
            off = split(from_lines, self.amounts)
            bases = [amount - less for amount, less in zip(bases, off, strict=True)]
        return bases, base_of(self.order, excludes) - sum(bases)
