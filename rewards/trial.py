"""Rules as they would have been, had a proposed version been in force since some day. Pure."""

from collections.abc import Sequence
from datetime import datetime

from rewards.rules import Rules, Terms, precedence


class Trial(Rules):
    """The rules of one owner with one more version, which stands in for the rule it changes from `since` on.

    The proposed terms keep the moment at which they would take effect. So they stand where they will stand in the
    order of the rules, after everything that is older, although orders of before that moment are decided by them.
    Terms that have ended take the rule away and put nothing in its place.
    """

    def __init__(self, versions: Sequence[Terms], proposed: Terms, *, since: datetime) -> None:
        # All of them, so that what is counted covers what either needs.
        super().__init__([*versions, proposed])
        self.proposed, self._since = proposed, since
        self._before = Rules(versions)
        self._others = Rules([terms for terms in versions if terms.rule != proposed.rule])

    def in_force(self, at: datetime, event: str = "sale") -> tuple[Terms, ...]:
        """Before `since` what was in force; from then on the proposed terms beside the owner's other rules."""
        if at < self._since:
            return self._before.in_force(at, event)
        others = self._others.in_force(at, event)
        if self.proposed.ended or self.proposed.details.event != event:
            return others
        return tuple(sorted([*others, self.proposed], key=precedence))
