"""What a partner has, by currency: never added up across currencies."""

from dataclasses import dataclass

from django.db.models import Sum

from affiliates.models import Partner
from payouts.models import PayoutStatus
from stats.outstanding import Outstanding, outstanding_of


@dataclass(frozen=True, slots=True)
class Money:
    """What a partner has in one currency, in minor units."""

    currency: str
    outstanding: Outstanding | None = None
    """None when nothing is unpaid or owed."""
    in_payout: int = 0
    paid: int = 0


def money_of(partner: Partner) -> dict[str, Money]:
    """Every currency in which something is unpaid, owed, on its way or paid. Two queries."""
    waiting = {row.currency: row for row in outstanding_of(partner)}
    sums: dict[str, dict[str, int]] = {}
    rows = partner.payouts.exclude(status=PayoutStatus.REVERSED).values("currency", "status")
    for row in rows.annotate(sum=Sum("amount")).order_by():
        sums.setdefault(row["currency"], {})[row["status"]] = row["sum"]
    return {
        currency: Money(
            currency,
            waiting.get(currency),
            sums.get(currency, {}).get(PayoutStatus.RESERVED, 0),
            sums.get(currency, {}).get(PayoutStatus.PAID, 0),
        )
        for currency in sorted({*waiting, *sums})
    }
