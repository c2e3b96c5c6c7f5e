"""What can be tracked, as it arrives. The same shapes serve the API, imports and commands.

Amounts are integers in minor units of `currency`. `clean` checks what a type cannot say.
"""

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct, json

from customers.identity import normal_email, normal_phone
from merchants import inputs
from merchants.errors import DomainError
from merchants.money import MAX_AMOUNT, is_currency

Amount = Annotated[int, Meta(ge=0, le=MAX_AMOUNT, description="Integer in minor units: 10000 is 100.00 USD.")]
Key = Annotated[str, Meta(min_length=1, max_length=200)]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$(?!\\n)", description="ISO 3166-1 alpha-2, upper case.")]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset.")]

#: Texts of several lines; every other text of an event is an identifier or a name and stays in one.
_PARAGRAPHS = frozenset({"notes", "reason"})
#: Texts that are brought into a normal form, which has no place for a control character.
_NORMALIZED = frozenset({"email", "phone"})

#: How far ahead of our clock a sender's may be.
CLOCK_SKEW = timedelta(minutes=10)


class ProviderKey(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What a payment provider calls the customer."""

    provider: Annotated[str, Meta(pattern="^[a-z0-9_]{1,20}$(?!\\n)", examples=["stripe"])]
    key: Annotated[Key, Meta(examples=["cus_NffrFeUfNV2Hib"])]


class SaleCustomer(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Who bought. Found by external id, else provider key, else e-mail, else phone; made when none matches."""

    external_id: Key | None = None
    provider_key: ProviderKey | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None
    phone: Annotated[str, Meta(max_length=32, description="With country code; kept as E.164.")] | None = None
    name: Annotated[str, Meta(max_length=200)] | None = None

    def is_known_by_something(self) -> bool:
        """Whether there is anything to find the customer by."""
        return bool(self.external_id or self.provider_key or self.email or self.phone)


class Line(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One position of an order; `amount` is for the whole quantity."""

    amount: Amount
    product_key: Annotated[str, Meta(max_length=200)] = ""
    category: Annotated[str, Meta(max_length=200)] = ""
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)] = 1


class Event(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What every tracked event can say about who did it and who led them here."""

    customer: SaleCustomer | None = None
    coupon: Annotated[str, Meta(max_length=64)] | None = None
    click_id: UUID | None = None
    partner: Annotated[str, Meta(max_length=254, description="Names the partner outright, by id or e-mail.")] | None = (
        None
    )


class Sale(Event, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A sale. `order_id` is its natural key within `source`: sent again, it answers what it answered first."""

    order_id: Key
    amount: Annotated[
        Amount,
        Meta(description="Order total. `tax`, `shipping` and `discount` are parts of it a reward may leave out."),
    ]
    currency: Annotated[str, Meta(min_length=3, max_length=3, description="ISO 4217, upper case.")]
    source: Annotated[
        str,
        Meta(pattern="^[a-z0-9_]{1,20}$(?!\\n)", description="Where the order was placed; order ids are unique in it."),
    ] = "api"
    tax: Amount = 0
    shipping: Amount = 0
    discount: Amount = 0
    lines: Annotated[list[Line], Meta(max_length=500)] = []
    country: Country | None = None
    platform: Annotated[str, Meta(max_length=50)] = ""
    notes: Annotated[str, Meta(max_length=2000)] = ""
    metadata: dict[str, Any] = {}
    placed_at: Moment | None = None

    def fingerprint(self) -> str:
        """Equal for equal content, whatever the order of keys."""
        return fingerprint_of(self)


class Lead(Event, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A customer did something short of buying. Once per customer and `name`: sent again, it answers the same."""

    name: Annotated[str, Meta(min_length=1, max_length=100, description="What happened: signup, demo_booked, …")]
    metadata: dict[str, Any] = {}
    occurred_at: Moment | None = None


class RefundLine(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One position given back: its place in the order's lines, counted from 0; all that is left of it by default."""

    line: Annotated[int, Meta(ge=0, lt=500)]
    amount: Annotated[int, Meta(ge=1, le=MAX_AMOUNT)] | None = None


class Refund(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Money given back on an order: `amount`, or `lines`, or with neither all that is left."""

    order_id: Key
    refund_id: Annotated[Key, Meta(description="Natural key within the order: sent again, it answers the same.")]
    source: Annotated[str, Meta(pattern="^[a-z0-9_]{1,20}$(?!\\n)")] = "api"
    amount: Annotated[int, Meta(ge=1, le=MAX_AMOUNT, description="Minor units of the order's currency.")] | None = None
    lines: Annotated[list[RefundLine], Meta(max_length=500)] = []
    reason: Annotated[str, Meta(max_length=500)] = ""
    refunded_at: Moment | None = None


def fingerprint_of(content: Any) -> str:
    """32 hex digits that two equal requests share."""
    return blake2b(json.encode(content, order="deterministic"), digest_size=16).hexdigest()


def clean(sale: Sale, *, now: datetime) -> Sale:
    """The sale in normal form (e-mail and phone as they are stored); DomainError names the field at fault."""
    if not is_currency(sale.currency):
        raise DomainError(
            f"{sale.currency!r} is not a currency: send an ISO 4217 code in upper case, such as USD.",
            code="unknown_currency",
            field="currency",
        )
    if sale.tax + sale.shipping + sale.discount > sale.amount:
        raise DomainError(
            "tax, shipping and discount are parts of amount and together exceed it: send the order's full total.",
            code="parts_exceed_amount",
            field="amount",
        )
    if sum(line.amount for line in sale.lines) > sale.amount + sale.discount:
        raise DomainError(
            "The lines come to more than amount: line amounts are for the whole quantity, in minor units.",
            code="lines_exceed_amount",
            field="lines",
        )
    check_moment(sale.placed_at, now=now, field="placed_at")
    if not _is_printable(sale):
        check_texts(sale)
    if sale.metadata:
        inputs.metadata(sale.metadata, "metadata")
    if sale.customer is not None:
        clean_customer(sale.customer, field="customer")
    return sale


def check_texts(event: Struct, *, under: str = "") -> None:
    """Refuse control characters in any text of an event; DomainError has the path of the first."""
    for name in event.__struct_fields__:
        value, field = getattr(event, name), f"{under}{name}"
        if isinstance(value, str):
            if name not in _NORMALIZED:
                (inputs.check_paragraph if name in _PARAGRAPHS else inputs.check_line)(value, field)
        elif isinstance(value, Struct):
            check_texts(value, under=f"{field}.")
        elif isinstance(value, list):
            for position, member in enumerate(value):
                check_texts(member, under=f"{field}[{position}].")


def _is_printable(sale: Sale) -> bool:
    """Whether there is nothing to look for: all texts of a sale at once, in 0.2 µs instead of 4."""
    texts = [sale.order_id, sale.source, sale.platform, sale.notes, sale.coupon or "", sale.partner or ""]
    if sale.customer is not None:
        texts += (sale.customer.external_id or "", sale.customer.name or "")
        if sale.customer.provider_key is not None:
            texts.append(sale.customer.provider_key.key)
    for line in sale.lines:
        texts += (line.product_key, line.category)
    return "".join(texts).isprintable()


def clean_customer(customer: SaleCustomer, *, field: str) -> None:
    """Put the customer's contact into normal form, in place; refuse one that nothing could find again."""
    if not customer.is_known_by_something():
        raise DomainError(
            "A customer needs at least one of external_id, provider_key, email and phone.",
            code="customer_unidentified",
            field=field,
        )
    if customer.email:
        customer.email = normal_email(customer.email, field=f"{field}.email")
    if customer.phone:
        customer.phone = normal_phone(customer.phone, field=f"{field}.phone")


def check_moment(moment: datetime | None, *, now: datetime, field: str) -> None:
    """Refuse a time that cannot be: in the future, or before there were computers to record it."""
    if moment is None:
        return
    if moment > now + CLOCK_SKEW:
        raise DomainError("This lies in the future: send when it happened.", code="in_the_future", field=field)
    if moment.year < 1970:
        raise DomainError("This is before 1970: check the format.", code="too_long_ago", field=field)
