"""The person behind customer records, and the rule that keeps merchants from reading each other (SPEC C2, C3).

* A record keeps its own values; the identity's are never copied into a new one, whoever wrote them.
* `Customer.inherited` names the fields that follow the identity. The first record of a person follows in all. A
  record of somebody whom another record already holds follows only in what was not typed for it.
* A merchant's edit of an inherited field writes through to the identity while this is the only record of an
  unclaimed identity; otherwise the field becomes the record's own.
* The person's own edit claims the identity and reaches every record in the fields that follow.
* A language that is set is not overwritten, on neither level.
* An identity is found by e-mail, then by phone. A contact that another identity has stays with that one, and the
  record has it as its own.

Locks are always taken identity first, then customer. The bulk ingest follows the same rule, set-based; the pure
functions here are shared with it.
"""

import re
import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from customers import search
from customers.models import INHERITABLE, Customer, Identity
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.constraints import refusals, violated
from merchants.contact import normal_email, normal_phone
from merchants.edits import lock, shown
from merchants.errors import Conflict, DomainError

__all__ = [
    "CONTACT_TAKEN",
    "contact_values",
    "edit_by_person",
    "find_or_make",
    "follow_or_own",
    "inherited_fields",
    "normal_email",
    "normal_phone",
]

#: The exact words of SPEC C3, in forms and in the API.
CONTACT_TAKEN = "Phone or email is already used"

_CONTACTS = ("email", "phone")
_OLDEST = date(1900, 1, 1)
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?", re.ASCII)

_MAKE = """
INSERT INTO customers_identity (id, email, phone, name, birthday, language, holders)
VALUES (%(id)s, %(email)s, %(phone)s, %(name)s, %(birthday)s, %(language)s, 1)
ON CONFLICT DO NOTHING
"""
_JOIN = """
UPDATE customers_identity SET holders = holders + 1 WHERE id = (
    SELECT id FROM customers_identity WHERE email = %(email)s OR phone = %(phone)s
     ORDER BY (email = %(email)s) DESC NULLS LAST LIMIT 1)
RETURNING id
"""


def contact_values(typed: Mapping[str, Any]) -> dict[str, Any]:
    """The INHERITABLE fields among `typed`, checked and in their stored form; absent fields stay absent.

    Empty e-mail, phone and birthday are None, empty name and language "". DomainError names the field.
    """
    return {field: _CHECKS[field](typed[field]) for field in INHERITABLE if field in typed}


def inherited_fields(identity_is_shared: bool, typed: Collection[str]) -> list[str]:
    """Which fields of a new record follow its identity, given which were typed for it."""
    return [field for field in INHERITABLE if not (identity_is_shared and field in typed)]


def contact_taken(field: str) -> Conflict:
    """Another customer of this merchant has the e-mail or phone."""
    return Conflict(CONTACT_TAKEN, code="contact_taken", field=field)


def find_or_make(values: Mapping[str, Any]) -> tuple[uuid.UUID | None, bool]:
    """The identity with this e-mail or phone and whether another record holds it too; (None, False) without either.

    `values` are `contact_values`. Counts the coming record as a holder. The insert settles races: of two
    processes one makes the identity, the other waits for it and joins.
    """
    if not (values.get("email") or values.get("phone")):
        return None, False
    blank: dict[str, Any] = {"email": None, "phone": None, "name": "", "birthday": None, "language": ""}
    fresh = blank | {field: values[field] for field in INHERITABLE if field in values} | {"id": Identity().id}
    with connection.cursor() as cursor:
        cursor.execute(_MAKE, fresh)
        if cursor.rowcount:
            return fresh["id"], False
        cursor.execute(_JOIN, fresh)
        joined = cursor.fetchone()
    if joined is None:
        raise tenancy.Contended("the identity was given another contact at the same moment")
    return joined[0], True


