"""How much a partner reads of a customer: what the merchant allows, and never an e-mail or a phone number."""

from commissions.models import Commission
from customers.models import Customer, CustomerStatus
from merchants.models import CustomersShown, Merchant
from orders.models import Order


def customer_shown(customer: Customer | None, merchant: Merchant) -> str:
    """`Eva Janssen`, `E. J.`, or `Customer 7F3A`, which says only that two orders came from one customer.

    Of one who was deleted nothing is said.
    """
    if customer is None:
        return ""
    if customer.status == CustomerStatus.ERASED:
        return "Deleted customer"
    name = customer.name.strip()
    if name and merchant.portal_customers == CustomersShown.NAME:
        return name
    if name and merchant.portal_customers == CustomersShown.INITIALS:
        return " ".join(f"{word[0].upper()}." for word in name.split()[:3])
    return f"Customer {customer.id.hex[-4:].upper()}"


def called(commission: Commission) -> str:
    """What the partner calls a commission. Of what a recruit sold they read that it was, and nothing of the order."""
    if commission.level:
        what = "sale" if commission.order_id else commission.called[:1].lower() + commission.called[1:]
        return f"A recruit's {what}" if commission.level == 1 else f"Level {commission.level}: {what}"
    return order_shown(commission) or commission.called


def order_of(commission: Commission) -> Order | None:
    """The order that the partner may look at: the one that is theirs."""
    return None if commission.level else commission.order


def order_shown(commission: Commission) -> str:
    """What the partner calls a commission's order: its id, unless its customer was deleted, and the order with them.

    What was earned stays theirs, so its row stays; empty for a commission without an order of theirs.
    """
    if commission.order is None or commission.level:
        return ""
    is_gone = commission.customer is not None and commission.customer.status == CustomerStatus.ERASED
    return "Deleted" if is_gone else commission.order.external_id
