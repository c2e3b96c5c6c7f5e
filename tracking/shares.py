"""What recruiters earn beside the partner who was recruited, as rows of the same plan (`rewards.levels`)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from affiliates.attribution import Policy, is_one_of
from merchants.ids import new_id
from rewards import levels
from rewards.engine import Reward
from rewards.levels import Above, Earned
from rewards.rules import Rules
from stats.marks import touched_by
from tracking.accrual import accrue, rules_by_level
from tracking.answers import CommissionShown
from tracking.configuration import Configuration
from tracking.load import Known, PartnerRow, RecruiterRow
from tracking.plan import Plan


@dataclass(frozen=True, slots=True)
class Shares:
    """Those who were given, and what became of each level, for the order's record."""

    commissions: list[CommissionShown]
    record: list[dict[str, Any]]
    """`level`, `partner` and `name`, and either `gives` in minor units or `why` nothing. Whose name it is stands beside
    it and nowhere else, so that it can be erased."""


class Recruiters:
    """Who is above the partners of a batch, and by which rules they earn."""

    def __init__(self, known: Known, own_rules: Mapping[UUID, Rules], configured: Configuration) -> None:
        self._configured = configured
        self._own_rules = own_rules
        self._above: dict[UUID, list[RecruiterRow]] = {}
        for row in sorted(known.recruiters, key=lambda row: row.level):
            self._above.setdefault(row.of, []).append(row)

    def accrue(
        self,
        plan: Plan,
        reward: Reward,
        source: CommissionShown,
        *,
        merchant_id: UUID,
        partner: PartnerRow,
        order_id: UUID | None,
        customer_id: UUID | None,
        occurred_at: datetime,
        room: int | None,
        buyer_emails: Collection[str | None] = (),
        now: datetime,
    ) -> Shares:
        """Plan what everybody above `partner` earns on `source`. `room` as `rewards.levels.shares` has it.

        Nobody earns on what they buy themselves, where the merchant's policy forbids it to partners who sell.
        """
        above = self._above.get(partner.id)
        if not above:
            return _NOBODY
        assert partner.recruited_at is not None
        at, recruited_at = self._local(occurred_at), self._local(partner.recruited_at)
        asked = self._asked(partner, above, buyer_emails)
        given = levels.shares(Earned(source.amount, source.currency, at, recruited_at), asked, room=room)
        shares = Shares([], [])
        for recruiter, found in zip(above, given, strict=False):
            said: dict[str, Any] = {
                "level": recruiter.level, "partner": str(recruiter.id), "name": recruiter.name,
            }  # fmt: skip
            if isinstance(found, str):
                shares.record.append(said | {"why": found})
                continue
            share = found.reward()
            if share.amount == 0:
                shares.record.append(said | {"why": share.explanation["working"]})
                continue
            shares.record.append(said | {"gives": share.amount})
            if "called" in reward.explanation:
                share.explanation["called"] = reward.explanation["called"]
            # While the sale can be returned, neither of the two is paid.
            hold_days = max(self._configured.hold(partner.group_id), self._configured.hold(recruiter.group_id))
            shares.commissions.append(
                accrue(
                    plan, share, merchant_id=merchant_id, id=new_id(), partner=recruiter, currency=source.currency,
                    order_id=order_id, customer_id=customer_id, occurred_at=occurred_at, hold_days=hold_days, now=now,
                    level=recruiter.level, source_id=source.id,
                )
            )  # fmt: skip
            plan.touched.extend(touched_by(recruiter.id, occurred_at, None))
        return shares

    def _asked(
        self, partner: PartnerRow, above: Sequence[RecruiterRow], buyer_emails: Collection[str | None]
    ) -> Iterator[Above]:
        since = partner.recruited_at
        for recruiter in above:
            assert since is not None, "who has a recruiter was recruited"
            rules = rules_by_level(recruiter, self._own_rules.get(recruiter.id), self._configured)
            why = barred(recruiter.status, recruiter.email, buyer_emails, self._configured.policy)
            yield Above(self._local(since), rules, why)
            since = recruiter.recruited_at

    def _local(self, moment: datetime) -> datetime:
        """Days and months are those of the merchant's calendar."""
        return moment.astimezone(self._configured.zone)


def barred(status: str, email: str, buyer_emails: Collection[str | None], policy: Policy) -> str:
    """Why a recruiter with this status and address earns nothing on the sale, whatever the rules say; mostly empty."""
    if status != "approved":
        return f"is {status}: only an approved partner earns"
    if policy.reject_self_referral and is_one_of(email, buyer_emails):
        return "is the buyer"
    return ""


_NOBODY = Shares([], [])
