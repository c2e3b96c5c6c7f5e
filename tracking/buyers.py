"""Finding the customer of a sale, or planning a new one (SPEC C2, C3), for a whole batch at once.

External id first, then e-mail, then phone. What the sale tells and the record lacks is filled in; nothing that is
there is overwritten, and a contact that already belongs to another customer stays with that one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from customers.identity import inherited_fields
from merchants.ids import new_id
from tracking.events import SaleCustomer
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
        for row in known.customers:
            self._index(Buyer(row, is_first_order=not row.has_ordered))
        for identity in known.identities:
            self._index_identity(identity)

    def find_or_plan(self, told: SaleCustomer) -> Buyer:
        """The one customer that `told` means, planned when there is none."""
        for key in _KEYS:
            value = getattr(told, key)
            found = self._by_key.get((key, value)) if value else None
            if found is not None:
                self._complete(found, told)
                return found
        return self._plan_new(told)

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
