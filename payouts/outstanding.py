"""What partners wait for, by currency (SPEC Y2): never added up across currencies."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from affiliates.models import Partner
from merchants.models import Merchant

# Unpaid commissions come from their two partial indexes; the balance is asked only for partners who have some, or
# for the one in question, whose debts show even when nothing is unpaid.
_OUTSTANDING = """
WITH unpaid AS (
    SELECT partner_id, currency, 'approved' AS status, sum(amount - reversed) AS amount FROM commissions_commission
     WHERE status = 'approved' AND {whose} GROUP BY 1, 2
     UNION ALL
    SELECT partner_id, currency, 'pending', sum(amount - reversed) FROM commissions_commission
     WHERE status = 'pending' AND {whose} GROUP BY 1, 2
), found AS (
    SELECT partner_id, currency, coalesce(sum(amount) FILTER (WHERE status = 'approved'), 0) AS approved,
           coalesce(sum(amount) FILTER (WHERE status = 'pending'), 0) AS pending
      FROM unpaid GROUP BY 1, 2
    {debts}
), balanced AS (
    SELECT f.partner_id, f.currency, max(f.approved) AS approved, max(f.pending) AS pending,
           (SELECT coalesce(sum(e.amount), 0) FROM ledger_entry e
             WHERE e.account = 'partner:' || f.partner_id || ':earned' AND e.currency = f.currency) AS earned
      FROM found f GROUP BY 1, 2
)
SELECT b.partner_id, p.name, b.currency, b.approved, b.pending, b.earned
  FROM balanced b JOIN affiliates_partner p ON p.id = b.partner_id
 WHERE b.approved <> 0 OR b.pending <> 0 OR b.earned <> 0
 ORDER BY b.currency, b.approved DESC, b.partner_id
"""
_OF_ALL = _OUTSTANDING.format(whose="true", debts="")
_OF_SOME = _OUTSTANDING.format(whose="partner_id = ANY(%(partners)s)", debts="")
_OF_ONE = _OUTSTANDING.format(
    whose="partner_id = %(partner)s",
    debts="""UNION ALL SELECT DISTINCT %(partner)s::uuid, currency, 0, 0 FROM ledger_entry
              WHERE account = 'partner:' || %(partner)s::uuid || ':earned'""",
)


@dataclass(frozen=True, slots=True)
class Outstanding:
    """One partner in one currency; minor units."""

    partner_id: uuid.UUID
    partner_name: str
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


def outstanding(merchant: Merchant) -> list[Outstanding]:
    """Every partner of the running tenant with unpaid commissions, most approved first within each currency."""
    return list(_read(_OF_ALL, {}, merchant))


def outstanding_among(merchant: Merchant, partner_ids: Sequence[uuid.UUID]) -> list[Outstanding]:
    """The same for some partners, such as those of one page."""
    return list(_read(_OF_SOME, {"partners": list(partner_ids)}, merchant))


def outstanding_of(partner: Partner) -> list[Outstanding]:
    """The partner's currencies in which something is unpaid or owed."""
    return list(_read(_OF_ONE, {"partner": partner.id}, partner.merchant))


def _read(query: str, parameters: Mapping[str, Any], merchant: Merchant) -> Iterator[Outstanding]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        for partner_id, name, currency, approved, pending, earned in cursor.fetchall():
            minimum = merchant.minimum_payout if currency == merchant.currency else 0
            yield Outstanding(partner_id, name, currency, int(approved), int(pending), int(earned), minimum)
