"""Finding the customer of a sale, or planning a new one (SPEC C2, C3), for a whole batch at once.

External id first, then provider key, then e-mail, then phone. What the sale tells and the record lacks is filled in;
nothing that is there is overwritten, and a contact or key that belongs to another customer stays with that one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from customers.identity import inherited_fields
from merchants.ids import new_id
from tracking.events import ProviderKey, SaleCustomer
from tracking.load import CustomerRow, IdentityRow, Known
from tracking.plan import Plan, Row

_CONTACTS = ("email", "phone")
_KEYS = ("external_id", "email", "phone")


@dataclass(slots=True)
class Buyer:
    """The customer an event is about, as it will be when the plan is written."""

    row: CustomerRow
    is_first_order: bool
    planned: Row | None = None
    """The planned row, while the customer is new or being completed."""

    def belonged_to(self, at: datetime) -> tuple[UUID | None, datetime | None]:
        """Whose customer they were at that moment and since when, by the rule of `affiliates.belonging`."""
        for stretch in self.row.earlier or ():
            if at < stretch.until:
                return stretch.partner_id, stretch.since
        return self.row.partner_id, self.row.since

    def is_free_at(self, at: datetime) -> bool:
        """Whether who wins them at that moment keeps them: they are nobody's, and nobody's past."""
        return self.row.partner_id is None and not any(at < stretch.until for stretch in self.row.earlier or ())

    @property
    def came_at(self) -> datetime | None:
        """When they first came to any partner."""
        if not self.row.earlier:
            return self.row.since
        sinces = [stretch.since for stretch in self.row.earlier]
        return min(sinces if self.row.since is None else [*sinces, self.row.since])

    def emails(self, told: SaleCustomer) -> tuple[str | None, str | None]:
        """The address on record and the one told now, which the record does not take over when it has another."""
        return self.row.email, told.email


class Buyers:
    """The customers of one batch: those that LOAD found and those the batch itself brings."""

    def __init__(self, known: Known, plan: Plan, merchant_id: UUID, now: datetime) -> None:
        self._plan = plan
        self._merchant_id = str(merchant_id)
        self._now = now
        self._by_key: dict[tuple[str, str], Buyer] = {}
        self._identities: dict[tuple[str, str], IdentityRow] = {}
        self._by_provider_key: dict[tuple[str, str], Buyer] = {}
        found = [Buyer(row, is_first_order=not row.has_ordered) for row in known.customers]
        for buyer in found:
            self._index(buyer)
        if known.provider_keys:
            by_id = {buyer.row.id: buyer for buyer in found}
            self._by_provider_key = {(row.provider, row.key): by_id[row.customer_id] for row in known.provider_keys}
        for identity in known.identities:
            self._index_identity(identity)

    def find_or_plan(self, told: SaleCustomer) -> Buyer:
        """The one customer that `told` means, planned when there is none."""
        buyer = self._find(told)
        if buyer is None:
            buyer = self._plan_new(told)
        else:
            self._complete(buyer, told)
        if told.provider_key is not None:
            self._know_by(buyer, told.provider_key)
        return buyer

    def _find(self, told: SaleCustomer) -> Buyer | None:
        found = self._by_key.get(("external_id", told.external_id)) if told.external_id else None
        if found is None and told.provider_key is not None:
            found = self._by_provider_key.get((told.provider_key.provider, told.provider_key.key))
        for contact in _CONTACTS:
            value = getattr(told, contact)
            if found is None and value:
                found = self._by_key.get((contact, value))
        return found

    def _know_by(self, buyer: Buyer, told: ProviderKey) -> None:
        """The buyer is found by this key from now on, unless it is another's: then it stays with that one."""
        if (told.provider, told.key) in self._by_provider_key:
            return
        self._by_provider_key[told.provider, told.key] = buyer
        self._plan.provider_keys.append(
            {
                "merchant_id": self._merchant_id,
                "id": new_id(),
                "customer_id": buyer.row.id,
                "provider": told.provider,
                "key": told.key,
                "created_at": self._now,
            }
        )

    def _index(self, buyer: Buyer) -> None:
        for key in _KEYS:
            value = getattr(buyer.row, key)
            if value:
                self._by_key[key, value] = buyer

    def _index_identity(self, identity: IdentityRow) -> None:
        for contact in _CONTACTS:
            value = getattr(identity, contact)
            if value:
                self._identities[contact, value] = identity

    def _plan_new(self, told: SaleCustomer) -> Buyer:
        identity, is_shared = self._identity(told)
        row = CustomerRow(
            id=new_id(),
            identity_id=identity.id if identity else None,
            external_id=told.external_id or None,
            email=told.email or None,
            phone=told.phone or None,
            name=told.name or "",
            status="active",
            partner_id=None,
            since=None,
            has_ordered=False,
        )
        typed = [name for name in ("email", "phone", "name") if getattr(told, name)]
        planned = {
            "merchant_id": self._merchant_id,
            "id": row.id,
            "identity_id": row.identity_id,
            "external_id": row.external_id,
            "email": row.email,
            "phone": row.phone,
            "name": row.name,
            "birthday": None,
            "language": "",
            "inherited": inherited_fields(identity_is_shared=is_shared, typed=typed),
            "status": "active",
            "notes": "",
            "tags": [],
            "metadata": {},
            "created_at": self._now,
        }
        self._plan.new_customers.append(planned)
        buyer = Buyer(row, is_first_order=True, planned=planned)
        self._index(buyer)
        return buyer

    def _identity(self, told: SaleCustomer) -> tuple[IdentityRow | None, bool]:
        """The person behind a contact and whether others know them too; (None, False) without any contact."""
        for contact in _CONTACTS:
            value = getattr(told, contact)
            known = self._identities.get((contact, value)) if value else None
            if known is not None:
                shared = self._plan.shared_identities
                shared[known.id] = shared.get(known.id, 0) + 1
                return known, True
        if not (told.email or told.phone):
            return None, False
        identity = IdentityRow(id=new_id(), email=told.email or None, phone=told.phone or None)
        self._plan.new_identities.append(
            {"id": identity.id, "email": identity.email, "phone": identity.phone, "name": told.name or "",
             "language": "", "holders": 1}
        )  # fmt: skip
        self._index_identity(identity)
        return identity, False

    def _complete(self, buyer: Buyer, told: SaleCustomer) -> None:
        missing = {
            name: value
            for name in (*_KEYS, "name")
            if (value := getattr(told, name)) and not getattr(buyer.row, name) and (name, value) not in self._by_key
        }
        if not missing:
            return
        for name, value in missing.items():
            setattr(buyer.row, name, value)
        if buyer.row.identity_id is None and ("email" in missing or "phone" in missing):
            identity, _ = self._identity(told)
            buyer.row.identity_id = identity.id if identity else None
        if buyer.planned is None:
            buyer.planned = {"id": buyer.row.id, "own": []}
            self._plan.completed_customers.append(buyer.planned)
        for name in (*_KEYS, "name", "identity_id"):
            buyer.planned[name] = getattr(buyer.row, name)
        self._own(buyer.planned, missing)
        self._index(buyer)

    @staticmethod
    def _own(planned: Row, filled: Collection[str]) -> None:
        """What this merchant's sale told is the merchant's own: the record follows the identity in it no more."""
        if "inherited" in planned:
            planned["inherited"] = [name for name in planned["inherited"] if name not in filled]
        else:
            planned["own"] = [*planned["own"], *filled]

    def belongs_to(self, buyer: Buyer, partner_id: UUID, since: datetime) -> None:
        """Later sales of the same batch see the customer as this partner's."""
        buyer.row.partner_id = partner_id
        buyer.row.since = since
