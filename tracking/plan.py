"""The rows a decision wants written, table by table, and what to answer for each event."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from affiliates.attribution import Candidate
from merchants.errors import DomainError
from merchants.ids import new_id
from rewards.counting import Counts
from tracking.answers import SaleAnswer

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event: an answer (`created` or replayed), or the error that refused it alone."""

    created: bool = False
    answer: SaleAnswer | None = None
    error: DomainError | None = None


@dataclass(slots=True)
class Plan:
    """Rows to insert or change; keys are column names, values JSON-ready. Empty lists cost nothing."""

    new_identities: list[Row] = field(default_factory=list)
    shared_identities: dict[UUID, int] = field(default_factory=dict)
    """Known people who become customers of this merchant too: so many holders more."""
    new_customers: list[Row] = field(default_factory=list)
    completed_customers: list[Row] = field(default_factory=list)
    """Known customers of whom the sale told something that was missing."""
    provider_keys: list[Row] = field(default_factory=list)
    attributions: list[Row] = field(default_factory=list)
    coupon_uses: dict[UUID, int] = field(default_factory=dict)
    orders: list[Row] = field(default_factory=list)
    commissions: list[Row] = field(default_factory=list)
    transactions: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)
    new_standings: list[Row] = field(default_factory=list)
    standings: list[Row] = field(default_factory=list)
    """What tiers and caps look at, as counted under the rows' locks."""
    touched: list[str] = field(default_factory=list)
    """For the stale mark; see stats.marks."""
    outcomes: list[Outcome] = field(default_factory=list)

    def counted(self, merchant_id: UUID, counts: Counts) -> None:
        """What was counted while the batch was decided."""
        for key, count in counts.rows.items():
            if not count.is_changed:
                continue
            row = {"id": key.id, "orders": count.orders, "revenue": count.revenue, "earned": count.earned}
            if count.is_stored:
                self.standings.append(row)
            else:
                whose = {"partner_id": key.partner_id, "customer_id": key.customer_id, "period": key.period}
                self.new_standings.append({"merchant_id": merchant_id} | whose | row)

    def belong(self, merchant_id: UUID, customer_id: UUID, winner: Candidate, since: datetime) -> None:
        """The customer belongs to the winner's partner from now on."""
        self.attributions.append(
            {
                "merchant_id": merchant_id,
                "id": new_id(),
                "customer_id": customer_id,
                "partner_id": winner.partner_id,
                "touch": winner.kind,
                "since": since,
            }
        )
