"""The command palette: partners, customers, orders and pages by what they are called."""

from django.http import HttpResponseBase

from affiliates import search as partner_search
from backoffice.door import StaffRequest, page, staff_page
from backoffice.shell import shell
from customers import search as customer_search
from customers.models import CustomerStatus
from merchants.roles import Permission
from orders import search as order_search

_EACH = 5
#: Fewer letters find everybody.
_LEAST = 2


@staff_page(Permission.VIEW)
def search(request: StaffRequest) -> HttpResponseBase:
    """What the text finds, a few of each kind; for htmx the list alone."""
    text = request.GET.get("q", "").strip()[:100]
    found = _found(request, text) if len(text) >= _LEAST else {}
    return page(request, "backoffice/search.html", {"q": text, "partials": {"found"}, **found})


def _found(request: StaffRequest, text: str) -> dict[str, object]:
    merchant = request.merchant
    navigation = shell(request)["navigation"]
    customers = merchant.customers.exclude(status=CustomerStatus.ERASED)
    return {
        "found_pages": [
            item for _, items in navigation for item in items if text.lower() in str(item["label"]).lower()
        ],
        "partners": merchant.partners.filter(partner_search.found_by(text)).order_by("name")[:_EACH],
        "customers": customers.filter(customer_search.found_by(text)).order_by("-id")[:_EACH],
        "orders": merchant.orders.filter(order_search.called(text))[:_EACH],
    }
