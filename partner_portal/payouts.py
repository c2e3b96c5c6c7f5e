"""What was paid to the partner, and for which commissions (SPEC Q4)."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404

from merchants.money import to_decimal
from pages.exports import Export, each
from pages.listing import Sort, sheet
from partner_portal.asked import Asked
from partner_portal.door import PartnerRequest, page, partner_page
from partner_portal.masking import called, order_of
from payouts.models import Payout


@partner_page
def payouts(request: PartnerRequest) -> HttpResponseBase:
    """The list, newest first."""
    rows = request.partner.payouts.all()
    found = sheet(request, rows, sorts={"date": Sort("created_at", datetime)}, default="-date")
    return page(request, "partner_portal/payouts.html", {"sheet": found, "partials": {"list"}})


@partner_page
def payouts_detail(request: PartnerRequest, payout: UUID) -> HttpResponseBase:
    """One payout with the commissions in it."""
    found = get_object_or_404(request.partner.payouts.all(), id=payout)
    items = found.items.select_related("commission__order", "commission__customer")
    rows = sheet(request, items, sorts={"order": Sort("id", UUID)}, default="-order")
    items_shown = [(item, order_of(item.commission), called(item.commission)) for item in rows.rows]
    context = {
        "payout": found,
        "sheet": rows,
        "items": items_shown,
        "items_sum": found.amount + found.netted,
        "partials": {"list"},
    }
    return page(request, "partner_portal/payout.html", context)


def _rows(asked: Asked) -> "QuerySet[Payout]":
    return asked.partner.payouts.all()


def _cells(payout: Payout) -> list[object]:
    """Amounts are decimal numbers of their currency."""
    amount = to_decimal(payout.amount, payout.currency)
    return [payout.paid_on, amount, payout.currency, payout.method, payout.status, payout.transaction_id]


EXPORT = Export(
    name="payouts",
    title="Payouts",
    header="paid_on amount currency method status transaction_id".split(),
    rows=_rows,
    lines=lambda asked: each(_cells),
    by="created_at",
    needs=frozenset(),
)
