"""Customers: made, found and edited."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from msgspec import UNSET, Meta, UnsetType

from api import bodies
from api.base import TenantRequest, TenantView, answered, created
from api.choices import Moment, Text, changes_of, named, one_of
from api.examples import IDS
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from customers import records
from customers.models import Customer, CustomerStatus
from customers.models import ProviderKey as ProviderKeyRow
from customers.provider_keys import add_provider_key, remove_provider_key
from customers.search import found_by
from merchants.roles import Scope
from tracking.events import ProviderKey
from tracking.reattribution import reattribute

_Key = Annotated[str, Meta(max_length=200, description="The customer's id in your own system.", examples=["c_1"])]
_Email = Annotated[str, Meta(max_length=320, examples=["eva@example.com"])]
_Phone = Annotated[str, Meta(max_length=32, description="With country code.", examples=["+46701740605"])]
_Name = Annotated[str, Meta(max_length=200, examples=["Eva Berg"])]
_Language = Annotated[str, Meta(max_length=12, description="BCP 47; once set it stays.", examples=["sv"])]
_Tags = Annotated[list[Annotated[str, Meta(max_length=50)]], Meta(max_length=50)]
_SEARCH = (
    "Words of the name, the e-mail, the external id or the phone, or their starts: in any order, whatever case and"
    " accents; all of them must be there. Finds no more than 1,000 customers. Whom a sale has just brought is found by"
    " a whole e-mail, external id or phone at once, by words within seconds."
)
_Status = Annotated[str, one_of(CustomerStatus, "A blocked customer cannot order or earn.")]


class ProviderKeyAnswer(msgspec.Struct, kw_only=True):
    """What a payment provider calls the customer."""

    id: Annotated[UUID, Meta(examples=[IDS["provider_key"]])]
    provider: Annotated[str, Meta(examples=["stripe"])]
    key: Annotated[str, Meta(examples=["cus_NffrFeUfNV2Hib"])]


class CustomerAnswer(msgspec.Struct, kw_only=True):
    """A customer, as this account knows them."""

    id: UUID
    external_id: _Key | None
    email: _Email | None
    phone: _Phone | None
    name: _Name
    birthday: date | None
    language: _Language
    status: Annotated[str, Meta(examples=["active"])]
    notes: Annotated[str, Meta(description="Internal; the customer never sees them.")]
    tags: list[str]
    metadata: dict[str, Any]
    partner_id: Annotated[UUID | None, Meta(description="Whom the customer belongs to.", examples=[IDS["partner"]])]
    provider_keys: list[ProviderKeyAnswer]
    created_at: Moment


class NewCustomer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A customer to be: at least one of external_id, email and phone."""

    external_id: _Key | None = None
    email: _Email | None = None
    phone: _Phone | None = None
    name: _Name = ""
    birthday: date | None = None
    language: _Language = ""
    status: _Status = "active"
    notes: Text = ""
    tags: _Tags = []
    metadata: dict[str, Any] = {}
    partner_id: Annotated[UUID, Meta(description="Whom the customer belongs to from now on.")] | None = None
    provider_keys: Annotated[list[ProviderKey], Meta(max_length=50)] = []


