"""Balances: what stands in the ledger for each partner and currency, and what is on its way there."""

from typing import Annotated
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from affiliates.models import Partner, PartnerStatus
from api.base import TenantRequest, TenantView, answered
from api.choices import one_of
from api.operations import documented
from api.pages import ListQuery, Page, cut, filtered, parse_query
from merchants.roles import Scope
from stats import reading


class CurrencyBalance(msgspec.Struct, kw_only=True):
    """A partner's money in one currency, in its minor units."""

    currency: Annotated[str, Meta(examples=["USD"])]
    earned: Annotated[
        int, Meta(description="In the books and not in a payout; below zero when refunds came later.", examples=[12500])
    ] = 0
    in_transit: Annotated[int, Meta(description="Reserved by payouts and not settled yet.", examples=[0])] = 0
    paid: Annotated[int, Meta(description="Paid out, without what was reversed.", examples=[40000])] = 0
    pending: Annotated[int, Meta(description="Of `earned`: commissions still on hold.", examples=[2500])] = 0
    approved: Annotated[int, Meta(description="Of `earned`: commissions that a payout may take.", examples=[10000])] = 0


class PartnerBalances(msgspec.Struct, kw_only=True):
    """A partner's balances, one for each currency in which anything stands or was paid."""

    partner_id: UUID
    name: str
    balances: list[CurrencyBalance]


class BalanceQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Whose balances, and which page of partners."""

    partner_id: UUID | None = None
    status: Annotated[str, one_of(PartnerStatus, "The partner's status.")] | None = None


class Balances(TenantView):
    """The balances of the account's partners."""

    scope = {"GET": Scope.READ}

    @documented("List balances", query=BalanceQuery, answer=Page[PartnerBalances])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of partners, newest first, each with their balances by currency."""
        query = parse_query(request, BalanceQuery)
        partners = filtered(request.merchant.partners.all(), {"id": query.partner_id, "status": query.status})
        found, next_cursor = cut(partners, query)
        page = Page(data=_balances(found), has_more=next_cursor is not None, next_cursor=next_cursor)
        return answered(page)


def _balances(partners: list[Partner]) -> list[PartnerBalances]:
    """One query for the whole page, however many partners are on it."""
    by_partner: dict[UUID, list[CurrencyBalance]] = {partner.id: [] for partner in partners}
    for row in sorted(reading.standing(list(by_partner)), key=lambda row: row.currency):
        balance = CurrencyBalance(
            currency=row.currency, earned=row.balance, in_transit=row.reserved, paid=row.paid, pending=row.pending,
            approved=row.approved,
        )  # fmt: skip
        if balance != CurrencyBalance(currency=row.currency):
            by_partner[row.partner_id].append(balance)
    return [
        PartnerBalances(partner_id=partner.id, name=partner.name, balances=by_partner[partner.id])
        for partner in partners
    ]
