"""What a merchant decides for the whole tenant (SPEC P7, A5, A12)."""

import re
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.db import DataError, connection, transaction

from merchants import inputs
from merchants.audit import Actor
from merchants.contact import normal_email
from merchants.edits import edit, lock
from merchants.errors import DomainError
from merchants.hosts import normal_host
from merchants.models import AttributionModel, CustomersShown, Merchant, SelfReferralPolicy, TouchKind

_COLOR = re.compile(r"#[0-9a-f]{6}", re.ASCII)
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}", re.ASCII)
#: Ten years: longer is a slip of the keyboard.
_MOST_DAYS = 3650


def update_merchant(merchant: Merchant, *, changes: Mapping[str, Any], actor: Actor) -> Merchant:
    """Change settings of the running tenant; what is not in `changes` stays. Returns the merchant.

    `minimum_payout` is in minor units of the merchant's currency, so a change of currency must bring the new
    minimum with it. DomainError names the field.
    """
    inputs.known_fields(changes, _CHECKS)
    values = {name: _CHECKS[name](value) for name, value in changes.items()}
    with transaction.atomic():
        lock(merchant)
        _minimum_follows_currency(merchant, values)
        edit(merchant, values, verb="merchant.update", actor=actor)
    return merchant


def _minimum_follows_currency(merchant: Merchant, values: Mapping[str, Any]) -> None:
    changed = values.get("currency", merchant.currency) != merchant.currency
    if changed and merchant.minimum_payout and "minimum_payout" not in values:
        raise DomainError(
            f"The minimum payout is in {merchant.currency}: send the new minimum_payout with the new currency.",
            code="minimum_payout_needed",
            field="minimum_payout",
        )


def checked_time_zone(value: object) -> str:
    """An IANA time zone that both Python and PostgreSQL know; days are cut in both."""
    unknown = DomainError(
        "Give the time zone by its IANA name, such as Europe/Berlin.", code="unknown_time_zone", field="time_zone"
    )
    if not isinstance(value, str) or value not in _time_zones():
        raise unknown
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT now() AT TIME ZONE %s", [value])
    except DataError as error:
        raise unknown from error
    return value


@lru_cache(maxsize=1)
def _time_zones() -> set[str]:
    return zoneinfo.available_timezones()


def checked_domains(value: object) -> list[str]:
    """Host names, each once, in the order given."""
    domains = [normal_host(domain, field=f"domains[{i}]") for i, domain in enumerate(_texts(value, "domains"))]
    return list(dict.fromkeys(domains))


def _link_parameters(value: object) -> list[str]:
    parameters = _texts(value, "link_parameters")
    for i, parameter in enumerate(parameters):
        if not _PARAMETER.fullmatch(parameter):
            raise DomainError(
                "A link parameter is letters, digits, - and _, such as via.",
                code="invalid_parameter",
                field=f"link_parameters[{i}]",
            )
    return list(dict.fromkeys(parameters))


def _precedence(value: object) -> list[str]:
    kinds = _texts(value, "attribution_precedence")
    if not kinds or len(set(kinds)) != len(kinds) or not set(kinds) <= set(TouchKind.values):
        raise DomainError(
            f"List each of {', '.join(TouchKind.values)} at most once, strongest first.",
            code="invalid_precedence",
            field="attribution_precedence",
        )
    return kinds


def _brand_color(value: object) -> str:
    color = value.strip().lower() if isinstance(value, str) else "?"
    if color and not _COLOR.fullmatch(color):
        raise DomainError(
            "Give the colour as # and six digits, such as #1a7048.", code="color_invalid", field="brand_color"
        )
    return color


def _reply_to(value: object) -> str:
    address = inputs.line(value, "reply_to", longest=320)
    return normal_email(address, field="reply_to") if address else ""


def _contact_email(value: object) -> str:
    address = inputs.line(value, "contact_email", longest=320)
    return normal_email(address, field="contact_email") if address else ""


def _legal_address(value: object) -> str:
    text = inputs.paragraph(value, "legal_address", longest=500)
    lines = [inputs.line(each, "legal_address") for each in text.strip().splitlines()]
    return "\n".join(each for each in lines if each)


def web_address(field: str) -> Callable[[object], str]:
    """A page on the web, or nothing. Only http and https: it becomes a link, and `javascript:` would run there."""

    def check(value: object) -> str:
        address = inputs.line(value, field, longest=500)
        if not address:
            return ""
        try:
            parts = urlsplit(address)
            host = parts.hostname or ""
        except ValueError:
            parts, host = None, ""
        if parts is None or parts.scheme not in ("http", "https") or "." not in host or " " in address:
            raise DomainError(
                "Give the address of a page, such as https://example.com/terms.", code="invalid_url", field=field
            )
        return address

    return check


def _texts(value: object, field: str) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(v, str) for v in value):
        raise DomainError(f"{field} must be a list of texts.", code="invalid_list", field=field)
    if len(value) > inputs.MAX_TAGS:
        raise DomainError(f"Keep to {inputs.MAX_TAGS} {field}.", code="too_many", field=field)
    return list(value)


def _one_of(choices: Sequence[str], field: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise DomainError(f"{field} is one of {', '.join(choices)}.", code="invalid_choice", field=field)
        return value

    return check


def _days(field: str) -> Callable[[object], int]:
    return lambda value: inputs.whole(value, field, most=_MOST_DAYS)


#: Every setting that can be changed, with its check.
_CHECKS: dict[str, Callable[[object], Any]] = {
    "name": lambda value: inputs.line(value, "name", required=True),
    "currency": inputs.currency,
    "time_zone": checked_time_zone,
    "domains": checked_domains,
    "link_parameters": _link_parameters,
    "attribution_model": _one_of(AttributionModel.values, "attribution_model"),
    "attribution_window_days": _days("attribution_window_days"),
    "attribution_precedence": _precedence,
    "self_referral": _one_of(SelfReferralPolicy.values, "self_referral"),
    "hold_days": _days("hold_days"),
    "minimum_payout": lambda value: inputs.whole(value, "minimum_payout"),
    "brand_color": _brand_color,
    "reply_to": _reply_to,
    "legal_name": lambda value: inputs.line(value, "legal_name"),
    "legal_address": _legal_address,
    "tax_id": lambda value: inputs.line(value, "tax_id", longest=64),
    "contact_email": _contact_email,
    "terms_url": web_address("terms_url"),
    "privacy_url": web_address("privacy_url"),
    "portal_customers": _one_of(CustomersShown.values, "portal_customers"),
}
