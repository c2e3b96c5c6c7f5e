"""Giving a customer to another partner (SPEC A17), from now on or with orders of the past.

An order moves whole or not at all. What was earned on it is taken back from those who had it, and what the new partner
earns on it is worked out by the ingest's own pricing, on their terms at the time of the order, less what the order's
refunds would have taken: both stand in the books. Nothing that was paid moves, nor what somebody rejected, nor an order
that came to a third partner by their own coupon, click or name.

Locks: the customer, so that of two people the second finds what the first decided; then the orders by id, then their
commissions by id, as refunds and deletions lock them. A preview is the very same, rolled back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Exists, F, Max, OuterRef
from django.db.models.fields.json import KT
from django.utils import timezone

from affiliates import attribution
from affiliates.attribution import Candidate
from affiliates.models import BY_HAND, Partner, PartnerStatus
from commissions import standing
from commissions.adjustment import take_adjustments_back
from commissions.decisions import PAID, take_back
from commissions.models import Commission, CommissionStatus, DecisionKind
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
from tracking.events import Event
from tracking.load import Known
from tracking.reading import order_shown
from tracking.write import write

#: Orders that move in one transaction.
MOST = 2_000


class Past(models.TextChoices):
    """What becomes of the orders that are there."""

    STAYS = "stays"
    SINCE = "since"
    UNPAID = "unpaid"


@dataclass(frozen=True, slots=True)
class Share:
    """What a partner has of an order, in minor units of the order's currency."""

    partner_id: UUID
    partner: str
    amount: int


@dataclass(slots=True)
class Move:
    """An order that moves: what was earned on it, and what will be."""

    order: Order
    was: list[Share]
    will: list[Share] = field(default_factory=list)
    nothing: str = ""
    """Why nobody earns on it, where nobody does."""


@dataclass(frozen=True, slots=True)
class Stay:
    """An order that does not move, and why."""

    order: Order
    why: str


