"""A merchant with at least one row in every table that a tenant owns, mostly through the real verbs."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import models
from django.utils import timezone

from commissions.hold import release_due
from commissions.rejection import reject
from customers.provider_keys import add_provider_key
from jobs.start import start
from merchants import tenancy
from merchants.invitations import invite
from merchants.letters import LETTERS, set_words
from merchants.models import Merchant
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
        _sell(canary)
        CommissionFactory(partner=partner, reason=canary)
        approved = [c.id for c in merchant.commissions.filter(status="approved", currency="USD")]
        record_payout(
            partner=partner, commission_ids=approved, transaction_id=canary, paid_on=date(2026, 3, 2), actor=ACTOR
        )
        start("backoffice.partners", merchant=merchant, parameters={"query": f"q={canary}"}, actor=ACTOR)
        _without_verbs(merchant, partner, canary)
        reject(CommissionFactory(partner=partner, reason=canary), reason=canary, actor=ACTOR)
        add_provider_key(merchant.customers.get(external_id=canary), provider="stripe", key=canary, actor=ACTOR)


def _terms(partner: Any, canary: str) -> None:
    since = NOW - timedelta(days=90)
    for owner in ({"partner": partner}, {"group": partner.group}, {"program": partner.program}):
        set_reward(kind="percentage", percent=10, effective_from=since, actor=ACTOR, **owner)
    tiered = Details(name=canary, tiers=(Tier(2, percent=Decimal(10)),), first_orders=1000)
    add_rule(partner=partner, kind="percentage", percent=10, details=tiered, effective_from=since, actor=ACTOR)


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
    merchant.stored_answers.create(key=canary, request_fingerprint="f", status=201, body=canary)
    merchant.partner_days.create(partner_id=partner.id, day=NOW.date())
    merchant.merchant_days.create(day=NOW.date())
    merchant.partner_totals.create(partner_id=partner.id)
    merchant.customer_totals.create(customer_id=customer.id, currency="USD")