def follow_or_own(customer: Customer, identity: Identity, changes: Mapping[str, Any]) -> list[str]:
    """Carry a merchant's `changes` of contact fields to the identity where the rule lets it; both rows are locked.

    Returns what the record inherits from now on.
    """
    writes_through = identity.claimed_at is None and identity.holders == 1
    own = {
        field
        for field, value in changes.items()
        if field in customer.inherited and not (writes_through and _write(identity, field, value))
    }
    return [field for field in customer.inherited if field not in own]


def _write(identity: Identity, field: str, value: Any) -> bool:
    """Set one field of the identity. False when it is a contact of somebody else, or a language that is set."""
    if field == "language" and identity.language:
        return False
    try:
        with transaction.atomic():
            setattr(identity, field, value)
            identity.save(update_fields=[field])
    except IntegrityError as error:
        if violated(error) not in _TAKEN:
            raise
        identity.refresh_from_db(fields=[field])
        return False
    return True


_TAKEN = {"customers_identity_email_key": "email", "customers_identity_phone_key": "phone"}


def edit_by_person(identity: Identity, *, changes: Mapping[str, Any]) -> Identity:
    """The person's own edit: claims the identity and reaches every record that inherits. Call it outside any tenant.

    Conflict `contact_taken` when another person has the e-mail or phone. At a merchant where another customer has
    it, the record keeps its old contact as its own.
    """
    inputs.known_fields(changes, INHERITABLE)
    values = contact_values(changes)
    with refusals({constraint: contact_taken(field) for constraint, field in _TAKEN.items()}):
        lock(identity)
        if identity.language:
            values.pop("language", None)
        identity.claimed_at = identity.claimed_at or timezone.now()
        for field, value in values.items():
            setattr(identity, field, value)
        identity.save(update_fields=[*values, "claimed_at"])
        for merchant_id in tenancy.every_merchant("a person's edit reaches the records that inherit"):
            with tenancy.tenant(merchant_id):
                _reach_records(identity, values)
    return identity


def _reach_records(identity: Identity, values: Mapping[str, Any]) -> None:
    for customer in Customer.objects.select_for_update(no_key=True).filter(identity=identity):
        for field, value in values.items():
            if field in customer.inherited and not (field == "language" and customer.language):
                _reach(customer, field, value)
        search.edited(customer)


def _reach(customer: Customer, field: str, value: Any) -> None:
    before = getattr(customer, field)
    if before == value:
        return
    actor = Actor(kind="customer", name="the customer", id=customer.id)
    try:
        with transaction.atomic():
            setattr(customer, field, value)
            customer.save(update_fields=[field])
    except IntegrityError:
        if field not in _CONTACTS:
            raise
        customer.refresh_from_db(fields=[field])
        customer.inherited = [name for name in customer.inherited if name != field]
        customer.save(update_fields=["inherited"])
        return
    record(
        actor,
        "customer.follow",
        "customer",
        customer.id,
        before={field: shown(before)},
        after={field: shown(value)},
    )


def _email(value: object) -> str | None:
    text = inputs.line(value or "", "email", longest=320)
    return normal_email(text) if text else None


def _phone(value: object) -> str | None:
    text = inputs.line(value or "", "phone", longest=100)
    return normal_phone(text) if text else None


def _birthday(value: object) -> date | None:
    if value is None:
        return None
    tomorrow = timezone.now().date() + timedelta(days=1)
    if type(value) is not date or not _OLDEST <= value <= tomorrow:
        raise DomainError("Give the birthday as a date in the past.", code="birthday_invalid", field="birthday")
    return value


def _language(value: object) -> str:
    typed = inputs.line(value or "", "language", longest=12)
    if not typed:
        return ""
    match = _LANGUAGE.fullmatch(typed.lower().replace("_", "-"))
    if match is None:
        raise DomainError(
            "Give the language as a BCP 47 tag, such as en or pt-BR.", code="language_invalid", field="language"
        )
    language, script, region = match.groups()
    return "-".join(filter(None, [language, script and script.title(), region and region.upper()]))


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "email": _email,
    "phone": _phone,
    "name": lambda value: inputs.line(value or "", "name"),
    "birthday": _birthday,
    "language": _language,
}
