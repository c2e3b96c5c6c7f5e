"""Deciding about a commission that was flagged: let it pass, say that the rule was wrong, or reject it."""

from django.db import transaction

from commissions.flags import close
from commissions.models import Commission, FlagOutcome
from commissions.rejection import reject
from merchants import inputs
from merchants.audit import Actor, record
from merchants.edits import lock
from merchants.errors import Conflict, DomainError

DECISIONS = (FlagOutcome.RELEASED, FlagOutcome.MISTAKEN, FlagOutcome.REJECTED)


def decide(commission: Commission, *, outcome: str, reason: str, actor: Actor) -> Commission:
    """Close every open flag of the commission in one way; it goes on with its hold, or is rejected.

    `released` lets it pass, `mistaken` says besides that the rule was wrong, `rejected` takes it back in the books.
    Conflict `commission_not_flagged` when nothing is open about it.
    """
    if outcome not in DECISIONS:
        raise DomainError(f"Decide {', '.join(DECISIONS)}.", code="invalid_choice", field="outcome")
    reason = inputs.line(reason, "reason", longest=500, required=True)
    with transaction.atomic():
        lock(commission)
        rules = list(commission.flags.filter(outcome=FlagOutcome.OPEN).order_by("rule").values_list("rule", flat=True))
        if not rules:
            raise Conflict("Nothing is open about this commission any more.", code="commission_not_flagged")
        if outcome == FlagOutcome.REJECTED:
            return reject(commission, reason=reason, actor=actor)
        close(commission, FlagOutcome(outcome), note=reason, actor=actor)
        after = {"outcome": str(outcome), "reason": reason, "rules": rules}
        record(actor, "commission.review", "commission", commission.id, after=after)
    return commission
