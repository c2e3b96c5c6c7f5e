"""DECIDE: from what is known to what shall be written. Pure: no database, no clock.

Events are decided in the order they came, each seeing what the ones before it in the batch did. An event that is
refused has an error of its own and leaves no trace in the plan. Whose the orders are is decided first, of all of them;
then it is known which rows have to be locked for tiers and caps (`needed`), and with those the rewards are (`priced`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from affiliates import attribution
from affiliates.attribution import Attribution, Candidate
from merchants.errors import Conflict, DomainError
from merchants.ids import new_id
from rewards import engine
from rewards.basket import OrderFacts, OrderLine
from rewards.conditions import NOTHING_YET
from rewards.counting import Counts, Key, keys_for
from rewards.engine import Reward
from rewards.rules import Rules
from stats.marks import touched_by
from tracking.accrual import accrue, own_rules, rules_by_level
from tracking.answers import CommissionShown, OrderShown, SaleAnswer
from tracking.buyers import Buyer, Buyers
from tracking.configuration import Configuration
from tracking.events import Sale
from tracking.load import Known, PartnerRow
from tracking.plan import Outcome, Plan
from tracking.shares import Recruiters
from tracking.touches import Touches


def decide(
    merchant_id: UUID, sales: Sequence[Sale | DomainError], known: Known, configured: Configuration, now: datetime
) -> "Decision":
    """A batch decided up to its rewards; an event that was refused comes as its error and goes through as one."""
    decision = Decision(merchant_id, known, configured, now)
    for sale in sales:
        decision.plan.outcomes.append(decision.outcome(sale))
    return decision


@dataclass(slots=True)
class Priced:
    """What orders earn that go to a partner after they were recorded."""

    plan: Plan
    """Their commissions and postings, and nothing else."""
    commissions: dict[UUID, list[CommissionShown]]
    """By order."""
    nothing: dict[UUID, dict[str, Any]]
    """By order: why nobody earns on it, where nobody does."""


def price(
    merchant_id: UUID,
    orders: Sequence[OrderShown],
    winner: Candidate,
    buyer_emails: Collection[str | None],
    known: Known,
    configured: Configuration,
    now: datetime,
    *,
    came_at: datetime | None,
) -> "Decision":
    """Recorded orders that go to `winner`, decided up to their rewards, by the rules of each order's time.

    They are of one customer, who first came `came_at` that moment, as a sale of theirs would count it.
    `known` is what LOAD says of an event that names the winner's partner. Refunds are not looked at. Whoever asks has
    the rows of `needed` locked and goes on with `repriced`.
    """
    decision = Decision(merchant_id, known, configured, now)
    for order in orders:
        decision.goes_to(order, winner, buyer_emails, came_at)
    return decision


@dataclass(frozen=True, slots=True)
class _Earning:
    """An order that has a partner, and what its reward depends on."""

    order: OrderShown
    partner: PartnerRow
    record: dict[str, Any]
    """The attribution, which says why there is no reward."""
    answer: SaleAnswer
    facts: OrderFacts
    rules: dict[str, Rules]
    keys: tuple[Key, ...]
    buyer_emails: Collection[str | None]


class Decision:
    """One batch being decided."""

    def __init__(self, merchant_id: UUID, known: Known, configured: Configuration, now: datetime) -> None:
        self.plan = Plan()
        self._earnings: list[_Earning] = []
        self._id = merchant_id
        self._merchant_id = str(merchant_id)
        self._configured = configured
        self._now = now
        self._buyers = Buyers(known, self.plan, merchant_id, now)
        self._touches = Touches(known)
        self._own_rules = own_rules(known)
        self._recruiters = Recruiters(known, self._own_rules, configured)
        self._orders: dict[tuple[str, str], tuple[str, SaleAnswer]] = {
            (row.source, row.external_id): (
                row.fingerprint, SaleAnswer(order=row.order, attribution=row.attribution, commissions=row.commissions)
            )
            for row in known.orders
        }  # fmt: skip

        self._deleted = {(row.source, row.external_id) for row in known.orders if row.deleted}

    def outcome(self, sale: Sale | DomainError) -> Outcome:
        """Decide one event."""
        if isinstance(sale, DomainError):
            return Outcome(error=sale)
        fingerprint = sale.fingerprint()
        if (sale.source, sale.order_id) in self._deleted:
            return Outcome(error=_deleted(sale))
        there = self._orders.get((sale.source, sale.order_id))
        if there is not None and there[0] == fingerprint:
            return Outcome(answer=there[1])
        if there is not None:
            return Outcome(error=_contradiction(sale))
        answer = self._new(sale, fingerprint)
        self._orders[sale.source, sale.order_id] = fingerprint, answer
        return Outcome(created=True, answer=answer)

    def _new(self, sale: Sale, fingerprint: str) -> SaleAnswer:
        placed_at = sale.placed_at or self._now
        buyer = self._buyers.find_or_plan(sale.customer) if sale.customer else None
        decided = attribution.decide(
            self._touches.candidates(sale, buyer, placed_at),
            policy=self._configured.policy,
            ordered_at=placed_at,
            buyer_emails=buyer.emails(sale.customer) if buyer and sale.customer else (),
        )
        order = self._order(sale, fingerprint, placed_at, buyer, decided)
        answer = SaleAnswer(order=order, attribution=decided.record, commissions=[])
        if decided.winner is not None and decided.winner.partner_id is not None:
            emails = buyer.emails(sale.customer) if buyer and sale.customer else ()
            partner = self._touches.partners[decided.winner.partner_id]
            self._earnings.append(self._earning(answer, buyer.came_at if buyer else None, partner, emails))
        self._remember(order, buyer, decided)
        return answer

    def _earning(
        self,
        answer: SaleAnswer,
        came_at: datetime | None,
        partner: PartnerRow,
        buyer_emails: Collection[str | None],
    ) -> _Earning:
        order, zone = answer.order, self._configured.zone
        rules = rules_by_level(partner, self._own_rules.get(partner.id), self._configured)
        return _Earning(
            order=order,
            partner=partner,
            record=answer.attribution,
            answer=answer,
            facts=_facts(order, came_at, zone),
            rules=rules,
            keys=keys_for(rules.values(), partner.id, order.customer_id, order.placed_at, zone),
            buyer_emails=buyer_emails,
        )

    def goes_to(
        self,
        order: OrderShown,
        winner: Candidate,
        buyer_emails: Collection[str | None],
        came_at: datetime | None,
    ) -> None:
        """A recorded order becomes the partner's; its customer first came `came_at` that moment."""
        assert winner.partner_id is not None
        answer = SaleAnswer(order=order, attribution={}, commissions=[])
        self._earnings.append(self._earning(answer, came_at, self._touches.partners[winner.partner_id], buyer_emails))

    def repriced(self, counts: Counts) -> Priced:
        """What the orders earn that went to a partner after they were recorded."""
        plan = self.priced(counts)
        answers = [earning.answer for earning in self._earnings]
        return Priced(
            plan,
            {answer.order.id: answer.commissions for answer in answers},
            {answer.order.id: answer.attribution["reward"] for answer in answers if "reward" in answer.attribution},
        )

    def needed(self) -> set[Key]:
        """The rows that have to be counted under a lock; mostly none."""
        return {key for earning in self._earnings for key in earning.keys}

    def new_customers(self) -> set[UUID]:
        """Customers whom nobody knew before this batch."""
        return {row["id"] for row in self.plan.new_customers}

    def priced(self, counts: Counts) -> Plan:
        """The whole plan, with the commissions, as `counts` stood before the batch."""
        for earning in self._earnings:
            self._price(earning, counts)
        self.plan.counted(self._id, counts)
        return self.plan

    def _order(
        self, sale: Sale, fingerprint: str, placed_at: datetime, buyer: Buyer | None, decided: Attribution
    ) -> OrderShown:
        winner = decided.winner
        order = OrderShown(
            id=new_id(),
            order_id=sale.order_id,
            source=sale.source,
            amount=sale.amount,
            currency=sale.currency,
            tax=sale.tax,
            shipping=sale.shipping,
            discount=sale.discount,
            refunded=0,
            lines=[
                {"product_key": line.product_key, "category": line.category, "quantity": line.quantity,
                 "amount": line.amount}
                for line in sale.lines
            ],
            coupon=sale.coupon.upper() if sale.coupon else None,
            click_id=sale.click_id,
            customer_id=buyer.row.id if buyer else None,
            partner_id=winner.partner_id if winner else None,
            country=sale.country,
            platform=sale.platform,
            notes=sale.notes,
            metadata=sale.metadata,
            is_first=buyer.is_first_order if buyer else False,
            placed_at=placed_at,
            created_at=self._now,
        )  # fmt: skip
        self.plan.orders.append(
            {
                "merchant_id": self._merchant_id,
                "id": order.id,
                "source": order.source,
                "external_id": order.order_id,
                "fingerprint": fingerprint,
                "customer_id": order.customer_id,
                "partner_id": order.partner_id,
                "coupon_id": winner.object_id if winner and winner.kind == "coupon" else None,
                "is_coupon_use": self._is_counted(winner),
                "click_id": order.click_id,
                "currency": order.currency,
                "amount": order.amount,
                "tax": order.tax,
                "shipping": order.shipping,
                "discount": order.discount,
                "refunded": 0,
                "lines": order.lines,
                "coupon_code": order.coupon or "",
                "country": order.country or "",
                "platform": order.platform,
                "notes": order.notes,
                "metadata": order.metadata,
                "attribution": decided.record,
                "is_first": order.is_first,
                "placed_at": order.placed_at,
                "created_at": order.created_at,
            }
        )
        return order

    def _price(self, earning: _Earning, counts: Counts) -> None:
        order, currency = earning.order, earning.order.currency
        standing = counts.standing(earning.keys, currency) if earning.keys else NOTHING_YET
        reward = engine.decide(earning.facts, earning.rules, standing=standing)
        if not isinstance(reward, Reward):
            earning.record["reward"] = reward
            return
        counts.add(earning.keys, currency, earned=reward.amount, revenue=order.amount)
        commission = accrue(
            self.plan, reward, merchant_id=self._id, id=new_id(), partner=earning.partner, currency=currency,
            order_id=order.id, customer_id=order.customer_id, occurred_at=order.placed_at,
            hold_days=self._configured.hold(earning.partner.group_id), now=self._now,
        )  # fmt: skip
        shares = self._recruiters.accrue(
            self.plan, reward, commission, merchant_id=self._id, partner=earning.partner, order_id=order.id,
            customer_id=order.customer_id, occurred_at=order.placed_at, room=reward.base - reward.amount,
            buyer_emails=earning.buyer_emails, now=self._now,
        )  # fmt: skip
        earning.answer.commissions += [commission, *shares.commissions]
        if shares.record:
            earning.record["levels"] = shares.record

    def _remember(self, order: OrderShown, buyer: Buyer | None, decided: Attribution) -> None:
        """What the order changes besides itself: the coupon's uses, whose the customer is, what is stale."""
        winner = decided.winner
        if winner is not None and winner.kind == "coupon":
            self._use(order.coupon or "")
        if buyer is not None:
            buyer.is_first_order = False
            if winner is not None and winner.partner_id and buyer.is_free_at(order.placed_at):
                self._belong(buyer, winner, order.placed_at)
        self.plan.touched.extend(touched_by(order.partner_id, order.placed_at, order.customer_id))

    def _is_counted(self, winner: Candidate | None) -> bool:
        """Whether the sale is a use of a coupon that has a limit."""
        if winner is None or winner.kind != "coupon":
            return False
        return self._touches.coupons[winner.ref.upper()].max_uses is not None

    def _use(self, code: str) -> None:
        coupon = self._touches.coupons[code.upper()]
        if coupon.max_uses is not None:
            coupon.uses += 1
            self.plan.coupon_uses[coupon.id] = self.plan.coupon_uses.get(coupon.id, 0) + 1

    def _belong(self, buyer: Buyer, winner: Candidate, since: datetime) -> None:
        assert winner.partner_id is not None
        self._buyers.belongs_to(buyer, winner.partner_id, since)
        self.plan.belong(self._id, buyer.row.id, winner, since)


def _deleted(sale: Sale) -> Conflict:
    return Conflict(
        f"Order {sale.order_id!r} was deleted and stays deleted. To have it again, record it under another order_id.",
        code="order_deleted",
        field="order_id",
    )


def _contradiction(sale: Sale) -> Conflict:
    return Conflict(
        f"Order {sale.order_id!r} was recorded with other content and stays as it was. "
        "Send a refund to take something back, or another order_id for another order.",
        code="order_conflict",
        field="order_id",
    )


def _facts(order: OrderShown, came_at: datetime | None, zone: ZoneInfo) -> OrderFacts:
    return OrderFacts(
        amount=order.amount,
        currency=order.currency,
        placed_at=order.placed_at,
        tax=order.tax,
        shipping=order.shipping,
        discount=order.discount,
        lines=tuple([OrderLine(line["amount"], line["product_key"], line["category"]) for line in order.lines]),
        country=order.country or "",
        is_new=order.is_first if order.customer_id else None,
        first_at=came_at.astimezone(zone) if came_at else None,
        coupon=order.coupon or "",
        metadata=order.metadata,
    )
