"""The command palette: partners, customers, orders and pages by what they are called."""

from django.db.models import Q
from django.http import HttpResponseBase

from backoffice.door import StaffRequest, page, staff_page
from merchants.roles import Permission

_EACH = 5


@staff_page(Permission.VIEW)
def search(request: StaffRequest) -> HttpResponseBase:
    """What the text finds, a few of each kind; for htmx the list alone."""
    text = request.GET.get("q", "").strip()[:100]
    found = _found(request, text) if text else {}
    return page(request, "backoffice/search.html", {"q": text, "partials": {"found"}, **found})


def _found(request: StaffRequest, text: str) -> dict[str, object]:
    merchant = request.merchant
    return {
        "partners": merchant.partners.filter(Q(name__icontains=text) | Q(email__istartswith=text))[:_EACH],
        "customers": merchant.customers.filter(Q(email=text.lower()) | Q(external_id=text))[:_EACH],
        "orders": merchant.orders.filter(external_id=text)[:_EACH],
    }
