"""A lead: a customer who came through a partner and has not bought yet. It decides whose their orders will be.

Where a rule pays for leads, the lead's commission is made in the same transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from affiliates import attribution
from affiliates.attribution import Attribution
from affiliates.models import Lead as LeadRow
from commissions import standing
from merchants import audit, inputs
from merchants.audit import Actor
from merchants.errors import Conflict, DomainError
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.tenancy import current
from rewards.basket import OrderFacts
from rewards.counting import Counts, keys_for
from rewards.engine import Reward, decide
from stats.marks import mark
from tracking import ingest
from tracking.accrual import accrue, own_rules, rules_by_level
from tracking.buyers import Buyer, Buyers
from tracking.configuration import configuration
from tracking.events import Lead, check_moment, check_texts, clean_customer, fingerprint_of
from tracking.load import Known
from tracking.plan import Plan
from tracking.shares import Recruiters
from tracking.touches import Touches
from tracking.write import write


@dataclass(frozen=True, slots=True)
class LeadRecorded:
    """The lead, and whether this call made it."""

    created: bool
    lead: LeadRow


def record_lead(asked: Lead, *, actor: Actor, now: datetime | None = None) -> LeadRecorded:
    """Record a lead of the running tenant and, if it wins, tie the customer to the partner.

    A customer who already belongs to a partner stays with them. Conflict when the customer had a lead of this name
    with other content. `Contended` as in `ingest.record`.
    """
    now = now or timezone.now()
    _clean(asked, now)
    known = ingest.known_about([asked])
    plan = Plan()
    assert asked.customer is not None
    buyer = Buyers(known, plan, current(), now).find_or_plan(asked.customer)
    fingerprint = fingerprint_of(asked)
    there = Merchant(id=current()).leads.filter(customer_id=buyer.row.id, name=asked.name).first()
    if there is not None:
        return _told_again(there, fingerprint)
    happened = asked.occurred_at or now
    decided = _decide(asked, buyer, known, happened)
    if decided.winner is not None and decided.winner.partner_id and buyer.is_free_at(happened):
        plan.belong(current(), buyer.row.id, decided.winner, happened)
    lead_id = new_id()
    _reward(plan, known, buyer, decided, asked, happened, lead_id, now)
    write(plan, actor=actor)
    lead = _save(lead_id, asked, buyer, decided, fingerprint, happened)
    mark(lead.partner_id, happened, buyer.row.id)
    audit.record(actor, "lead.record", "lead", lead.id, after={"name": lead.name, "customer": str(buyer.row.id)})
    return LeadRecorded(True, lead)


def _clean(asked: Lead, now: datetime) -> None:
    if asked.customer is None:
        raise DomainError("A lead needs a customer.", code="required", field="customer")
    check_texts(asked)
    clean_customer(asked.customer, field="customer")
    check_moment(asked.occurred_at, now=now, field="occurred_at")
    inputs.metadata(asked.metadata, "metadata")


def _decide(asked: Lead, buyer: Buyer, known: Known, happened: datetime) -> Attribution:
    return attribution.decide(
        Touches(known).candidates(asked, buyer, happened),
        policy=configuration(known.version).policy,
        ordered_at=happened,
        buyer_emails=buyer.emails(asked.customer) if asked.customer else (),
    )


def _reward(
    plan: Plan,
    known: Known,
    buyer: Buyer,
    decided: Attribution,
    asked: Lead,
    happened: datetime,
    lead_id: UUID,
    now: datetime,
) -> None:
    """What the lead earns. Its commission has the lead's own id, so that it is there at most once."""
    if decided.winner is None or decided.winner.partner_id is None:
        return
    configured = configuration(known.version)
    partner = next(row for row in known.partners if row.id == decided.winner.partner_id)
    own = own_rules(known)
    rules = rules_by_level(partner, own.get(partner.id), configured)
    zone, currency = configured.zone, configured.currency
    keys = keys_for(rules.values(), partner.id, buyer.row.id, happened, zone)
    new_customers = {row["id"] for row in plan.new_customers}
    counts = standing.locked(keys, new_customers=new_customers, zone=zone) if keys else Counts()
    facts = OrderFacts(
        amount=0,
        currency=currency,
        placed_at=happened,
        is_new=buyer.is_first_order,
        first_at=came_at.astimezone(zone) if (came_at := buyer.came_at) else None,
        coupon=(asked.coupon or "").upper(),
        metadata=asked.metadata,
    )
    reward = decide(facts, rules, standing=counts.standing(keys, currency), event="lead")
    if not isinstance(reward, Reward):
        return
    reward.explanation.update(event="lead", called=f"Lead: {asked.name}")
    counts.add(keys, currency, earned=reward.amount)
    plan.counted(current(), counts)
    commission = accrue(
        plan, reward, merchant_id=current(), id=lead_id, partner=partner, currency=currency, order_id=None,
        customer_id=buyer.row.id, occurred_at=happened, hold_days=configured.hold(partner.group_id), now=now,
    )  # fmt: skip
    Recruiters(known, own, configured).accrue(
        plan, reward, commission, merchant_id=current(), partner=partner, order_id=None, customer_id=buyer.row.id,
        occurred_at=happened, room=None, buyer_emails=buyer.emails(asked.customer) if asked.customer else (), now=now,
    )  # fmt: skip


def _save(
    lead_id: UUID, asked: Lead, buyer: Buyer, decided: Attribution, fingerprint: str, happened: datetime
) -> LeadRow:
    return Merchant(id=current()).leads.create(
        id=lead_id,
        customer_id=buyer.row.id,
        partner_id=decided.winner.partner_id if decided.winner else None,
        name=asked.name,
        fingerprint=fingerprint,
        attribution=decided.record,
        metadata=asked.metadata,
        occurred_at=happened,
    )


def _told_again(there: LeadRow, fingerprint: str) -> LeadRecorded:
    if there.fingerprint != fingerprint:
        raise Conflict(
            f"This customer's lead {there.name!r} was recorded with other content and stays as it was.",
            code="lead_conflict",
            field="name",
        )
    return LeadRecorded(False, there)
