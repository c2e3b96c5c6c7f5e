"""What stands in the books for recorded orders, and why that is not what the rules as they stand say."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from commissions.models import CommissionQuerySet, CommissionStatus
from merchants.models import Merchant
from tracking.comparison import Given


class Booked(NamedTuple):
    """A commission, with what adjustments made of it."""

    level: int
    partner_id: UUID
    version_id: UUID | None
    worth: int
    by_hand: bool
    """Whether it was rejected or adjusted."""
    moved: bool


class Books:
    """The commissions of a merchant; what was adjusted of them is read once."""

    def __init__(self, merchant: Merchant) -> None:
        self._merchant = merchant
        self._adjusted: Counter[UUID] = Counter()
        adjustments = merchant.commissions.filter(adjusts__isnull=False)
        for adjusted, amount, taken in adjustments.values_list("adjusts", "amount", "reversed"):
            assert adjusted is not None
            self._adjusted[adjusted] += amount - taken

    def of_orders(self, ids: Collection[UUID]) -> dict[UUID, list[Booked]]:
        """By order, those of recruiters included."""
        return self._by("order_id", self._merchant.commissions.filter(order_id__in=ids))

    def on(self, ids: Collection[UUID]) -> dict[UUID, list[Booked]]:
        """What recruiters have of these commissions, by commission."""
        return self._by("source_id", self._merchant.commissions.filter(source_id__in=ids))

    def _by(self, column: str, commissions: CommissionQuerySet) -> dict[UUID, list[Booked]]:
        found: dict[UUID, list[Booked]] = {}
        columns = ("id", "level", "partner_id", "reward_version_id", "amount", "reversed", "status", "moved")
        for of, id, level, partner_id, version_id, amount, taken, status, moved in commissions.values_list(
            column, *columns
        ):
            is_adjusted = id in self._adjusted
            worth = amount - taken + (self._adjusted[id] if is_adjusted else 0)
            by_hand = is_adjusted or status == CommissionStatus.REJECTED
            found.setdefault(of, []).append(Booked(level, partner_id, version_id, worth, by_hand, bool(moved)))
        return found


_Whose = tuple[int, UUID]
"""Level and partner."""


def why_otherwise(
    booked: Sequence[Booked],
    stands: Sequence[Given],
    *,
    recorded: UUID,
    seller: UUID,
    above: Collection[UUID],
    given: bool,
    shares_only: bool,
) -> str:
    """The first of REASONS for which the books have not to the cent what the rules that stand give; empty if they have.

    `recorded` is the id of what was sold, `seller` whose it is now, `above` who was above them then, nearest first;
    `given` says that somebody gave it to them by hand.
    """
    has: Counter[_Whose] = Counter()
    for commission in booked:
        has[commission.level, commission.partner_id] += commission.worth
    gives = {(each.level, each.partner_id): each for each in stands}
    differing = [
        whose
        for whose in sorted(has.keys() | gives.keys())
        if has[whose] != (gives[whose].amount if whose in gives else 0) and (whose[0] or not shares_only)
    ]
    if not differing:
        return ""
    # One that was nobody's before left no commission behind, and is priced by what its partner was later.
    if given or any(each.moved or (each.level == 0 and each.partner_id != seller) for each in booked):
        return "moved"
    if any(each.by_hand for each in booked):
        return "by_hand"
    versions = {(each.level, each.partner_id): each.version_id for each in booked}
    # Where the seller's own commission differs, those on it do as well.
    sold = (0, seller)
    asked = [sold] if has[sold] != (gives[sold].amount if sold in gives else 0) else differing
    reasons = {_reason(whose, versions, gives, recorded, above) for whose in asked}
    return next(reason for reason in ("rules", "recruiters", "counted") if reason in reasons)


def _reason(
    whose: _Whose,
    versions: Mapping[_Whose, UUID | None],
    gives: Mapping[_Whose, Given],
    recorded: UUID,
    above: Collection[UUID],
) -> str:
    given = gives.get(whose)
    terms = given.terms if given else None
    if whose[0] == 0 or (whose in versions and terms is not None):
        return "counted" if versions.get(whose) == (terms.id if terms else None) else "rules"
    if terms is not None:
        # Nobody booked it: the rule is newer than the order, or somebody else stood there.
        return "rules" if terms.id > recorded else "recruiters"
    return "rules" if whose[1] in above else "recruiters"
