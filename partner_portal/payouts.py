"""What was paid to the partner, and for which commissions (SPEC Q4)."""

from datetime import datetime
from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404

from merchants.money import to_decimal
from pages.csv import csv_stream, each
from pages.listing import Sort, sheet
from partner_portal.door import PartnerRequest, page, partner_page
from payouts.models import Payout


@partner_page
def payouts(request: PartnerRequest) -> HttpResponseBase:
    """The list, newest first."""
    rows = request.partner.payouts.all()
    found = sheet(request, rows, sorts={"date": Sort("created_at", datetime)}, default="-date")
    return page(request, "partner_portal/payouts.html", {"sheet": found, "partials": {"list"}})


@partner_page
def payouts_csv(request: PartnerRequest) -> HttpResponseBase:
    """All payouts as a file; amounts are decimal numbers of their currency."""

    def cells(payout: Payout) -> list[object]:
        amount = to_decimal(payout.amount, payout.currency)
        reference = payout.transaction_id
        return [payout.paid_on, amount, payout.currency, payout.method, payout.status, reference]

    header = ["paid_on", "amount", "currency", "method", "status", "transaction_id"]
    return csv_stream("payouts.csv", header, request.partner.payouts.all(), each(cells), by="created_at")


@partner_page
def payouts_detail(request: PartnerRequest, payout: UUID) -> HttpResponseBase:
    """One payout with the commissions in it."""
    found = get_object_or_404(request.partner.payouts.all(), id=payout)
    items = found.items.select_related("commission__order")
    rows = sheet(request, items, sorts={"order": Sort("id", UUID)}, default="-order")
    context = {"payout": found, "sheet": rows, "items_sum": found.amount + found.netted, "partials": {"list"}}
    return page(request, "partner_portal/payout.html", context)
