"""Finding customers by the starts of the words of their name and e-mail, by external id and phone.

The words are kept by the worker of the rollups, seconds after a sale has brought a customer, and are recomputed from
the customer whenever something touches them, so they cannot drift; `verify` compares. Who is edited or erased gets
their words in the same transaction, and a mark besides: a worker that read the customer before writes old words after,
and the mark, which it has not seen, has them written anew. A whole e-mail, external id or phone is looked up in the
customers themselves, so it finds whom a sale made a moment ago.
"""

# ruff: noqa: S608 - what is put together are constants; what was typed is a parameter.

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from customers.models import Customer, CustomerStatus, CustomerWord
from merchants.contact import normal_email, normal_phone
from merchants.errors import DomainError
from merchants.tenancy import current
from merchants.words import Among, Index, words_of
from stats.marks import mark_customers

WORDS = Index(CustomerWord, "customer_id")

_PIECE = 5_000
_SHOWN = ("name", "email", "external_id", "phone")


def found_by(text: str) -> Among:
    """The condition that a customer is found by `text`: see `merchants.words.Index.starting`."""
    keys = {"external_id": text.strip(), "email": _normal(normal_email, text), "phone": _normal(normal_phone, text)}
    exactly = [
        (f"SELECT id FROM customers_customer WHERE merchant_id = %s AND {column} = %s", (current(), value))
        for column, value in keys.items()
        if value
    ]
    return WORDS.starting(text, or_ids=exactly)


def _normal(form: Callable[[str], str], text: str) -> str | None:
    try:
        return form(text.strip())
    except DomainError:
        return None


def refresh(customer_ids: Sequence[UUID]) -> None:
    """Recompute the words of these customers of the running tenant."""
    WORDS.replace(_fresh(customer_ids))


def edited(customer: Customer) -> None:
    """A customer was made, edited or erased: their words, now, and after whoever is recomputing them."""
    refresh([customer.id])
    mark_customers([customer.id])


def differing(among: Sequence[UUID] = ()) -> Iterator[UUID]:
    """Customers whose words are not those that their record makes; of all of the running tenant, or these."""
    for piece in [among] if among else _pieces():
        fresh, standing = _fresh(piece), WORDS.standing(piece)
        yield from (customer_id for customer_id in piece if fresh[customer_id] != standing[customer_id])


def _pieces() -> Iterator[Sequence[UUID]]:
    last = UUID(int=0)
    while piece := list(Customer.objects.filter(id__gt=last).order_by("id").values_list("id", flat=True)[:_PIECE]):
        yield piece
        last = piece[-1]


def _fresh(customer_ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    rows = Customer.objects.filter(id__in=customer_ids).exclude(status=CustomerStatus.ERASED)
    found: dict[UUID, set[str]] = {customer_id: set() for customer_id in customer_ids}
    for customer_id, name, email, external_id, phone in rows.values_list("id", *_SHOWN):
        found[customer_id] = words_of([name], emails=[email], keys=[external_id, phone])
    return found
