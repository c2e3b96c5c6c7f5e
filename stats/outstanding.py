"""What partners wait for, by currency (SPEC Y2): never added up across currencies."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from affiliates.models import Group, Partner
from merchants.models import Merchant
from stats.reading import Standing, standing


@dataclass(frozen=True, slots=True)
class Outstanding:
    """One partner in one currency; minor units."""

    partner_id: uuid.UUID
    currency: str
    approved: int
    """Commissions a payout may choose."""
    pending: int
    """Commissions still on hold."""
    earned: int
    """The balance in the books; below zero when refunds came after payment."""
    minimum: int
    """The minimum payout of the partner's group, or else the merchant's; each holds for the currency it is set in."""

    @property
    def owed(self) -> int:
        """What the partner owes from refunds after payment, and the next payout nets (see payouts.manual)."""
        return self.approved + self.pending - self.earned

    @property
    def payable(self) -> int:
        """What a payout of all approved commissions would pay."""
        return max(self.approved - self.owed, 0)

    @property
    def reaches_minimum(self) -> bool:
        """Whether it is worth a payout by the merchant's own rule."""
        return self.payable > 0 and self.payable >= self.minimum


def outstanding_among(merchant: Merchant, partner_ids: Sequence[uuid.UUID]) -> list[Outstanding]:
    """Currencies in which something is unpaid or owed, of partners such as those of one page; never behind."""
    rows = _unsettled(partner_ids)
    members = merchant.partners.filter(id__in={row.partner_id for row in rows}).exclude(group=None)
    groups = {partner.id: partner.group for partner in members.select_related("group").only("id", "group")}
    return [outstanding_in(row, minimum_of(merchant, groups.get(row.partner_id), row.currency)) for row in rows]


def outstanding_in(row: Standing, minimum: int) -> Outstanding:
    """What is outstanding of what a partner has in one currency."""
    return Outstanding(row.partner_id, row.currency, row.approved, row.pending, row.balance, minimum)


def minimum_of(merchant: Merchant, group: Group | None, currency: str) -> int:
    """From what amount on a payout in this currency is worth it: the group's rule, or else the merchant's."""
    if group is not None and group.minimum_payout is not None and group.minimum_currency == currency:
        return group.minimum_payout
    return merchant.minimum_payout if currency == merchant.currency else 0


def outstanding_of(partner: Partner) -> list[Outstanding]:
    """The same for one partner, in alphabetical order of the currencies."""
    rows = sorted(_unsettled([partner.id]), key=lambda row: row.currency)
    return [outstanding_in(row, minimum_of(partner.merchant, partner.group, row.currency)) for row in rows]


def _unsettled(partner_ids: Sequence[uuid.UUID]) -> list[Standing]:
    return [row for row in standing(partner_ids) if row.approved or row.pending or row.balance]
