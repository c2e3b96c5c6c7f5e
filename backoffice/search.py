"""The command palette: partners, customers, orders and pages by what they are called."""

from django.db.models import Q
from django.http import HttpResponseBase

from backoffice.door import StaffRequest, page, staff_page
from backoffice.shell import shell
from customers.models import CustomerStatus
from merchants.roles import Permission

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
        "partners": merchant.partners.filter(Q(name__icontains=text) | Q(email__istartswith=text)).order_by("name")[
            :_EACH
        ],
        "customers": customers.filter(Q(email=text.lower()) | Q(external_id=text))[:_EACH],
        "orders": merchant.orders.filter(external_id=text)[:_EACH],
    }
