"""The customers who belong to the partner (SPEC Q4), named as the merchant allows."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum
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


_SORTS = {"since": Sort("since", datetime), "revenue": Sort("brought", int, tie="buyer_id")}


@partner_page
def customers(request: PartnerRequest) -> HttpResponseBase:
    """The list, newest first, or by what they bought through the partner in the merchant's currency."""
    partner = request.partner
    rows = partner.attributed.select_related("customer")
    by_revenue = request.GET.get("sort", "").removeprefix("-") == "revenue"
    shown = _with_brought(partner, rows) if by_revenue else rows
    found = sheet(request, shown, sorts=_SORTS, default="-since", counted=rows)
    context = {"sheet": found, "rows": with_figures(partner, found.rows), "partials": {"list"}}
    return page(request, "partner_portal/customers.html", context)


def _with_brought(partner: Partner, rows: "QuerySet[CustomerAttribution]") -> "QuerySet[CustomerAttribution]":
    """`rows` joined to the totals that they are sorted by, as an index holds them for each partner.

    Who came in the last seconds has no total yet and is not met.
    """
    merchant = partner.merchant
    of_partner = {"merchant": merchant, "partner_id": partner.id, "currency": merchant.currency}
    joined = rows.filter(**{f"customer__totals__{name}": value for name, value in of_partner.items()})
    return joined.annotate(brought=F("customer__totals__brought"), buyer_id=F("customer__totals__customer_id"))


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
