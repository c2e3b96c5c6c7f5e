"""What partners wait for, by currency (SPEC Y2): never added up across currencies."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from affiliates.models import Partner
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
    """The merchant's minimum payout, which is set for the merchant's own currency."""

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
    found = (outstanding_in(merchant, row) for row in standing(partner_ids))
    return [row for row in found if row.approved or row.pending or row.earned]


def outstanding_in(merchant: Merchant, row: Standing) -> Outstanding:
    """What is outstanding of what a partner has in one currency."""
    minimum = merchant.minimum_payout if row.currency == merchant.currency else 0
    return Outstanding(row.partner_id, row.currency, row.approved, row.pending, row.balance, minimum)


def outstanding_of(partner: Partner) -> list[Outstanding]:
    """The same for one partner, in alphabetical order of the currencies."""
    return sorted(outstanding_among(partner.merchant, [partner.id]), key=lambda row: row.currency)
