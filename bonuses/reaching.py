"""Giving what was reached, and taking it back while it is on hold. The rule, as merchants and partners read it:

* A period is a calendar month, quarter or year in the merchant's time zone, or the bonus's own days when it can be
  reached once. Nothing is given before it begins. It never reaches behind the bonus's first day, whose every hour
  counts, and its last day counts whole.
* What counts are orders that were not refunded in full, revenue less refunds in the bonus's currency, or leads: by the
  day they happened on, also when they are recorded later.
* Of a partner's own bonus, their group's and their program's that count the same, the narrowest gives, by where the
  partner stands today (or stood when the period was over, as bonuses ran on its last day). What was given stays,
  whichever bonus counts from then on: it goes by the figures alone.
* Each target pays once a period: a commission without an order, on hold until the period is over and the partner's hold
  days after that. While it is on hold it is taken back when the figures fall below the target, and given again
  when they reach it again. When the hold is over, or somebody ended it early, it is final.
* What is recorded late still gives until that same day, and three days after the period in any case, so that workers
  that stood still over its end lose nobody.
* Only approved partners are given anything. What somebody rejected stays rejected.

How it holds: the rollups write down whose figures they recomputed (`bonuses.due`). This takes the marks first and reads
after that, so it sees what they speak of; what is committed later has a mark of its own. One worker at a time does this
for a merchant (a lock of the merchant's), so nobody decides by what somebody else has seen earlier. All of it is one
transaction: a worker that dies leaves its marks. Each target of a period is one row (`Award`), unique in the database.
Sales know nothing of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from affiliates.models import Partner, PartnerStatus, PartnerStretch
from bonuses import due
from bonuses.counting import counting, reached, said, target_said
from bonuses.models import Award, Bonus, Progress, Rung
from bonuses.periods import Span
from commissions.bonus import Reached, accrue_bonuses
from commissions.decisions import give_again_many, take_back_many
from commissions.models import Commission, CommissionStatus, DecisionKind
from merchants.audit import record_each, system
from merchants.models import Merchant
from merchants.money import display
from merchants.tenancy import current

#: Partners that are looked at in one transaction, and the rest of the last mark that names them.
LIMIT = due.PIECE
#: Days after its end that a period can still be reached, when the partner's hold is shorter.
GRACE = 3
ACTOR = system("bonuses")


@dataclass(slots=True)
class _Look:
    """A partner in one period of one bonus."""

    partner: Partner
    bonus: Bonus
    span: Span
    counts: bool
    """Whether the bonus counts for the partner: otherwise it gives nothing new."""
    is_open: bool
    """Whether the partner is approved and the period can still be reached."""
    reached: int = 0
    awards: dict[int, Award] = field(default_factory=dict)
    """Those there are, by target."""

    @property
    def key(self) -> tuple[UUID, UUID, date]:
        return self.partner.id, self.bonus.id, self.span.first


#: The commission of a target, locked, and whose it is.
_Given = tuple[Commission, _Look, Rung]


def settle(*, limit: int = LIMIT, now: datetime | None = None) -> int:
    """Look at the partners of the running tenant whose marks are oldest; how many. Less than `limit`: those were all.

    0 too while another worker is at it.
    """
    now = now or timezone.now()
    with transaction.atomic():
        if not _alone():
            return 0
        merchant = Merchant.objects.get(id=current())
        today = now.astimezone(ZoneInfo(merchant.time_zone)).date()
        partner_ids = due.take(limit, today=today)
        if partner_ids:
            _Settling(merchant, partner_ids, now).settle()
    return len(partner_ids)


def _alone() -> bool:
    """Hold the merchant's own lock of this work: two numbers, and so never a lock of the rollups', which is one."""
    ends = current().bytes
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s, %s)",
            [int.from_bytes(ends[8:12], signed=True), int.from_bytes(ends[12:], signed=True)],
        )
        return bool(cursor.fetchone()[0])


class _Settling:
    """One look at some partners."""

    def __init__(self, merchant: Merchant, partner_ids: Sequence[UUID], now: datetime) -> None:
        self.merchant = merchant
        self.now = now
        self.zone = ZoneInfo(merchant.time_zone)
        self.today = now.astimezone(self.zone).date()
        self.partners = list(merchant.partners.filter(id__in=partner_ids).select_related("group"))

    def settle(self) -> None:
        looks = {look.key: look for look in self._looks()}
        self._add_awards(looks)
        self._count(list(looks.values()))
        self._keep_progress(looks)
        self._move(list(looks.values()))

    def _hold(self, partner: Partner) -> int:
        own = partner.group.hold_days if partner.group else None
        return self.merchant.hold_days if own is None else own

    def _is_open(self, partner: Partner, span: Span) -> bool:
        closes = span.last + timedelta(days=max(self._hold(partner), GRACE))
        return partner.status == PartnerStatus.APPROVED and self.today <= closes

    def _looks(self) -> Iterator[_Look]:
        """Every period that has begun and that the partners can still reach."""
        longest = max((max(self._hold(partner), GRACE) for partner in self.partners), default=GRACE)
        since = self.today - timedelta(days=longest)
        by_owner: dict[Any, list[Bonus]] = {}
        for bonus in self.merchant.bonuses.filter(Q(ends_on=None) | Q(ends_on__gte=since), starts_on__lte=self.today):
            by_owner.setdefault(bonus.partner_id or bonus.group_id or bonus.program_id, []).append(bonus)
        left = self._left(since)
        for partner in self.partners:
            mine = left.get(partner.id, [])
            owners = {partner.id, partner.group_id, partner.program_id, *(each.group_id for each in mine)}
            since = self.today - timedelta(days=max(self._hold(partner), GRACE))
            for bonus in (bonus for owner in owners for bonus in by_owner.get(owner, ())):
                for span in bonus.spans(since, self.today):
                    stood = (partner.id, self._group_then(partner, mine, span), partner.program_id)
                    day = min(self.today, span.last)
                    if bonus in counting([each for owner in stood for each in by_owner.get(owner, ())], day):
                        yield _Look(partner, bonus, span, counts=True, is_open=self._is_open(partner, span))

    def _left(self, since: date) -> dict[UUID, list[PartnerStretch]]:
        """The stretches in a group, or in none, that ended since that day, each partner's in the order of time."""
        found: dict[UUID, list[PartnerStretch]] = {}
        begins = datetime.combine(since, time(), self.zone)
        ended = self.merchant.partner_stretches.filter(partner__in=self.partners, until__gte=begins)
        for row in ended.order_by("until"):
            found.setdefault(row.partner_id, []).append(row)
        return found

    def _group_then(self, partner: Partner, left: Sequence[PartnerStretch], span: Span) -> UUID | None:
        """The group they are in while the period lasts; of one that is over the group they were in at its end."""
        over = self._over(span)
        if over > self.now:
            return partner.group_id
        return next((row.group_id for row in left if row.until and row.until >= over), partner.group_id)

    def _over(self, span: Span) -> datetime:
        return datetime.combine(span.last + timedelta(days=1), time(), self.zone)

    def _add_awards(self, looks: dict[tuple[UUID, UUID, date], _Look]) -> None:
        """What was given in these periods, and in any other that can still be taken back or given again."""
        since = min((look.span.first for look in looks.values()), default=self.today)
        partners = {partner.id: partner for partner in self.partners}
        not_final = Q(commission__status=CommissionStatus.PENDING) | Q(
            commission__held_until__gte=self.now - timedelta(days=GRACE)
        )
        found = Award.objects.filter(Q(first_day__gte=since) | not_final)
        for award in found.filter(partner__in=partners).select_related("commission", "bonus"):
            key = award.partner_id, award.bonus_id, award.first_day
            if key not in looks:
                span = award.bonus.span_since(award.first_day)
                partner = partners[award.partner_id]
                looks[key] = _Look(partner, award.bonus, span, counts=False, is_open=self._is_open(partner, span))
            looks[key].awards[award.target] = award

    def _count(self, looks: list[_Look]) -> None:
        figures = reached([(look.partner.id, look.bonus, look.span) for look in looks])
        for look, figure in zip(looks, figures, strict=True):
            look.reached = figure

    def _keep_progress(self, looks: dict[tuple[UUID, UUID, date], _Look]) -> None:
        """A row for whoever has come anywhere; none where a bonus no longer counts and has given nothing."""
        since = min((look.span.first for look in looks.values()), default=self.today)
        kept = Progress.objects.filter(partner__in=self.partners, first_day__gte=since)
        standing = {(row.partner_id, row.bonus_id, row.first_day): row for row in kept.select_related("bonus")}
        changed = [
            Progress(
                merchant=self.merchant, partner=look.partner, bonus=look.bonus, first_day=look.span.first,
                reached=look.reached,
            )
            for key, look in looks.items()
            if look.reached != (standing[key].reached if key in standing else 0)
        ]  # fmt: skip
        Progress.objects.bulk_create(
            changed, batch_size=1_000, update_conflicts=True, update_fields=["reached"],
            unique_fields=["merchant", "partner", "bonus", "first_day"],
        )  # fmt: skip
        gone = [row.id for key, row in standing.items() if key not in looks and self._is_looked_at(row)]
        Progress.objects.filter(id__in=gone).delete()

    def _is_looked_at(self, row: Progress) -> bool:
        """Whether the period is one that a look would have been taken at, did its bonus count."""
        since = self.today - timedelta(days=GRACE)
        return any(span.first == row.first_day for span in row.bonus.spans(since, self.today))

    def _move(self, looks: list[_Look]) -> None:
        """Give, take back and give again. Commissions are locked by id, as everybody locks them."""
        given, lost, again = [], [], []
        for look in looks:
            for rung in look.bonus.rungs:
                award = look.awards.get(rung.target)
                has = look.reached >= rung.target
                if award is None:
                    if has and look.counts and look.is_open:
                        given.append((look, rung))
                elif award.commission.status == CommissionStatus.PENDING and not has:
                    lost.append((award.commission_id, look, rung))
                elif award.commission.status == CommissionStatus.REVERSED and has and look.is_open:
                    again.append((award.commission_id, look, rung))
        self._give(given)
        ids = [commission_id for commission_id, _, _ in (*lost, *again)]
        if not ids:
            return
        chosen = self.merchant.commissions.filter(id__in=ids).order_by("id").select_for_update(no_key=True)
        locked = {commission.id: commission for commission in chosen}
        self._take_back([(locked[commission_id], look, rung) for commission_id, look, rung in lost])
        self._give_again([(locked[commission_id], look, rung) for commission_id, look, rung in again])

    def _give(self, given: Sequence[tuple[_Look, Rung]]) -> None:
        if not given:
            return
        commissions = accrue_bonuses([self._reached(look, rung) for look, rung in given], now=self.now)
        Award.objects.bulk_create(
            (
                Award(
                    merchant=self.merchant, bonus=look.bonus, partner=look.partner, first_day=look.span.first,
                    target=rung.target, commission=commission,
                )
                for (look, rung), commission in zip(given, commissions, strict=True)
            ),
            batch_size=1_000,
        )  # fmt: skip
        afters = {
            commission.id: {
                "bonus": str(look.bonus.id), "partner_id": str(look.partner.id),
                "working": commission.explanation["working"],
            }
            for (look, _), commission in zip(given, commissions, strict=True)
        }  # fmt: skip
        record_each(ACTOR, "bonus.award", "commission", afters)

    def _reached(self, look: _Look, rung: Rung) -> Reached:
        bonus, span = look.bonus, look.span
        over = self._over(span)
        working = (
            f"{said(bonus, look.reached)} {span.called} reached the target of {target_said(bonus, rung.target)}:"
            f" {display(rung.amount, bonus.currency)}"
        )
        return Reached(
            partner=look.partner,
            amount=rung.amount,
            currency=bonus.currency,
            explanation={
                "event": "bonus", "called": f"Bonus: {bonus.name}", "bonus": str(bonus.id), "measure": bonus.measure,
                "target": rung.target, "reached": look.reached, "from": span.first.isoformat(),
                "to": span.last.isoformat(), "working": working,
            },
            # What is noticed after the period still belongs to it.
            occurred_at=min(self.now, over - timedelta(microseconds=1)),
            held_until=over + timedelta(days=self._hold(look.partner)),
        )  # fmt: skip

    def _take_back(self, lost: Sequence[_Given]) -> None:
        """Those whose hold has not ended while we waited for their locks: then they are final."""
        reasons = [
            (commission, f"{_said(look)}: below {target_said(look.bonus, rung.target)}")
            for commission, look, rung in lost
            if commission.status == CommissionStatus.PENDING
        ]
        if reasons:
            take_back_many(reasons, kind=DecisionKind.BELOW_TARGET, at=self.now, actor=ACTOR)
            record_each(ACTOR, "bonus.take_back", "commission", {each.id: {"reason": why} for each, why in reasons})

    def _give_again(self, again: Sequence[_Given]) -> None:
        standing = [each for each in again if each[0].status == CommissionStatus.REVERSED]
        if not standing:
            return
        doubted = self.merchant.commissions.filter(id__in=[commission.id for commission, _, _ in standing])
        on_hold = set(doubted.kept_on_hold().values_list("id", flat=True))
        given = []
        for commission, look, rung in standing:
            held = commission.held_until > self.now or commission.id in on_hold
            commission.status = CommissionStatus.PENDING if held else CommissionStatus.APPROVED
            reason = f"{_said(look)}: {target_said(look.bonus, rung.target)} reached again"
            given.append((commission, commission.amount, reason))
        give_again_many(given, at=self.now, actor=ACTOR)
        record_each(ACTOR, "bonus.give_again", "commission", {each.id: {"reason": why} for each, _, why in given})


def _said(look: _Look) -> str:
    return f"{said(look.bonus, look.reached)} {look.span.called}"
