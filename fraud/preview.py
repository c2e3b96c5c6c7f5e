"""A rule tried on history before it is switched on: how many it would have stopped, and some of them.

Nothing is flagged.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from commissions.models import CommissionStatus
from fraud.rules import rule_of
from jobs.kinds import Kind, Piece, Work
from jobs.models import Job
from merchants.money import display
from merchants.roles import Permission

PREVIEW = "fraud.preview"
DAYS = 90
#: Commissions that are looked at, the oldest of the days first, and how many in one piece.
MOST, PIECE = 100_000, 1_000
_EXAMPLES = 20


def _work(job: Job, parameters: Mapping[str, Any]) -> Work:
    """`rule`, and its `parameters` as they are kept. The state holds the sums so far."""
    merchant, rule = job.merchant, rule_of(parameters["rule"])
    rows = merchant.commissions.earned().filter(occurred_at__gte=timezone.now() - timedelta(days=DAYS))
    rows = rows.exclude(status__in=[CommissionStatus.REVERSED, CommissionStatus.REJECTED]).order_by("id")
    total = rows[:MOST].count()
    state: dict[str, Any] = {"seen": 0, "matched": 0, "sums": {}, "examples": [], **job.state}
    while state["seen"] < total:
        behind = rows.filter(id__gt=state["last"]) if "last" in state else rows
        piece = list(behind.select_related("order", "partner")[:PIECE])
        if not piece:
            break
        found = {
            doubt.commission_id: doubt
            for doubt in rule.doubts([row.id for row in piece], parameters["parameters"], zone=merchant.time_zone)
        }
        matched = [row for row in piece if row.id in found]
        for row in matched:
            state["sums"][row.currency] = state["sums"].get(row.currency, 0) + row.amount - row.reversed
        examples = [
            {"commission": str(row.id), "called": row.called, "partner": row.partner.name,
             "partner_id": str(row.partner_id),
             "amount": row.amount, "currency": row.currency, "reason": found[row.id].reason}
            for row in matched
        ]  # fmt: skip
        state |= {
            "seen": state["seen"] + len(piece),
            "matched": state["matched"] + len(matched),
            "examples": [*state["examples"], *examples][:_EXAMPLES],
            "last": str(piece[-1].id),
        }
        yield Piece(done=state["seen"], total=total, state=state, result=_result(state))
    yield Piece(done=state["seen"], total=total, result=_result(state))


def _result(state: Mapping[str, Any]) -> dict[str, Any]:
    sums = ", ".join(display(amount, currency) for currency, amount in sorted(state["sums"].items()))
    of = f" ({sums})" if sums else ""
    said = f"Of {state['seen']:,} commissions of the last {DAYS} days it would have stopped {state['matched']:,}{of}."
    return {"summary": said, "examples": state["examples"]}


KINDS = (Kind(PREVIEW, "Try a fraud rule on history", frozenset({Permission.EDIT_SETTINGS}), _work),)
