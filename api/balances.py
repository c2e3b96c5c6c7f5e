"""Balances: what stands in the ledger for each partner and currency, and what is on its way there."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

import msgspec
from django.db.models import Sum
from django.http import HttpResponse
from msgspec import Meta

from affiliates.models import Partner, PartnerStatus
from api.base import TenantRequest, TenantView, answered
from api.choices import one_of
from api.operations import documented
from api.pages import ListQuery, Page, cut, filtered, parse_query
from merchants.models import Merchant
from merchants.roles import Scope
from payouts.models import PayoutStatus
from stats import reading

#: What a payout in this status holds.
_KINDS: dict[str, str] = {PayoutStatus.RESERVED: "in_transit", PayoutStatus.PAID: "paid"}


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
        page = Page(data=_balances(request.merchant, found), has_more=next_cursor is not None, next_cursor=next_cursor)
        return answered(page)


def _balances(merchant: Merchant, partners: list[Partner]) -> list[PartnerBalances]:
    """Two queries for the whole page, however many partners are on it."""
    standing: dict[tuple[UUID, str], CurrencyBalance] = {}
    for partner_id, currency, kind, amount in _sums(merchant, partners):
        balance = standing.setdefault((partner_id, currency), CurrencyBalance(currency=currency))
        setattr(balance, kind, getattr(balance, kind) + int(amount))
    by_partner: dict[UUID, list[CurrencyBalance]] = {partner.id: [] for partner in partners}
    for (partner_id, _), balance in sorted(standing.items(), key=lambda item: item[0][1]):
        by_partner[partner_id].append(balance)
    return [
        PartnerBalances(partner_id=partner.id, name=partner.name, balances=by_partner[partner.id])
        for partner in partners
    ]


def _sums(merchant: Merchant, partners: list[Partner]) -> Iterable[tuple[UUID, str, str, int]]:
    """Partner, currency, which figure, minor units; figures that come more than once are added up.

    `earned` is what the account `partner:<id>:earned` holds, without adding up its entries: all commissions less what
    went into payouts. `manage.py verify` proves that the two are one.
    """
    for standing in reading.standing([partner.id for partner in partners]):
        for kind in ("earned", "pending", "approved"):
            if amount := getattr(standing, kind):
                yield standing.partner_id, standing.currency, kind, amount
    live = merchant.payouts.filter(partner__in=partners, status__in=_KINDS)
    sums = live.values_list("partner_id", "currency", "status").annotate(total=Sum("amount")).order_by()
    for partner_id, currency, status, amount in sums:
        yield partner_id, currency, _KINDS[status], amount
        yield partner_id, currency, "earned", -amount
