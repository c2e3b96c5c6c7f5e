"""What the ledger says about one thing, as a page shows it: the entries of its transactions, named."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from commissions.models import Decision, Reversal
from ledger.models import Entry

_ACCOUNTS = {
    "earned": "Partner, earned",
    "in_transit": "Partner, in transit",
    "commission_expense": "Commission expense",
    "cash": "Cash",
}


def entries_of(entries: "QuerySet[Entry]", names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The entries of the transactions with these references, oldest first, each by what `names` calls its transaction.

    By full reference: that is the index.
    """
    found = entries.filter(transaction__reference__in=names).select_related("transaction")
    return [
        {
            "name": names[entry.transaction.reference],
            "account": _ACCOUNTS[entry.account.rpartition(":")[2]],
            "amount": entry.amount,
            "currency": entry.currency,
            "at": entry.transaction.occurred_at,
        }
        for entry in found.order_by("transaction_id", "-account")
    ]


def commission_steps(
    commission_id: UUID, reversals: Iterable[Reversal], decisions: Iterable[Decision]
) -> dict[str, str]:
    """Reference to name of all that can happen to a commission before it is paid."""
    steps = {"accrual": "Earned"} | {f"reversal:{reversal.refund_id}": "Taken back" for reversal in reversals}
    steps |= {f"{decision.kind}:{decision.id}": decision.get_kind_display() for decision in decisions}
    return {f"commission:{commission_id}:{step}": name[:1].upper() + name[1:] for step, name in steps.items()}
