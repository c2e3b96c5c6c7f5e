"""What a partner has, by currency: never added up across currencies."""

from dataclasses import dataclass

from affiliates.models import Partner
from stats.outstanding import Outstanding, minimum_of, outstanding_in
from stats.reading import standing


@dataclass(frozen=True, slots=True)
class Money:
    """What a partner has in one currency, in minor units."""

    currency: str
    outstanding: Outstanding | None = None
    """None when nothing was ever earned in it."""
    in_payout: int = 0
    paid: int = 0


def money_of(partner: Partner) -> dict[str, Money]:
    """Every currency in which something is unpaid, owed, on its way or paid. One query, and one for the group."""
    rows = sorted(standing([partner.id]), key=lambda row: row.currency)
    return {
        row.currency: Money(
            row.currency,
            outstanding_in(row, minimum_of(partner.merchant, partner.group, row.currency)),
            row.reserved,
            row.paid,
        )
        for row in rows
        if row.approved or row.pending or row.balance or row.reserved or row.paid
    }
