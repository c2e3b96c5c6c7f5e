"""Giving a customer to another partner (SPEC A17), from now on or with orders of the past.

What was earned on an order that moves is taken back from those who had it, and what the new partner earns on it is
worked out by the ingest's own pricing, on their terms at the time of the order, as a sale of this customer would be,
less what the order's refunds would have taken: both stand in the books. Which orders move is `tracking.movable`; whose
an order is that arrives later is `affiliates.belonging`.

Locks: the customer, so that of two people the second finds what the first decided; then what `tracking.movable` locks.
A preview is the very same, rolled back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Max
from django.utils import timezone

from affiliates import attribution
from affiliates.attribution import Candidate
from affiliates.belonging import Belonging, belonging_of, keep
from affiliates.models import BY_HAND, Partner, PartnerStatus
from commissions import standing
from commissions.adjustment import take_adjustments_back
from commissions.decisions import take_back
from commissions.flags import close_moot
from commissions.models import Commission, DecisionKind
from commissions.reversal import reverse_for_earlier_refunds
from customers.models import Customer, CustomerStatus
from merchants import audit, inputs
from merchants.audit import Actor
from merchants.edits import lock
from merchants.errors import Conflict, DomainError, NotFound
from merchants.models import Merchant
from orders.models import Order
from rewards.counting import Counts
from stats.marks import mark_many
from tracking import ingest
from tracking.configuration import Configuration, configuration
from tracking.decide import price
from tracking.events import Event, check_moment
from tracking.load import Known
from tracking.movable import Move, SortedOut, Stake, Stay, sort_out
from tracking.reading import order_shown
from tracking.write import write


class Past(models.TextChoices):
    """What becomes of the orders that are there."""

    STAYS = "stays"
    SINCE = "since"
    UNPAID = "unpaid"


@dataclass(frozen=True, slots=True)
class Reattribution:
    """What was done, or would be. Each partner's sums are in `totals`: what they have more, or less, by currency."""

    before: Partner | None
    after: Partner | None
    moves: list[Move]
    stays: list[Stay]
    changes_belonging: bool
    """Whose the customer is, or whose orders are that have not arrived yet."""

    @property
    def changes_something(self) -> bool:
        """Whether anything is not as it was."""
        return bool(self.moves) or self.changes_belonging

    @property
    def totals(self) -> list[tuple[Stake, str]]:
        """The difference for each partner and currency, by name."""
        sums: dict[tuple[str, UUID, str], int] = {}
        for move in self.moves:
            for sign, stakes in ((-1, move.was), (1, move.will)):
                for stake in stakes:
                    key = (stake.partner, stake.partner_id, move.order.currency)
                    sums[key] = sums.get(key, 0) + sign * stake.amount
        return [(Stake(id, name, amount), currency) for (name, id, currency), amount in sorted(sums.items())]


def reattribute(
    customer: Customer,
    *,
    partner: Partner | None,
    past: str = Past.STAYS,
    since: datetime | None = None,
    reason: str,
    dry_run: bool = False,
    actor: Actor,
) -> Reattribution:
    """Give a customer of the running tenant to `partner`, or to nobody; told again it changes nothing.

    `past` says what becomes of the orders that are there: it `stays`, those placed `since` a moment move (direct ones
    too), or all whose commissions are `unpaid`. With `dry_run` nothing is kept and the answer says what would be.

    Conflict `partner_not_approved` or `self_referral`; DomainError `since_needed`, `orders_too_many`; NotFound for a
    customer who was deleted.
    """
    reason = inputs.line(reason, "reason", longest=500, required=True)
    if past not in Past.values:
        raise DomainError(f"Choose one of {', '.join(Past.values)}.", code="invalid_choice", field="past")
    if (past == Past.SINCE) != (since is not None):
        raise DomainError("Say from when the orders move, and only then.", code="since_needed", field="since")
    if since is not None:
        inputs.moment(since, "since")
        check_moment(since, now=timezone.now(), field="since")
    with transaction.atomic():
        done = _Move(customer, partner, past, since, reason, actor).run()
        if dry_run:
            transaction.set_rollback(True)
    return done


