"""The rules there are: what each is for, what can be set, and how it says what it found (SPEC A18).

Typed, and no language: a rule is a statement of `fraud.checks` with a few numbers or a list. All are off until the
merchant switches them on. A rule decides nothing; it asks a person.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.utils.formats import date_format

from commissions.flags import Doubt
from commissions.models import Severity
from fraud import checks
from merchants.errors import DomainError, NotFound
from merchants.money import display, percentage

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_MOST_LISTED = 300


@dataclass(frozen=True, slots=True)
class Parameter:
    """What can be set about a rule: a whole number, a factor, or a list."""

    label: str
    default: int | Decimal | tuple[str, ...]
    least: int = 1
    most: int = 1_000
    hint: str = ""

    def cleaned(self, name: str, value: object) -> Any:
        """The value as it is kept: JSON. DomainError says what to change."""
        if isinstance(self.default, tuple):
            return self._listed(name, value)
        try:
            number = Decimal(str(value))
            if not number.is_finite() or (isinstance(self.default, int) and number != int(number)):
                raise InvalidOperation
        except InvalidOperation:
            raise DomainError(f"Give {self.label.lower()} as a number.", code="invalid_number", field=name) from None
        if not self.least <= number <= self.most:
            raise DomainError(f"Choose {self.least:,} to {self.most:,}.", code="out_of_range", field=name)
        return int(number) if isinstance(self.default, int) else str(number.normalize())

    def _listed(self, name: str, value: object) -> list[str]:
        words = re.split(r"[\s,]+", value) if isinstance(value, str) else list(value) if isinstance(value, list) else []
        pattern, cased = (_COUNTRY, str.upper) if name == "countries" else (_HOST, str.lower)
        found = list(dict.fromkeys(cased(str(word)) for word in words if word))
        if wrong := [word for word in found if not pattern.fullmatch(word)]:
            raise DomainError(f"“{wrong[0]}” is none: {self.hint}", code="invalid_list", field=name)
        if not found or len(found) > _MOST_LISTED:
            raise DomainError(f"List 1 to {_MOST_LISTED}: {self.hint}", code="invalid_list", field=name)
        return found

    def used(self, kept: object) -> Any:
        """As a statement takes it."""
        value = self.default if kept is None else kept
        return (
            Decimal(str(value))
            if isinstance(self.default, Decimal)
            else list(value)
            if isinstance(value, tuple)
            else value
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of doubt."""

    key: str
    title: str
    about: str
    severity: Severity
    statement: str
    say: Callable[[dict[str, Any]], str]
    """What was found, as a sentence for staff."""
    parameters: Mapping[str, Parameter]

    def cleaned(self, given: Mapping[str, object]) -> dict[str, Any]:
        """Parameters as they are kept; those not given stay as the rule has them."""
        unknown = given.keys() - self.parameters.keys()
        if unknown:
            raise DomainError(f"This rule has no {min(unknown)}.", code="unknown_field", field=min(unknown))
        return {name: self.parameters[name].cleaned(name, value) for name, value in given.items()}

    def doubts(self, ids: Sequence[UUID], kept: Mapping[str, Any], *, zone: str) -> list[Doubt]:
        """What speaks against the commissions `ids` of the running tenant."""
        used = {name: parameter.used(kept.get(name)) for name, parameter in self.parameters.items()}
        found = checks.found(self.statement, ids, used, zone=zone)
        return [Doubt(id, self.key, self.severity, self.say(evidence), evidence) for id, evidence in found]


def _same_person(found: dict[str, Any]) -> str:
    what = {"email": "e-mail", "payment": "means of payment", "device": "device", "address": "network address"}
    same = [word for name, word in what.items() if found.get(name)]
    return f"Buyer and partner have the same {' and '.join(filter(None, [', '.join(same[:-1]), *same[-1:]]))}."


