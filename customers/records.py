"""A merchant's customers: made and edited. What reaches the person behind them is `customers.identity`'s to say."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F

from customers import search
from customers.identity import contact_taken, contact_values, find_or_make, follow_or_own, inherited_fields
from customers.models import INHERITABLE, Customer, CustomerStatus, Identity
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.constraints import refusals
from merchants.edits import edit, lock, shown
from merchants.errors import Conflict, DomainError, NotFound

_KEYS = ("external_id", "email", "phone")
_OWN = ("external_id", "status", "notes", "tags", "metadata")
EDITABLE = (*INHERITABLE, *_OWN)

#: What the unique constraints mean.
_REFUSALS: dict[str, DomainError] = {
    "customer_email_once": contact_taken("email"),
    "customer_phone_once": contact_taken("phone"),
    "customer_external_id_once": Conflict(
        "Another customer has this external id.", code="external_id_taken", field="external_id"
    ),
}


def create_customer(
    *,
    external_id: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    name: str = "",
    birthday: date | None = None,
    language: str = "",
    status: str = CustomerStatus.ACTIVE,
    notes: str = "",
    tags: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
    actor: Actor,
) -> Customer:
    """A customer of the running tenant, with the identity behind the e-mail or phone found or made.

    Conflict `contact_taken` (SPEC C3) or `external_id_taken`; DomainError `contact_needed` without any of external
    id, e-mail and phone.
    """
    contact = contact_values({"email": email, "phone": phone, "name": name, "birthday": birthday, "language": language})
    own = _own_values(
        {"external_id": external_id, "status": status, "notes": notes, "tags": tags, "metadata": metadata or {}}
    )
    _check_reachable(contact | own)
    with refusals(_REFUSALS):
        identity_id, is_shared = find_or_make(contact)
        customer = Customer.objects.create(
            merchant_id=tenancy.current(),
            identity_id=identity_id,
            inherited=inherited_fields(is_shared, [field for field, value in contact.items() if value]),
            **contact,
            **own,
        )
        after = {field: shown(value) for field, value in (contact | own).items() if value}
        record(actor, "customer.create", "customer", customer.id, after=after)
        search.edited(customer)
    return customer


def update_customer(customer: Customer, *, changes: Mapping[str, Any], actor: Actor) -> Customer:
    """Change what EDITABLE names; a language that is set stays as it is.

    Conflict and DomainError as for `create_customer`; NotFound for one that was erased.
    """
    inputs.known_fields(changes, EDITABLE)
    values = contact_values(changes) | _own_values(changes)
    with refusals(_REFUSALS):
        identity = _lock(customer)
        if customer.status == CustomerStatus.ERASED:
            raise NotFound("This customer was deleted.")
        if customer.language:
            values.pop("language", None)
        _check_reachable({key: getattr(customer, key) for key in _KEYS} | values)
        contact = {f: v for f, v in values.items() if f in INHERITABLE and v != getattr(customer, f)}
        if identity is not None:
            values["inherited"] = follow_or_own(customer, identity, contact)
        elif contact:
            values |= _give_identity(customer, contact)
        if edit(customer, values, verb="customer.update", actor=actor):
            search.edited(customer)
    return customer


def erase_customer(customer: Customer, *, actor: Actor) -> bool:
    """Forget who the customer is, for good; False when that was done before.

    The row stays, empty: orders and commissions in the books point at it. The identity loses a holder, and goes with
    its last one unless the person has claimed it.
    """
    with transaction.atomic():
        identity = _lock(customer)
        if customer.status == CustomerStatus.ERASED:
            return False
        for field, value in _FORGOTTEN.items():
            setattr(customer, field, value)
        customer.save()
        if identity is not None and identity.holders <= 1 and identity.claimed_at is None:
            identity.delete()
        elif identity is not None:
            Identity.objects.filter(id=identity.id).update(holders=F("holders") - 1)
        customer.provider_keys.all().delete()
        # What was erased must not stand in the log of the erasing.
        record(actor, "customer.erase", "customer", customer.id)
        search.edited(customer)
    return True


_FORGOTTEN: dict[str, Any] = {
    "status": CustomerStatus.ERASED, "identity": None, "external_id": None, "email": None, "phone": None, "name": "",
    "birthday": None, "language": "", "inherited": [], "notes": "", "tags": [], "metadata": {},
}  # fmt: skip


def _lock(customer: Customer) -> Identity | None:
    """Lock the identity, then the record: the order that everyone keeps, so that nobody waits in a circle."""
    identity_id = Customer.objects.values_list("identity_id", flat=True).get(id=customer.id)
    identity = None
    if identity_id is not None:
        identity = Identity.objects.select_for_update(no_key=True).get(id=identity_id)
    lock(customer)
    return identity


def _give_identity(customer: Customer, contact: Mapping[str, Any]) -> dict[str, Any]:
    """For a record that had only keys until now: the person behind the contact it was given."""
    values = {field: getattr(customer, field) for field in INHERITABLE} | dict(contact)
    identity_id, is_shared = find_or_make(values)
    typed = [field for field, value in values.items() if value]
    return {"identity_id": identity_id, "inherited": inherited_fields(is_shared, typed)}


def _own_values(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {field: _CHECKS[field](changes[field]) for field in _OWN if field in changes}


def _check_reachable(values: Mapping[str, Any]) -> None:
    if not any(values.get(key) for key in _KEYS):
        raise DomainError("Give an e-mail, a phone number or an external id.", code="contact_needed", field="email")


def _status(value: object) -> str:
    settable = [status.value for status in CustomerStatus if status != CustomerStatus.ERASED]
    if value not in settable:
        raise DomainError(f"The status is one of {', '.join(settable)}.", code="invalid_choice", field="status")
    return str(value)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "external_id": lambda value: inputs.line(value or "", "external_id") or None,
    "status": _status,
    "notes": lambda value: inputs.paragraph(value, "notes"),
    "tags": inputs.tags,
    "metadata": inputs.metadata,
}
