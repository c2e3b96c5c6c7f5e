"""A rule in one sentence, the same for staff, for the partner and in the API: what it pays, for what, until when."""

from collections.abc import Iterator, Sequence

from merchants.money import display, percentage
from rewards.details import Details, Tier
from rewards.levels import months_said, percent_at
from rewards.rules import Terms

_PARTS = ("tax", "shipping", "discount")


def sentence(terms: Terms, *, whose: str = "their") -> str:
    """`12% of net for the customer's first 12 months, 15% from the 50th order of the month`."""
    details = terms.details
    if details.event == "recruit":
        return _for_recruiters(terms, whose)
    said = " ".join([_rate(terms), *_narrowed(details, terms.currency), *_lasting(details)])
    more = [*_tiers(terms), *_limits(details, terms.currency)]
    return ", ".join([said, *more])


def _for_recruiters(terms: Terms, whose: str) -> str:
    """`10% of what their recruits earn, 5% at level 2, for a recruit's first 12 months`."""
    said = [f"{percentage(percent_at(terms, 1))} of what {whose} recruits earn"]
    said += [f"{percentage(percent)} at level {level}" for level, percent in enumerate(terms.details.deeper, 2)]
    if terms.details.first_months is not None:
        said.append(f"for a recruit's {months_said(terms.details.first_months)}")
    return ", ".join([*said, *_limits(terms.details, terms.currency)])


def _rate(terms: Terms) -> str:
    details = terms.details
    if terms.percent is None:
        each = "line" if details.per_line else "order" if details.event == "sale" else details.event
        return f"{display(terms.amount or 0, terms.currency)} for each {each}"
    rate = f"{percentage(terms.percent)} of {_base(terms.excludes)}"
    return f"{rate} of each line" if details.per_line else rate


def _base(excludes: Sequence[str]) -> str:
    if not excludes:
        return "the total"
    if len(excludes) == len(_PARTS):
        return "net"
    return f"the total without {_listed([part for part in _PARTS if part in excludes], 'and')}"


def _narrowed(details: Details, currency: str) -> Iterator[str]:
    if details.product_keys:
        yield f"on {_listed(details.product_keys)}"
    if details.categories:
        yield f"in {_listed(details.categories)}"
    if details.customer:
        yield f"from {details.customer} customers"
    if details.countries:
        yield f"in {_listed(details.countries)}"
    if details.order_from is not None and details.order_to is not None:
        yield f"on orders of {display(details.order_from, currency)} to {display(details.order_to, currency)}"
    elif details.order_from is not None:
        yield f"on orders from {display(details.order_from, currency)}"
    elif details.order_to is not None:
        yield f"on orders up to {display(details.order_to, currency)}"
    if details.coupons:
        yield f"with coupon {_listed(details.coupons)}"
    if details.metadata:
        yield "with " + _listed([f"{key} = {value}" for key, value in details.metadata.items()], "and")


def _lasting(details: Details) -> Iterator[str]:
    if details.first_orders == 1:
        yield "for the customer's first order"
    elif details.first_orders is not None:
        yield f"for the customer's first {details.first_orders} orders"
    if details.first_months == 1:
        yield "for the customer's first month"
    elif details.first_months is not None:
        yield f"for the customer's first {details.first_months} months"


def _tiers(terms: Terms) -> Iterator[str]:
    details = terms.details
    period = "of the month" if details.tier_period == "month" else "of all time"
    for tier in details.tiers:
        if details.tier_by == "orders":
            yield f"{tier_rate(tier, terms.currency)} from the {ordinal(tier.start)} order {period}"
        else:
            yield f"{tier_rate(tier, terms.currency)} from {display(tier.start, terms.currency)} of revenue {period}"


def tier_rate(tier: Tier, currency: str) -> str:
    """What a tier pays: `15%`, `$5.00`."""
    return percentage(tier.percent) if tier.percent is not None else display(tier.amount or 0, currency)


def _limits(details: Details, currency: str) -> Iterator[str]:
    for value, said in (
        (details.minimum, "at least {}"),
        (details.maximum, "at most {}"),
        (details.cap_order, "up to {} an order"),
        (details.cap_customer, "up to {} with a customer"),
        (details.cap_month, "up to {} a month"),
    ):
        if value is not None:
            yield said.format(display(value, currency))


def _listed(words: Sequence[str], last: str = "or") -> str:
    return " ".join([", ".join(words[:-1]), last, words[-1]]) if len(words) > 1 else words[0]


def ordinal(number: int) -> str:
    """1st, 2nd, 50th."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number:,}{ending}"