class _Move:
    """One re-attribution under way."""

    def __init__(
        self,
        customer: Customer,
        partner: Partner | None,
        past: str,
        since: datetime | None,
        reason: str,
        actor: Actor,
    ) -> None:
        self.customer, self.partner, self.past, self.since = customer, partner, past, since
        self.reason, self.actor = reason, actor
        self.merchant = Merchant(id=customer.merchant_id)
        self.now = timezone.now()

    def run(self) -> Reattribution:
        lock(self.customer)
        if self.customer.status == CustomerStatus.ERASED:
            raise NotFound("This customer was deleted.")
        found = self.merchant.customer_attributions.filter(customer=self.customer).select_related("partner").first()
        before = found.partner if found else None
        belonging = belonging_of(self.customer)
        sorted_out = self._sorted_out(before)
        if self.partner is not None:
            # After the orders, as everybody locks partners: nobody suspends them from here on.
            lock(self.partner)
        self._check(before)
        came_at = _first(belonging, sorted_out.moves)
        if sorted_out.moves:
            self._move(sorted_out, came_at)
        now = self._belonging(belonging, came_at)
        if now != belonging:
            keep(self.customer, now)
        done = Reattribution(before, self.partner, sorted_out.moves, sorted_out.stays, now != belonging)
        if done.changes_something:
            self._audit(done)
        return done

    def _sorted_out(self, before: Partner | None) -> SortedOut:
        if self.past == Past.STAYS:
            return SortedOut([], [], frozenset())
        return sort_out(self.customer, to=self.partner, before=before, since=self.since)

    def _belonging(self, before: Belonging, came_at: datetime | None) -> Belonging:
        """Whose the customer is from now on, and whose the orders are that arrive late."""
        id, since = self.partner.id if self.partner else None, self.now
        if self.past == Past.STAYS:
            return before.given(id, begins=self.now, since=since)
        if came_at is not None:
            # Nobody had them before they came at all, whatever day was named: months count from when they came.
            since = max(came_at, self.since) if self.since is not None else came_at
        return before.given(id, begins=self.since, since=since)

    def _check(self, before: Partner | None) -> None:
        partner = self.partner
        if partner is None or (partner == before and self.past == Past.STAYS):
            return
        if partner.status != PartnerStatus.APPROVED:
            raise Conflict(
                f"{partner.name} is {partner.status}: approve the partner first.",
                code="partner_not_approved",
                field="partner_id",
            )
        _, configured = self._known()
        decided = attribution.decide(
            [self._candidate(partner)],
            # Whoever decides by hand decides against the precedence too.
            policy=replace(configured.policy, precedence=("customer",)),
            ordered_at=self.now,
            buyer_emails=(self.customer.email,),
        )
        if decided.winner is None:
            raise Conflict(
                f"{partner.name} and this customer are the same person: choose another partner.",
                code="self_referral",
                field="partner_id",
            )

    def _known(self) -> tuple[Known, Configuration]:
        """What the ingest would know of a sale that names the partner."""
        assert self.partner is not None
        known = ingest.known_about([Event(partner=str(self.partner.id))])
        return known, configuration(known.version)

    def _candidate(self, partner: Partner) -> Candidate:
        return Candidate(
            kind="customer",
            at=self.now,
            ref="by hand",
            partner_id=partner.id,
            partner_name=partner.name,
            partner_status=partner.status,
            partner_email=partner.email,
        )

    def _move(self, sorted_out: SortedOut, came_at: datetime | None) -> None:
        moves = sorted_out.moves
        self._take_back(moves)
        standing.forget_rows(sorted_out.counted)
        if self.partner is not None:
            self._earn_anew(moves, came_at)
        for move in moves:
            order = move.order
            old, order.partner = order.partner_id, self.partner
            order.attribution = self._decided(order)
            order.save(update_fields=["partner", "attribution"])
            touched = [(id, order.placed_at, order.customer_id) for id in (old, order.partner_id)]
            mark_many(touched)

    def _take_back(self, moves: Sequence[Move]) -> None:
        # Without the name: these words stand beside somebody else's money, and would outlive a partner who is erased.
        to = "another partner" if self.partner else "nobody"
        why = f"The customer was given to {to}: {self.reason}"
        left_before = {
            (order, partner): times
            for order, partner, times in self.merchant.commissions.filter(
                order__in=[move.order for move in moves], moved__gt=0
            )
            .values_list("order", "partner")
            .annotate(times=Max("moved"))
        }
        for move in moves:
            for commission in move.commissions:
                commission.moved = left_before.get((commission.order_id, commission.partner_id), 0) + 1
                take_back(commission, kind=DecisionKind.REATTRIBUTION, reason=why, at=self.now, actor=self.actor)
                take_adjustments_back(commission, reason=why[:500], actor=self.actor)
        close_moot(
            {c.id: f"Order {move.order.external_id} was given to {to}" for move in moves for c in move.commissions},
            actor=self.actor,
        )

    def _earn_anew(self, moves: Sequence[Move], came_at: datetime | None) -> None:
        assert self.partner is not None
        known, configured = self._known()
        orders = [order_shown(move.order) for move in moves]
        winner, emails = self._candidate(self.partner), (self.customer.email,)
        decision = price(self.merchant.id, orders, winner, emails, known, configured, self.now, came_at=came_at)
        needed = decision.needed()
        counts = standing.locked(needed, new_customers=(), zone=configured.zone) if needed else Counts()
        priced = decision.repriced(counts)
        write(priced.plan, actor=self.actor)
        made = {
            id: list(rows)
            for id, rows in groupby(self._standing([move.order for move in moves]), key=lambda row: row.order_id)
        }
        for move in moves:
            move.nothing = priced.nothing.get(move.order.id, {}).get("working", "")
            for commission in made.get(move.order.id, []):
                if move.order.refunded:
                    reverse_for_earlier_refunds(order=move.order, commission=commission)
                left = commission.amount - commission.reversed
                move.will.append(Stake(commission.partner_id, commission.partner.name, left))

    def _standing(self, orders: Iterable[Order]) -> "models.QuerySet[Commission]":
        rows = self.merchant.commissions.filter(order__in=list(orders), moved=0)
        return rows.select_related("partner", "reward_version").order_by("order", "id")

    def _decided(self, order: Order) -> dict[str, Any]:
        """The order's attribution from now on: every touch of before, and the decision by hand that beat them."""
        lost = {"lost": "moved_by_hand", "why": "given to another partner by hand, later"}
        touches = [touch if "lost" in touch else touch | lost for touch in order.attribution.get("candidates", [])]
        said = f"by hand, {self.actor.name}: {self.reason}"
        if self.partner is None:
            return {"outcome": "direct", "reason": said, "candidates": touches}
        won = {"via": BY_HAND, "ref": self.actor.name, "partner": str(self.partner.id), "name": self.partner.name}
        return {
            "outcome": "attributed",
            "via": BY_HAND,
            "partner": str(self.partner.id),
            "reason": said,
            "candidates": [*touches, won],
        }

    def _audit(self, done: Reattribution) -> None:
        def named(partner: Partner | None) -> dict[str, Any]:
            return {"partner_id": str(partner.id) if partner else None, "partner": partner.name if partner else None}

        moved = [
            {
                "order": move.order.external_id,
                "currency": move.order.currency,
                "was": [_shown(stake) for stake in move.was],
                "is": [_shown(stake) for stake in move.will],
            }
            for move in done.moves
        ]
        after = named(done.after) | {
            "past": str(self.past),
            "since": self.since.isoformat() if self.since else None,
            "reason": self.reason,
            "moved": moved,
            "stayed": {stay.order.external_id: stay.why for stay in done.stays},
        }
        audit.record(
            self.actor, "customer.reattribute", "customer", self.customer.id, before=named(done.before), after=after
        )


def _shown(stake: Stake) -> dict[str, Any]:
    """As the audit log keeps it: a name stands beside its id, so that it can go (`tracking.mentions`)."""
    return {"partner_id": str(stake.partner_id), "partner": stake.partner, "amount": stake.amount}


def _first(belonging: Belonging, moves: Iterable[Move]) -> datetime | None:
    """When the customer first came to any partner, those orders included that only now get one."""
    came = [move.order.placed_at for move in moves]
    if belonging.came_at is not None:
        came.append(belonging.came_at)
    return min(came, default=None)
