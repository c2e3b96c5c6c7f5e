"""The customers who belong to the partner (SPEC Q4), named as the merchant allows."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpResponseBase

from affiliates.models import CustomerAttribution, Partner
from pages.listing import Sort, sheet
from partner_portal.door import PartnerRequest, page, partner_page
from partner_portal.masking import customer_shown


@dataclass(frozen=True, slots=True)
class Bought:
    """What a customer bought through the partner in one currency, and what came of it; minor units."""

    currency: str
    orders: int
    revenue: int
    earned: int


@dataclass(frozen=True, slots=True)
class Row:
    """A customer in the list."""

    id: UUID
    name: str
    since: datetime
    bought: list[Bought] = field(default_factory=list)

    @property
    def orders(self) -> int:
        """In all currencies."""
        return sum(bought.orders for bought in self.bought)


@partner_page
def customers(request: PartnerRequest) -> HttpResponseBase:
    """The list, newest first."""
    partner = request.partner
    rows = partner.attributed.select_related("customer")
    found = sheet(request, rows, sorts={"since": Sort("since", datetime)}, default="-since")
    context = {"sheet": found, "rows": with_figures(partner, found.rows), "partials": {"list"}}
    return page(request, "partner_portal/customers.html", context)


def with_figures(partner: Partner, attributions: list[CustomerAttribution]) -> list[Row]:
    """These customers with what they bought through this partner, and through no other. One query."""
    found = {
        row.customer_id: Row(row.customer_id, customer_shown(row.customer, partner.merchant), row.since)
        for row in attributions
    }
    standing = partner.commissions.filter(order=OuterRef("pk"), moved=0)
    commission = standing.annotate(kept=F("amount") - F("reversed"))
    sums = (
        partner.orders.filter(customer__in=found)
        .annotate(kept=Subquery(commission.values("kept")))
        .values("customer", "currency")
        .annotate(number=Count("*"), left=Sum(F("amount") - F("refunded")), earned=Coalesce(Sum("kept"), 0))
        .order_by("-left")
    )
    for row in sums:
        bought = Bought(row["currency"], row["number"], row["left"], int(row["earned"]))
        found[row["customer"]].bought.append(bought)
    return list(found.values())
