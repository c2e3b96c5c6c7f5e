"""How much a partner reads of a customer: what the merchant allows, and never an e-mail or a phone number."""

from customers.models import Customer
from merchants.models import CustomersShown, Merchant


def customer_shown(customer: Customer | None, merchant: Merchant) -> str:
    """`Eva Janssen`, `E. J.`, or `Customer 7F3A`, which says only that two orders came from one customer."""
    if customer is None:
        return ""
    name = customer.name.strip()
    if name and merchant.portal_customers == CustomersShown.NAME:
        return name
    if name and merchant.portal_customers == CustomersShown.INITIALS:
        return " ".join(f"{word[0].upper()}." for word in name.split()[:3])
    return f"Customer {customer.id.hex[-4:].upper()}"
