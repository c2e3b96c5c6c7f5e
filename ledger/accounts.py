"""Account addresses. An address says whose value it is and in what state; currencies stand beside, never inside."""

import uuid

#: What the merchant has promised to partners, as an expense (always <= 0: value leaves it).
COMMISSION_EXPENSE = "merchant:commission_expense"

#: What has left the merchant's bank for partners.
CASH = "merchant:cash"


def partner_earned(partner_id: uuid.UUID) -> str:
    """What a partner has earned and not been paid; below zero when refunds came after payment."""
    return f"partner:{partner_id}:earned"


def partner_in_transit(partner_id: uuid.UUID) -> str:
    """What payouts have reserved for a partner and not yet settled."""
    return f"partner:{partner_id}:in_transit"
