"""Whether what a rule says makes sense together; asked once, when it is set.

Refused is what can be shown to be wrong from the rule alone: that could pay more than an order it is made for, or that
could never apply. What depends on the order (a fixed 5.00 on an order of 3.00, where the rule names no smallest order)
is held at the order's base by the engine, whose working says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

from msgspec import structs

from merchants import inputs
from merchants.errors import DomainError
from merchants.money import display, percentage
from rewards.details import Details, Tier
from rewards.models import RewardKind

#: Parts of an order's amount that a percentage may leave out of its base.
EXCLUDABLE = ("tax", "shipping", "discount")
#: More entries in one list than a person could look through.
_MOST = 100
#: A person has to oversee them.
MOST_TIERS = 20
_MOST_MONTHS = 1_200
_MOST_LEVELS = 100
_AMOUNTS = ("order_from", "order_to", "minimum", "maximum", "cap_order", "cap_customer", "cap_month")


@dataclass(frozen=True, slots=True)
class Checked:
    """A rule that makes sense, as its columns keep it."""

    columns: dict[str, Any]
    details: Details


def checked(
    *,
    kind: str,
    percent: object,
    amount: object,
    currency: str,
    excludes: Sequence[str],
    details: Details,
) -> Checked:
    """The rule in normal form; DomainError names the field that does not make sense."""
    details = _normal(details)
    columns = _rate(kind, percent, amount)
    _check_kind(kind, details)
    _check_amounts(details)
    _check_range(details.order_from, details.order_to, "order_to", "the largest order", "the smallest")
    _check_range(details.minimum, details.maximum, "maximum", "the maximum", "the minimum")
    for cap in ("cap_order", "cap_customer", "cap_month"):
        _check_range(details.minimum, getattr(details, cap), cap, "a cap", "the minimum")
    needs_currency = kind == RewardKind.FIXED or details.names_amounts
    columns["currency"] = inputs.currency(currency) if needs_currency else _no_currency(currency)
    _check_levels(columns["percent"], details)
    _check_tiers(details)
    _check_most(columns["amount"], columns["currency"], details)
    columns["excludes"] = _checked_excludes(excludes)
    if details.event == "recruit" and columns["excludes"]:
        raise _not_for_recruiters("excludes")
    return Checked(columns, details)


def _normal(details: Details) -> Details:
    values = structs.asdict(details)
    for name in ("product_keys", "categories", "countries", "coupons"):
        values[name] = _texts(values[name], name)
    for name in ("countries", "coupons"):
        values[name] = tuple(text.upper() for text in values[name])
    if any(len(country) != 2 or not country.isascii() or not country.isalpha() for country in values["countries"]):
        raise DomainError("Give countries by their two letters, such as DE.", code="country_invalid", field="countries")
    values["name"] = inputs.line(details.name, "name", longest=100)
    values["metadata"] = {
        inputs.line(key, "metadata", longest=100, required=True): inputs.line(value, "metadata", longest=200)
        for key, value in inputs.metadata(details.metadata).items()
    }
    return Details(**values)


def _texts(values: Sequence[str], name: str) -> tuple[str, ...]:
    if len(values) > _MOST:
        raise DomainError(f"Keep to {_MOST} {name}.", code="too_many", field=name)
    texts = [inputs.line(value, name, required=True) for value in values]
    return tuple(dict.fromkeys(texts))


def _rate(kind: str, percent: object, amount: object) -> dict[str, Any]:
    if kind == RewardKind.PERCENTAGE:
        if amount is not None:
            raise DomainError("A percentage has no amount and no currency.", code="terms_mixed", field="amount")
        return {"kind": kind, "percent": checked_percent(percent), "amount": None}
    if kind == RewardKind.FIXED:
        if percent is not None:
            raise DomainError("A fixed reward has no percent.", code="terms_mixed", field="percent")
        return {"kind": kind, "percent": None, "amount": inputs.whole(amount, "amount")}
    raise DomainError(f"The kind is one of {', '.join(RewardKind.values)}.", code="invalid_choice", field="kind")


def _no_currency(currency: str) -> str:
    if currency:
        raise DomainError(
            "A percentage that names no amount has no currency: it is for orders in any.",
            code="terms_mixed",
            field="currency",
        )
    return ""


def checked_percent(percent: object, field: str = "percent") -> Decimal:
    """0 to 100 with at most four decimals."""
    refused = DomainError(
        "Give percent as a decimal between 0 and 100 with at most four decimals, such as 12.5.",
        code="percent_invalid",
        field=field,
    )
    if not isinstance(percent, Decimal | str | int) or isinstance(percent, bool):
        raise refused
    try:
        exact = Decimal(percent)
        rounded = exact.quantize(Decimal("0.0001"))
    except InvalidOperation as error:
        raise refused from error
    if not exact.is_finite() or not 0 <= exact <= 100 or rounded != exact:
        raise refused
    return rounded


def _checked_excludes(excludes: Sequence[str]) -> list[str]:
    if isinstance(excludes, str) or not set(excludes) <= set(EXCLUDABLE):
        raise DomainError(f"The base can leave out {', '.join(EXCLUDABLE)}.", code="invalid_choice", field="excludes")
    return [part for part in EXCLUDABLE if part in excludes]


def _check_amounts(details: Details) -> None:
    for name in _AMOUNTS:
        value = getattr(details, name)
        if value is not None:
            inputs.whole(value, name)
    if details.first_orders is not None:
        inputs.whole(details.first_orders, "first_orders", least=1)
    if details.first_months is not None:
        inputs.whole(details.first_months, "first_months", least=1, most=_MOST_MONTHS)


def _check_range(low: int | None, high: int | None, field: str, name: str, other: str) -> None:
    if low is not None and high is not None and high < low:
        raise DomainError(f"Let {name} be at least {other}.", code="range_backwards", field=field)


def _check_kind(kind: str, details: Details) -> None:
    """What leads, clicks and recruits have not got, and what a fixed amount is already."""
    if details.event == "recruit":
        _check_recruit(kind, details)
    elif details.event != "sale":
        if kind != RewardKind.FIXED or any(tier.percent is not None for tier in details.tiers):
            raise DomainError(
                f"A {details.event} has no amount to take a percentage of: set a fixed amount.",
                code="rule_not_for_event",
                field="kind",
            )
        for name in _FOR_SALES if details.event == "lead" else (*_FOR_SALES, *_FOR_CUSTOMERS):
            if getattr(details, name) != getattr(Details(), name):
                raise DomainError(
                    f"A {details.event} has no {_SAID.get(name, name.replace('_', ' '))}: leave it out.",
                    code="rule_not_for_event",
                    field=name,
                )
    if kind == RewardKind.FIXED and (details.minimum is not None or details.maximum is not None):
        field = "minimum" if details.minimum is not None else "maximum"
        raise DomainError(
            "Minimum and maximum are for percentages: a fixed amount is both already.", code="terms_mixed", field=field
        )


def _check_recruit(kind: str, details: Details) -> None:
    if kind != RewardKind.PERCENTAGE:
        raise DomainError(
            "Recruiters earn a percentage of what their recruits earn: give a percentage.",
            code="rule_not_for_event",
            field="kind",
        )
    for name, default in structs.asdict(Details(event="recruit")).items():
        if name not in _FOR_RECRUITS and getattr(details, name) != default:
            raise _not_for_recruiters(name)


_FOR_RECRUITS = ("name", "event", "deeper", "first_months", "maximum")


def _not_for_recruiters(field: str) -> DomainError:
    return DomainError(
        "A rule for recruiters has a percentage for each level, a number of months and a maximum: leave this out.",
        code="rule_not_for_event",
        field=field,
    )


def _check_levels(percent: Decimal | None, details: Details) -> None:
    """All levels of one rule are paid for the same commission: together they shall not double what it costs."""
    if not details.deeper:
        return
    if details.event != "recruit":
        raise DomainError("Levels are for rules that pay recruiters.", code="rule_not_for_event", field="deeper")
    if details.levels > _MOST_LEVELS:
        raise DomainError(f"Keep to {_MOST_LEVELS} levels.", code="too_many", field="deeper")
    rates = [checked_percent(rate, f"deeper[{at}]") for at, rate in enumerate(details.deeper)]
    together = sum(rates, percent or Decimal(0))
    if together > 100:
        raise DomainError(
            f"The levels come to {percentage(together)} of what a recruit earns together: keep to 100%.",
            code="levels_too_much",
            field="deeper",
        )


_FOR_SALES = (
    "product_keys", "categories", "customer", "order_from", "order_to", "first_orders", "per_line", "minimum",
    "maximum", "cap_order",
)  # fmt: skip
_FOR_CUSTOMERS = ("first_months", "cap_customer", "coupons", "metadata")
_SAID = {"per_line": "lines", "customer": "orders before it", "first_orders": "orders", "product_keys": "lines"}


def _check_tiers(details: Details) -> None:
    if len(details.tiers) > MOST_TIERS:
        raise DomainError(f"Keep to {MOST_TIERS} tiers.", code="too_many", field="tiers")
    for at, tier in enumerate(details.tiers):
        inputs.whole(tier.start, f"tiers[{at}].start", least=1)
        if (tier.percent is None) == (tier.amount is None):
            raise DomainError("Give each tier a percentage or an amount.", code="tier_rate", field=f"tiers[{at}]")
        if tier.percent is not None:
            checked_percent(tier.percent, f"tiers[{at}].percent")
        else:
            inputs.whole(tier.amount, f"tiers[{at}].amount")
    for at, (before, after) in enumerate(pairwise(details.tiers), 1):
        if after.start <= before.start:
            raise DomainError(
                "Let every tier start later than the one before it.", code="tiers_overlap", field=f"tiers[{at}].start"
            )


def _check_most(amount: int | None, currency: str, details: Details) -> None:
    """A rule for orders from some size on pays at most the smallest of them; one up to some size, the largest."""
    if details.event != "sale":
        return
    paid = [("amount", amount), ("minimum", details.minimum)]
    paid += [(f"tiers[{at}].amount", tier.amount) for at, tier in enumerate(details.tiers)]
    for field, value in paid:
        if value is None:
            continue
        for size, said in ((details.order_from, "smallest"), (details.order_to, "largest")):
            if size is not None and value > size:
                raise DomainError(
                    f"{display(value, currency)} is more than the {said} order it is for, {display(size, currency)}:"
                    " set a lower amount or other order sizes.",
                    code="more_than_order",
                    field=field,
                )


def tiers_of(tiers: Sequence[tuple[int, Decimal | None, int | None]]) -> tuple[Tier, ...]:
    """Tiers from plain values, as forms have them."""
    return tuple(Tier(start, percent, amount) for start, percent, amount in tiers)
