"""What payment providers call a customer (SPEC C14), by hand; a sale that names one adds it by itself."""

import re
from uuid import UUID

from django.db import transaction

from customers.models import Customer, CustomerStatus, ProviderKey
from merchants import inputs
from merchants.audit import Actor, record
from merchants.constraints import refusals
from merchants.edits import lock
from merchants.errors import Conflict, DomainError, NotFound

_PROVIDER = re.compile(r"[a-z0-9_]{1,20}", re.ASCII)
#: Nobody has more; a list of thousands would be somebody's mistake.
_MOST = 50

_TAKEN = Conflict(
    "Another customer has this key of this provider: remove it there first.", code="provider_key_taken", field="key"
)


def add_provider_key(customer: Customer, *, provider: str, key: str, actor: Actor) -> ProviderKey:
    """The customer is found by this key from now on; one that is there already is returned.

    Conflict `provider_key_taken` when another customer has it; DomainError `too_many` from the 51st on; NotFound for a
    customer who was deleted.
    """
    provider = inputs.line(provider, "provider", required=True).lower()
    key = inputs.line(key, "key", required=True)
    if not _PROVIDER.fullmatch(provider):
        raise DomainError(
            "Name the provider with up to 20 letters, digits and _, such as stripe.",
            code="provider_invalid",
            field="provider",
        )
    with refusals({"provider_key_once": _TAKEN}):
        lock(customer)
        if customer.status == CustomerStatus.ERASED:
            raise NotFound("This customer was deleted.")
        there = customer.provider_keys.filter(provider=provider, key=key).first()
        if there is not None:
            return there
        if customer.provider_keys.count() >= _MOST:
            raise DomainError(f"A customer has at most {_MOST} of them: remove one.", code="too_many", field="key")
        made = customer.provider_keys.create(merchant_id=customer.merchant_id, provider=provider, key=key)
        after = {"provider": provider, "key": key}
        record(actor, "customer.add_key", "customer", customer.id, after=after)
    return made


def remove_provider_key(customer: Customer, key_id: UUID, *, actor: Actor) -> None:
    """The customer is found by it no more. ProviderKey.DoesNotExist when it is none of theirs."""
    with transaction.atomic():
        lock(customer)
        gone = customer.provider_keys.get(id=key_id)
        before = {"provider": gone.provider, "key": gone.key}
        gone.delete()
        record(actor, "customer.remove_key", "customer", customer.id, before=before)
