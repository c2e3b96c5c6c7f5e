"""Deleting a customer (SPEC C1): the person goes, the books stay.

Nothing is deleted from the ledger, so orders and commissions remain as rows about nobody: what could tell who it was,
notes and metadata, goes with the customer's own data. They belong to no partner any longer: no portal lists them.
"""

from django.db import transaction

from affiliates import belonging
from customers.models import Customer
from customers.records import erase_customer
from merchants.audit import Actor


def delete_customer(customer: Customer, *, actor: Actor) -> None:
    """Erase the customer and what their orders and leads say about them. Again is nothing new."""
    with transaction.atomic():
        erase_customer(customer, actor=actor)
        customer.orders.exclude(notes="", metadata={}).update(notes="", metadata={})
        belonging.forget(customer)
        customer.leads.exclude(metadata={}).update(metadata={})