@dataclass(frozen=True, slots=True)
class Reattribution:
    """What was done, or would be. Each partner's sums are in `totals`: what they have more, or less, by currency."""

    before: Partner | None
    after: Partner | None
    moves: list[Move]
    stays: list[Stay]

    @property
    def changes_something(self) -> bool:
        """Whether anything is not as it was."""
        return bool(self.moves) or self.before != self.after

    @property
    def totals(self) -> list[tuple[Share, str]]:
        """The difference for each partner and currency, by name."""
        sums: dict[tuple[str, UUID, str], int] = {}
        for move in self.moves:
            for sign, shares in ((-1, move.was), (1, move.will)):
                for share in shares:
                    key = (share.partner, share.partner_id, move.order.currency)
                    sums[key] = sums.get(key, 0) + sign * share.amount
        return [(Share(id, name, amount), currency) for (name, id, currency), amount in sorted(sums.items())]


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
        self._check(before)
        moves, stays = self._sorted_out(before)
        if moves:
            self._move(moves)
        done = Reattribution(before, self.partner, [move for move, _ in moves], stays)
        if before != self.partner:
            self._belong()
        if done.changes_something:
            self._audit(done)
        return done

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

    def _sorted_out(self, before: Partner | None) -> tuple[list[tuple[Move, list[Commission]]], list[Stay]]:
        """The orders asked about, locked with their commissions: those that move, and those that stay and why."""
        if self.past == Past.STAYS:
            return [], []
        orders = list(self._orders()[: MOST + 1])
        if len(orders) > MOST:
            raise DomainError(
                f"More than {MOST:,} orders would move at once: name a later date, and go back step by step.",
                code="orders_too_many",
                field="since",
            )
        commissions = self._commissions(orders)
        adjusted, paid = self._adjusted(commissions)
        moves, stays = [], []
        for order in orders:
            mine = commissions.get(order.id, [])
            if why := _why_it_stays(order, mine, before, paid):
                stays.append(Stay(order, why))
                continue
            was = [Share(c.partner_id, c.partner.name, c.amount - c.reversed + adjusted.get(c.id, 0)) for c in mine]
            moves.append((Move(order, was), mine))
        return moves, stays

    def _orders(self) -> "models.QuerySet[Order]":
        standing = self.merchant.commissions.filter(order=OuterRef("pk"), moved=0)
        orders = self.customer.orders.select_related("partner").select_for_update(of=("self",), no_key=True)
        if self.past == Past.SINCE:
            orders = orders.filter(placed_at__gte=self.since)
        else:
            orders = orders.filter(Exists(standing))
        if self.partner is None:
            return orders.exclude(partner=None).order_by("id")
        return orders.exclude(partner=self.partner).order_by("id")

    def _commissions(self, orders: Sequence[Order]) -> dict[UUID, list[Commission]]:
        found = (
            self.merchant.commissions.filter(order__in=orders, moved=0)
            .select_related("partner", "reward_version")
            .select_for_update(of=("self",), no_key=True)
            .order_by("id")
        )
        by_order: dict[UUID, list[Commission]] = {}
        for commission in found:
            assert commission.order_id is not None
            by_order.setdefault(commission.order_id, []).append(commission)
        return by_order

    def _adjusted(self, commissions: Mapping[UUID, list[Commission]]) -> tuple[dict[UUID, int], set[UUID]]:
        """By commission what adjustments made of it; and those of which an adjustment is paid."""
        every = [commission for some in commissions.values() for commission in some]
        partners = {commission.partner_id for commission in every}
        by_hand = self.merchant.commissions.filter(order=None, partner__in=partners)
        rows = by_hand.annotate(adjusts=KT("explanation__adjusts")).filter(adjusts__in=[str(c.id) for c in every])
        sums: dict[UUID, int] = {}
        paid: set[UUID] = set()
        for adjusts, left, status in rows.values_list("adjusts", F("amount") - F("reversed"), "status"):
            sums[UUID(adjusts)] = sums.get(UUID(adjusts), 0) + left
            if status in PAID:
                paid.add(UUID(adjusts))
        return {id: amount for id, amount in sums.items() if amount}, paid

    def _move(self, moves: Sequence[tuple[Move, list[Commission]]]) -> None:
        self._take_back(moves)
        if self.partner is not None:
            self._earn_anew([move for move, _ in moves])
        for move, _ in moves:
            order = move.order
            old, order.partner = order.partner_id, self.partner
            order.attribution = self._decided(order)
            order.save(update_fields=["partner", "attribution"])
            touched = [(id, order.placed_at, order.customer_id) for id in (old, order.partner_id)]
            mark_many(touched)

    def _take_back(self, moves: Sequence[tuple[Move, list[Commission]]]) -> None:
        to = f"to {self.partner.name}" if self.partner else "to nobody"
        why = f"The customer was given {to}: {self.reason}"
        orders = [move.order for move, _ in moves]
        left_before = {
            (order, partner): times
            for order, partner, times in self.merchant.commissions.filter(order__in=orders, moved__gt=0)
            .values_list("order", "partner")
            .annotate(times=Max("moved"))
        }
        for _, commissions in moves:
            for commission in commissions:
                take_adjustments_back(commission, reason=why[:500], actor=self.actor)
                commission.moved = left_before.get((commission.order_id, commission.partner_id), 0) + 1
                take_back(commission, kind=DecisionKind.REATTRIBUTION, reason=why, at=self.now, actor=self.actor)

    def _earn_anew(self, moves: Sequence[Move]) -> None:
        assert self.partner is not None
        known, configured = self._known()
        orders = [order_shown(move.order) for move in moves]
        winner, emails = self._candidate(self.partner), (self.customer.email,)
        decision = price(self.merchant.id, orders, winner, emails, known, configured, self.now)
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
                move.will.append(Share(commission.partner_id, commission.partner.name, left))

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

    def _belong(self) -> None:
        rows = self.merchant.customer_attributions
        if self.partner is None:
            rows.filter(customer=self.customer).delete()
            return
        since = self.since or self.now
        rows.update_or_create(
            customer=self.customer, defaults={"partner": self.partner, "touch": BY_HAND, "since": since}
        )

    def _audit(self, done: Reattribution) -> None:
        def named(partner: Partner | None) -> dict[str, Any]:
            return {"partner_id": str(partner.id) if partner else None, "partner": partner.name if partner else None}

        moved = [
            {
                "order": move.order.external_id,
                "currency": move.order.currency,
                "was": {share.partner: share.amount for share in move.was},
                "is": {share.partner: share.amount for share in move.will},
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


def _why_it_stays(order: Order, commissions: Sequence[Commission], before: Partner | None, paid: set[UUID]) -> str:
    """Why an order does not move with its customer; empty for one that does."""
    for commission in commissions:
        name = commission.partner.name
        if commission.status == CommissionStatus.PAID:
            return f"{name} was paid for it"
        if commission.status == CommissionStatus.IN_PAYOUT:
            return f"it is in a payout to {name}"
        if commission.id in paid:
            return f"{name} was paid for an adjustment of it"
        if commission.status == CommissionStatus.REJECTED:
            return f"the commission of {name} was rejected: restore it first"
    if order.amount and order.refunded == order.amount:
        return "it was refunded in full: nothing of it is left"
    via = order.attribution.get("via")
    if order.partner is not None and order.partner != before and via not in ("customer", BY_HAND):
        return f"it came to {order.partner.name} by {_TOUCHES.get(str(via), 'their own doing')}"
    return ""


_TOUCHES = {"api": "their name", "coupon": "their coupon", "click": "their link"}