def _number(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _rates(found: dict[str, Any]) -> str:
    before = percentage(round(Decimal(100 * found["orders_before"]) / found["clicks_before"], 1))
    return (
        f"{found['orders']:,} orders came from {found['clicks']:,} clicks in {found['days']} days; before that"
        f" {before} of the partner's clicks led to an order."
    )


_DAYS = Parameter("Days looked at", 90, 7, 365)

RULES: dict[str, Rule] = {
    rule.key: rule
    for rule in (
        Rule(
            "self_referral",
            "Self-referral",
            "The buyer is the partner: same mailbox, same payment_fingerprint or device_id in the sale's metadata, or"
            " the address the partner signs in from.",
            Severity.HIGH,
            checks.SELF_REFERRAL,
            _same_person,
            {},
        ),
        Rule(
            "duplicate_accounts",
            "Duplicate accounts",
            "The partner shares a mailbox or a network address with another partner.",
            Severity.HIGH,
            checks.DUPLICATES,
            lambda found: (
                f"The partner shares {'a mailbox' if found['email'] else 'a network address'} with"
                f" {', '.join(found['partners'])}."
            ),
            {},
        ),
        Rule(
            "velocity",
            "Too fast from one address",
            "Many orders or clicks of one network address within a short time.",
            Severity.MEDIUM,
            checks.VELOCITY,
            lambda found: (
                f"{_number(found['orders'], 'order')} and {_number(found['clicks'], 'click')} came from one network"
                f" address within {_number(found['minutes'], 'minute')}."
            ),
            {
                "orders": Parameter("Orders", 4, 2),
                "clicks": Parameter("Clicks", 40, 5, 100_000),
                "minutes": Parameter("Within minutes", 60, 1, 10_080),
            },
        ),
        Rule(
            "conversion_spike",
            "Conversion spike",
            "Far more of a partner's clicks lead to orders than used to.",
            Severity.MEDIUM,
            checks.SPIKE,
            _rates,
            {
                "factor": Parameter("Times the usual rate", Decimal(4), 2, 100),
                "days": Parameter("Days that are compared", 7, 1, 60),
                "history": Parameter("With the days before", 90, 14, 365),
                "least": Parameter("From so many orders on", 10, 3),
            },
        ),
        Rule(
            "coupon_sites",
            "Coupon sites",
            "The click came from a site that lists coupon codes.",
            Severity.LOW,
            checks.COUPON_SITES,
            lambda found: f"The click came from {found['host']}, which lists coupon codes.",
            {
                "sites": Parameter(
                    "Sites",
                    ("retailmenot.com", "couponfollow.com", "joinhoney.com", "slickdeals.net", "mydealz.de"),
                    hint="host names such as coupons.example, with their subdomains.",
                )
            },
        ),
        Rule(
            "countries",
            "Countries not served",
            "The order, or its click, comes from a country you do not sell to.",
            Severity.LOW,
            checks.COUNTRIES,
            lambda found: f"The order comes from {found['country']}, where you do not sell.",
            {"countries": Parameter("Countries you sell to", (), hint="two letters each, such as DE, AT, CH.")},
        ),
        Rule(
            "terms",
            "Terms not accepted",
            "The partner let the day pass by which a new version of the terms was to be accepted. Publishing terms with"
            " such a day switches this on; a partner who accepts settles what waits.",
            Severity.MEDIUM,
            checks.TERMS,
            lambda found: (
                f"The partner has not accepted version {found['version']} of the terms, which was due by"
                f" {date_format(date.fromisoformat(found['accept_by']), 'F j, Y')}."
            ),
            {},
        ),
        Rule(
            "amount",
            "Unusual amount",
            "The order is many times larger than your orders usually are.",
            Severity.LOW,
            checks.OUTLIER,
            lambda found: (
                f"The order is {display(found['amount'], found['currency'])}, and your orders of the"
                f" {found['days']} days before were {display(int(found['average']), found['currency'])} on average."
            ),
            {
                "factor": Parameter("Times the average", Decimal(10), 2, 1_000),
                "days": _DAYS,
                "least": Parameter("From so many orders on", 30, 5, 100_000),
            },
        ),
    )
}


def rule_of(key: str) -> Rule:
    """NotFound when there is no such rule."""
    if key not in RULES:
        raise NotFound("There is no such rule.")
    return RULES[key]
