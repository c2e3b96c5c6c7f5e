"""The keyboard's shortcuts: which there are. The keys themselves are in `static/js/app.js`, beside what they do."""

from django.http import HttpResponseBase

from backoffice.door import StaffRequest, page, staff_page
from merchants.roles import Permission

_SHORTCUTS = (
    (
        "Anywhere",
        (
            (("Ctrl", "K"), "Search partners, customers, orders and pages"),
            (("?",), "Show these shortcuts"),
            (("Esc",), "Close what is open"),
        ),
    ),
    (
        "On a list",
        (
            (("/",), "Search in the list"),
            (("N",), "Add something new"),
            (("J",), "Next row"),
            (("K",), "Row before"),
            (("Enter",), "Open the row"),
            (("X",), "Select the row"),
        ),
    ),
    ("In a form", ((("Ctrl", "S"), "Save"),)),
)


@staff_page(Permission.VIEW)
def shortcuts(request: StaffRequest) -> HttpResponseBase:
    """All of them; the sections that G leads to are those of the sidebar, each with its letter."""
    return page(request, "backoffice/shortcuts.html", {"shortcuts": _SHORTCUTS, "partials": {"ask"}})
