"""A merchant with at least one row in every table that a tenant owns, mostly through the real verbs."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import models
from django.utils import timezone

from affiliates import applications
from affiliates.program_terms import accept, publish_terms
from affiliates.programs import update_applications
from affiliates.questions import create_question
from bonuses import reaching
from bonuses.models import Rung
from bonuses.plans import create_bonus, today_of
from commissions.adjustment import adjust
from commissions.flags import Doubt, raise_doubts
from commissions.hold import release_due
from commissions.rejection import reject
from customers.provider_keys import add_provider_key
from fraud.addresses import note
from fraud.rules import RULES
from fraud.switches import set_rule
from jobs.start import start
from merchants import tenancy
from merchants.ids import new_id
from merchants.invitations import invite
from merchants.letters import LETTERS, set_words
from merchants.models import Merchant
from outreach.library import create_asset, note_use
from outreach.news import draft, mark_read, unsubscribe
from payouts.manual import record_payout
from rewards.details import Details, Tier
from rewards.terms import add_rule, set_reward
from tests.factories import (
    ACTOR,
    ApiKeyFactory,
    CommissionFactory,
    CustomerFactory,
    GroupFactory,
    MembershipFactory,
    PartnerFactory,
)
from tracking import ingest
from tracking.events import Refund, Sale, SaleCustomer
from tracking.refunds import record_refund

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def owned_models() -> list[type[models.Model]]:
    """Every model whose rows belong to one merchant."""
    return [
        model for model in apps.get_models() if any(field.attname == "merchant_id" for field in model._meta.fields)
        if model.__name__ != "Locator"
    ]  # fmt: skip


def populate(merchant: Merchant, canary: str) -> None:
    """Give the merchant a full life; `canary` is in its texts."""
    with tenancy.tenant(merchant.id):
        MembershipFactory(name=canary)
        ApiKeyFactory(name=canary)
        invite(email=f"{canary}@invited.example", role="viewer", actor=ACTOR)
        set_words(merchant, LETTERS["activation"], subject=canary, body="{link}", actor=ACTOR)
        partner = PartnerFactory(name=canary, coupon_code=canary)
        partner.group = GroupFactory(name=canary, program=partner.program)
        partner.save()
        _terms(partner, canary)
        _application(partner, canary)
        _recruiter(partner)
        _sell(canary)
        reject(merchant.commissions.get(order__external_id=f"{canary}-2", level=0), reason=canary, actor=ACTOR)
        CommissionFactory(partner=partner, reason=canary)
        approved = [c.id for c in partner.commissions.filter(status="approved", currency="USD")]
        record_payout(
            partner=partner, commission_ids=approved, transaction_id=canary, paid_on=date(2026, 3, 2), actor=ACTOR
        )
        start("backoffice.partners", merchant=merchant, parameters={"query": f"q={canary}"}, actor=ACTOR)
        _outreach(merchant, partner, canary)
        _fraud(merchant, partner)
        _bonus(merchant, partner, canary)
        _without_verbs(merchant, partner, canary)
        reject(CommissionFactory(partner=partner, reason=canary), reason=canary, actor=ACTOR)
        sold = merchant.commissions.get(order__external_id=f"{canary}-1", level=0)
        adjust(sold, amount=900, reason=canary, actor=ACTOR)
        add_provider_key(merchant.customers.get(external_id=canary), provider="stripe", key=canary, actor=ACTOR)


def _outreach(merchant: Merchant, partner: Any, canary: str) -> None:
    asset = create_asset(merchant=merchant, kind="text", title=canary, body=canary, actor=ACTOR)
    note_use(asset, partner)
    mark_read(draft(merchant=merchant, title=canary, body=canary, program=partner.program, actor=ACTOR), partner)
    unsubscribe(partner, actor=ACTOR)


def _fraud(merchant: Merchant, partner: Any) -> None:
    rule = RULES["self_referral"]
    set_rule(rule, merchant=merchant, is_on=True, parameters={}, actor=ACTOR)
    note(partner, "hash")
    CommissionFactory(partner=partner)
    found = [Doubt(row.id, rule.key, 3, "Found", {}) for row in partner.commissions.filter(status="approved")]
    raise_doubts(found, actor=ACTOR)
    merchant.screened.create(commission_id=found[0].commission_id)


def _bonus(merchant: Merchant, partner: Any, canary: str) -> None:
    for owner in ({"program": partner.program}, {"group": partner.group}, {"partner": partner}):
        create_bonus(
            name=canary, measure="orders", period="month", currency="USD", ladder=[Rung(1, 500)], actor=ACTOR, **owner
        )
    merchant.partner_days.create(partner_id=partner.id, day=today_of(), currency="USD", kept_orders=1)
    merchant.bonuses_due.create(partners=[partner.id])
    assert reaching.settle() == 1
    merchant.bonuses_due.create(partners=[partner.id])


def _terms(partner: Any, canary: str) -> None:
    since = NOW - timedelta(days=90)
    for owner in ({"partner": partner}, {"group": partner.group}, {"program": partner.program}):
        set_reward(kind="percentage", percent=10, effective_from=since, actor=ACTOR, **owner)
    tiered = Details(name=canary, tiers=(Tier(2, percent=Decimal(10)),), first_orders=1000)
    add_rule(partner=partner, kind="percentage", percent=10, details=tiered, effective_from=since, actor=ACTOR)


def _application(partner: Any, canary: str) -> None:
    program = partner.program
    update_applications(program, changes={"applications_open": True}, actor=ACTOR)
    question = create_question(program=program, label=canary, actor=ACTOR)
    terms = publish_terms(program=program, text=canary, actor=ACTOR)
    sent, _ = applications.apply(
        application_id=new_id(), program=program, group=partner.group, name=canary, email=f"{canary}@applies.example",
        website="", answers={question.id: canary}, terms=terms, recruiter=partner, at=timezone.now(), actor=ACTOR,
    )  # fmt: skip
    sent.merchant.applications.filter(id=sent.id).update(partner=partner, confirmed_at=NOW)
    accept(partner, terms, at=NOW, actor=ACTOR)


def _recruiter(partner: Any) -> None:
    long_ago = NOW - timedelta(days=90)
    details = Details(event="recruit")
    add_rule(
        program=partner.program, kind="percentage", percent=10, details=details, effective_from=long_ago, actor=ACTOR
    )
    partner.recruiter, partner.recruited_at = PartnerFactory(name="Ruth"), long_ago
    partner.save()


def _sell(canary: str) -> None:
    customer = SaleCustomer(external_id=canary, email=f"{canary}@example.com", name=canary)
    for number in (1, 2):
        sale = Sale(
            order_id=f"{canary}-{number}", amount=10_000, currency="USD", coupon=canary, customer=customer,
            placed_at=NOW - timedelta(days=60),
        )  # fmt: skip
        (outcome,) = ingest.record([sale], actor=ACTOR)
        assert outcome.error is None
    record_refund(Refund(order_id=f"{canary}-1", refund_id=canary, amount=5_000), actor=ACTOR)
    release_due(now=timezone.now())


def _without_verbs(merchant: Merchant, partner: Any, canary: str) -> None:
    customer = merchant.customers.get(external_id=canary)
    CustomerFactory(name=canary, email=f"second-{canary}@example.com")
    click = {"link": partner.links.get(), "partner": partner, "visitor": uuid4(), "clicked_at": NOW, "is_unique": True}
    merchant.clicks.create(**click, landing_url=f"https://{canary}.example")
    lead = {"customer": customer, "partner": partner, "fingerprint": "f", "attribution": {}, "occurred_at": NOW}
    merchant.leads.create(name=canary, **lead)
    merchant.earlier_attributions.create(customer=customer, partner=partner, since=NOW, until=NOW + timedelta(days=1))
    merchant.stored_answers.create(key=canary, request_fingerprint="f", status=201, body=canary)
    merchant.partner_days.create(partner_id=partner.id, day=NOW.date())
    merchant.merchant_days.create(day=NOW.date())
    merchant.partner_totals.create(partner_id=partner.id)
    merchant.customer_totals.create(customer_id=customer.id, currency="USD")