class CustomerChanges(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change; fields left out stay as they are."""

    external_id: _Key | UnsetType | None = UNSET
    email: _Email | UnsetType | None = UNSET
    phone: _Phone | UnsetType | None = UNSET
    name: _Name | UnsetType = UNSET
    birthday: date | UnsetType | None = UNSET
    language: _Language | UnsetType = UNSET
    status: _Status | UnsetType = UNSET
    notes: Text | UnsetType = UNSET
    tags: _Tags | UnsetType = UNSET
    metadata: Annotated[dict[str, Any], Meta(description="Replaces the whole object.")] | UnsetType = UNSET


class CustomerQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which customers, and which page of them."""

    q: Annotated[str, Meta(max_length=200, description=_SEARCH)] = ""
    external_id: _Key | None = None
    email: _Email | None = None
    phone: Annotated[str, Meta(max_length=32, description="As E.164.")] | None = None
    status: Annotated[str, one_of(CustomerStatus)] | None = None
    partner_id: Annotated[UUID, Meta(description="Customers who belong to this partner.")] | None = None
    created_from: Moment | None = None
    created_before: Moment | None = None

    def of(self, rows: "QuerySet[Customer]") -> "QuerySet[Customer]":
        """`rows` narrowed to what is asked for; who was erased is listed only by that status."""
        if self.status is None:
            rows = rows.exclude(status=CustomerStatus.ERASED)
        if self.q:
            rows = rows.filter(found_by(self.q))
        return filtered(
            rows,
            {
                "external_id": self.external_id,
                "email": self.email and self.email.lower(),
                "phone": self.phone,
                "status": self.status,
                "attribution__partner_id": self.partner_id,
                "created_at__gte": self.created_from,
                "created_at__lt": self.created_before,
            },
        )


class Customers(TenantView):
    """The customers of the account."""

    scope = {"GET": Scope.READ, "POST": Scope.WRITE}

    @documented("List customers", query=CustomerQuery, answer=Page[CustomerAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of customers, newest first."""
        query = parse_query(request, CustomerQuery)
        return answered(page(query.of(_whole(request)), query, customer_shown))

    @documented(
        "Create a customer",
        body=NewCustomer,
        answer=CustomerAnswer,
        status=201,
        example={"external_id": "c_2", "email": "eva@example.com", "name": "Eva Berg", "language": "sv"},
        refusals=(
            "contact_taken",
            "contact_needed",
            "external_id_taken",
            "email_invalid",
            "phone_invalid",
            "provider_key_taken",
            "partner_not_approved",
            "self_referral",
        ),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Make a customer. You rarely need to: a sale makes its customer by itself."""
        body = bodies.parse(request.content, NewCustomer)
        customer = records.create_customer(
            external_id=body.external_id,
            email=body.email,
            phone=body.phone,
            name=body.name,
            birthday=body.birthday,
            language=body.language,
            status=body.status,
            notes=body.notes,
            tags=body.tags,
            metadata=body.metadata,
            actor=request.actor,
        )
        for named_key in body.provider_keys:
            add_provider_key(customer, provider=named_key.provider, key=named_key.key, actor=request.actor)
        if body.partner_id is not None:
            partner = named(request.merchant.partners.all(), body.partner_id, "partner_id")
            reattribute(customer, partner=partner, reason="Created with a partner", actor=request.actor)
        return created(customer_shown(_whole(request).get(id=customer.id)), f"/api/v1/customers/{customer.id}")


class CustomerDetail(TenantView):
    """One customer."""

    scope = {"GET": Scope.READ, "PATCH": Scope.WRITE}

    @documented("Get a customer", answer=CustomerAnswer)
    def get(self, request: TenantRequest, customer_id: UUID) -> HttpResponse:
        """One customer by id."""
        return answered(customer_shown(_whole(request).get(id=customer_id)))

    @documented(
        "Update a customer",
        body=CustomerChanges,
        answer=CustomerAnswer,
        example={"name": "Eva Berg", "tags": ["wholesale"]},
        refusals=("contact_taken", "contact_needed", "external_id_taken", "email_invalid", "phone_invalid"),
    )
    def patch(self, request: TenantRequest, customer_id: UUID) -> HttpResponse:
        """Change what you send and leave the rest."""
        customer = _whole(request).get(id=customer_id)
        changes = changes_of(bodies.parse(request.content, CustomerChanges))
        return answered(customer_shown(records.update_customer(customer, changes=changes, actor=request.actor)))


class CustomerProviderKeys(TenantView):
    """What payment providers call a customer."""

    scope = {"POST": Scope.WRITE}

    @documented(
        "Add a provider key",
        body=ProviderKey,
        answer=ProviderKeyAnswer,
        status=201,
        example={"provider": "stripe", "key": "cus_NffrFeUfNV2Hib"},
        refusals=("provider_key_taken", "provider_invalid", "too_many"),
    )
    def post(self, request: TenantRequest, customer_id: UUID) -> HttpResponse:
        """Recurring charges that name this key find the customer from now on. One that is there stays as it is."""
        customer = request.merchant.customers.get(id=customer_id)
        body = bodies.parse(request.content, ProviderKey)
        made = add_provider_key(customer, provider=body.provider, key=body.key, actor=request.actor)
        return answered(provider_key_shown(made), 201)


class CustomerProviderKey(TenantView):
    """One of them."""

    scope = {"DELETE": Scope.WRITE}

    @documented("Remove a provider key", answer=CustomerAnswer)
    def delete(self, request: TenantRequest, customer_id: UUID, provider_key_id: UUID) -> HttpResponse:
        """The customer is found by it no more. The answer is the customer as they stand now."""
        remove_provider_key(request.merchant.customers.get(id=customer_id), provider_key_id, actor=request.actor)
        return answered(customer_shown(_whole(request).get(id=customer_id)))


def _whole(request: TenantRequest) -> "QuerySet[Customer]":
    """Customers with all that an answer shows of them."""
    found: QuerySet[Customer] = request.merchant.customers.select_related("attribution")
    return found.prefetch_related("provider_keys")


def provider_key_shown(key: ProviderKeyRow) -> ProviderKeyAnswer:
    """A provider key. Does not query."""
    return ProviderKeyAnswer(id=key.id, provider=key.provider, key=key.key)


def customer_shown(customer: Customer) -> CustomerAnswer:
    """A customer loaded by `_whole`. Does not query."""
    attribution = getattr(customer, "attribution", None)
    return CustomerAnswer(
        id=customer.id,
        external_id=customer.external_id,
        email=customer.email,
        phone=customer.phone,
        name=customer.name,
        birthday=customer.birthday,
        language=customer.language,
        status=customer.status,
        notes=customer.notes,
        tags=customer.tags,
        metadata=customer.metadata,
        partner_id=attribution.partner_id if attribution else None,
        provider_keys=[provider_key_shown(key) for key in customer.provider_keys.all()],
        created_at=customer.created_at,
    )
