"""Replaying a file of real orders through the ingest, with partners given out by a rule that anybody can check.

The file is a CSV with a head: `order_id`, `customer_id`, `placed_on` (a date) and `amount_<currency>` in decimals;
further columns go along as metadata. The rule: a customer belongs to partner number `n mod (partners + 1)`, where n
is the number in the customer's id; number 0 is nobody, so that there are direct orders too. Every order carries its
partner's coupon. A date alone becomes noon in the merchant's time zone, which is that day in most of the world.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import TextIO
from zlib import crc32
from zoneinfo import ZoneInfo

from affiliates.partners import create_partner
from affiliates.programs import default_program
from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import DomainError
from merchants.models import Merchant
from merchants.money import EXPONENTS, to_minor
from rewards.terms import set_reward
from tracking import ingest
from tracking.events import Sale, SaleCustomer
from tracking.plan import Outcome

SOURCE = "replay"
PERCENT = Decimal(10)
_AMOUNT = re.compile(r"amount_([a-z]{3})")
_NEEDED = ("order_id", "customer_id", "placed_on")
_LONGEST_LINE = 10_000


class FileRefused(DomainError):
    """The file cannot be read as orders; the message names the line."""

    code = "file_refused"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order as the file has it; `amount` is minor units of `currency`."""

    line: int
    order_id: str
    customer_id: str
    placed_on: date
    amount: int
    currency: str
    metadata: dict[str, str]

    def partner(self, partners: int) -> int:
        """Number of the partner whose customer this is, from 1; 0 is a direct order."""
        digits = re.sub(r"\D", "", self.customer_id)
        number = int(digits) if digits else crc32(self.customer_id.encode())
        return number % (partners + 1)

    def commission(self, partners: int) -> int:
        """What the partner must earn with it, reckoned apart from the engine: ten percent, half up."""
        return 0 if self.partner(partners) == 0 else (self.amount * 10 + 50) // 100


def read(file: TextIO) -> Iterator[OrderLine]:
    """The file's orders, one at a time; FileRefused names the line that cannot be read."""
    reader = csv.DictReader(_lines(file), strict=True)
    try:
        columns = list(reader.fieldnames or ())
        currency = _currency(columns)
        for row in reader:
            yield _order(reader.line_num, row, currency)
    except csv.Error as error:
        raise FileRefused(f"Line {reader.line_num}: this is no CSV ({error}).") from error
    except UnicodeDecodeError as error:
        raise FileRefused("The file is not UTF-8: save it as CSV UTF-8.") from error


def coupon_of(number: int) -> str:
    """The coupon of partner `number`."""
    return f"REPLAY{number}"


def prepare(merchant: Merchant, partners: int, *, first_day: date, actor: Actor) -> None:
    """The program's ten percent and the partners, as far as they are not there yet. Inside the tenant."""
    program = default_program(actor=actor)
    if not program.rewards.exists():
        began = datetime.combine(first_day, time(), tzinfo=ZoneInfo(merchant.time_zone))
        set_reward(program=program, kind="percentage", percent=PERCENT, effective_from=began, actor=actor)
    there = set(merchant.coupons.values_list("code", flat=True))
    for number in range(1, partners + 1):
        if coupon_of(number) not in there:
            create_partner(
                name=f"Partner {number}",
                email=f"partner-{number}@replay.example",
                coupon_code=coupon_of(number),
                actor=actor,
            )


def replay(
    merchant: Merchant, orders: Iterable[OrderLine], partners: int, *, actor: Actor
) -> Iterator[list[tuple[OrderLine, Outcome]]]:
    """Record the orders in batches, each in a transaction of its own, and yield what became of each."""
    zone = ZoneInfo(merchant.time_zone)
    pending = iter(orders)
    while batch := list(islice(pending, ingest.MAX_BATCH)):
        sales = [_sale(order, partners, zone) for order in batch]
        outcomes = tenancy.run(merchant.id, lambda sales=sales: ingest.record(sales, actor=actor))  # type: ignore[misc]
        yield list(zip(batch, outcomes, strict=True))


def _sale(order: OrderLine, partners: int, zone: ZoneInfo) -> Sale:
    partner = order.partner(partners)
    return Sale(
        order_id=order.order_id,
        source=SOURCE,
        amount=order.amount,
        currency=order.currency,
        customer=SaleCustomer(external_id=order.customer_id),
        coupon=coupon_of(partner) if partner else None,
        metadata=dict(order.metadata),
        placed_at=datetime.combine(order.placed_on, time(12), tzinfo=zone),
    )


def _lines(file: TextIO) -> Iterator[str]:
    for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE + 1), ""), 1):
        if len(line) > _LONGEST_LINE:
            raise FileRefused(f"Line {number} is longer than {_LONGEST_LINE:,} characters: is this a file of orders?")
        if "\0" in line:
            raise FileRefused(f"Line {number} holds a NUL: is this a text file?")
        yield line


def _currency(columns: list[str]) -> str:
    missing = [name for name in _NEEDED if name not in columns]
    amounts = [match[1].upper() for match in map(_AMOUNT.fullmatch, columns) if match]
    if missing or len(amounts) != 1 or amounts[0] not in EXPONENTS:
        raise FileRefused(
            f"Line 1: the head must name {', '.join(_NEEDED)} and one amount column such as amount_usd;"
            f" it names {', '.join(columns) or 'nothing'}."
        )
    return amounts[0]


def _order(line: int, row: dict[str, str | None], currency: str) -> OrderLine:
    named = {name: (value or "").strip() for name, value in row.items() if name is not None}
    amount = named.pop(f"amount_{currency.lower()}")
    order_id, customer_id, placed_on = (named.pop(name) for name in _NEEDED)
    if None in row or not order_id or not customer_id:
        raise FileRefused(f"Line {line}: every order needs its columns, an order_id and a customer_id.")
    return OrderLine(
        line=line,
        order_id=order_id,
        customer_id=customer_id,
        placed_on=_date(line, placed_on),
        amount=_minor(line, amount, currency),
        currency=currency,
        metadata=named,
    )


def _date(line: int, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise FileRefused(f"Line {line}: placed_on is {text!r}; write it as 1997-01-31.") from error


def _minor(line: int, text: str, currency: str) -> int:
    try:
        value = Decimal(text)
        exact = value.scaleb(EXPONENTS[currency])
    except InvalidOperation as error:
        raise FileRefused(f"Line {line}: the amount is {text!r}; write it as 29.33.") from error
    if not exact.is_finite() or exact != exact.to_integral_value() or exact < 0:
        raise FileRefused(
            f"Line {line}: the amount is {text!r}; {currency} has {EXPONENTS[currency]} decimals, and none is negative."
        )
    return to_minor(value, currency)
