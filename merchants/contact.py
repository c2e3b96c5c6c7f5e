"""E-mail addresses and phone numbers in the one form in which they are stored and compared.

`normal_email` runs once for each row of a bulk import, so the common form is settled by one regular expression
and only the rest goes through IDNA and Django's validator.
"""

import re

import idna
import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from merchants.errors import DomainError

#: A strict part of what Django's EmailValidator accepts.
_COMMON_EMAIL = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.ASCII
)
_LONGEST_EMAIL = 254


def normal_email(text: str, *, field: str = "email") -> str:
    """The address in lower case with its domain as IDNA; DomainError `email_invalid` when it is none."""
    address = text.strip().lower()
    if len(address) <= _LONGEST_EMAIL and _COMMON_EMAIL.fullmatch(address):
        return address
    return _uncommon_email(address, field)


def _uncommon_email(address: str, field: str) -> str:
    refused = DomainError("Write an e-mail address such as eva@example.com.", code="email_invalid", field=field)
    name, _, domain = address.rpartition("@")
    try:
        address = f"{name}@{idna.encode(domain, uts46=True).decode('ascii')}"
        validate_email(address)
    except (ValidationError, UnicodeError) as error:
        raise refused from error
    if len(address) > _LONGEST_EMAIL or not address.isprintable():
        raise refused
    return address


def normal_phone(text: str, *, field: str = "phone") -> str:
    """The number as E.164 (`+4915112345678`); DomainError `phone_invalid` when it is none.

    A number must carry its country: merchants sell across borders, so there is no country to assume.
    """
    typed = text.strip()
    if typed.startswith("00"):
        typed = f"+{typed[2:]}"
    refused = DomainError(
        "Write the phone number with + and the country code, such as +4915112345678.",
        code="phone_invalid",
        field=field,
    )
    try:
        number = phonenumbers.parse(typed)
    except phonenumbers.NumberParseException as error:
        raise refused from error
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise refused
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
