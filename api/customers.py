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
from api.choices import Moment, Text, changes_of, one_of
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from customers import records
from customers.models import Customer, CustomerStatus
from customers.search import found_by
from merchants.roles import Scope

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
        return answered(page(query.of(request.merchant.customers.all()), query, customer_shown))

    @documented(
        "Create a customer",
        body=NewCustomer,
        answer=CustomerAnswer,
        status=201,
        example={"external_id": "c_2", "email": "eva@example.com", "name": "Eva Berg", "language": "sv"},
        refusals=("contact_taken", "contact_needed", "external_id_taken", "email_invalid", "phone_invalid"),
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
        return created(customer_shown(customer), f"/api/v1/customers/{customer.id}")


class CustomerDetail(TenantView):
    """One customer."""

    scope = {"GET": Scope.READ, "PATCH": Scope.WRITE}

    @documented("Get a customer", answer=CustomerAnswer)
    def get(self, request: TenantRequest, customer_id: UUID) -> HttpResponse:
        """One customer by id."""
        return answered(customer_shown(request.merchant.customers.get(id=customer_id)))

    @documented(
        "Update a customer",
        body=CustomerChanges,
        answer=CustomerAnswer,
        example={"name": "Eva Berg", "tags": ["wholesale"]},
        refusals=("contact_taken", "contact_needed", "external_id_taken", "email_invalid", "phone_invalid"),
    )
    def patch(self, request: TenantRequest, customer_id: UUID) -> HttpResponse:
        """Change what you send and leave the rest."""
        customer = request.merchant.customers.get(id=customer_id)
        changes = changes_of(bodies.parse(request.content, CustomerChanges))
        return answered(customer_shown(records.update_customer(customer, changes=changes, actor=request.actor)))


def customer_shown(customer: Customer) -> CustomerAnswer:
    """A customer. Does not query."""
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
        created_at=customer.created_at,
    )
