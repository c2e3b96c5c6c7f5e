"""A merchant with one of everything, made through the doors' own verbs, with a word of its own in every text."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core.files.base import ContentFile
from django.utils import timezone

from affiliates import applications
from affiliates.coupons import create_coupon
from affiliates.links import create_link
from affiliates.models import Program
from affiliates.partners import create_partner
from affiliates.program_terms import publish_terms
from affiliates.programs import create_group, default_program, update_applications
from affiliates.questions import create_question
from bonuses.models import Rung
from bonuses.plans import create_bonus
from commissions.flags import Doubt, raise_doubts
from commissions.hold import release_due
from commissions.manual import record_manual
from commissions.review import decide
from customers.provider_keys import add_provider_key
from jobs import work
from jobs.start import start
from merchants import tenancy
from merchants.ids import new_id
from merchants.models import Merchant
from outreach.library import create_asset
from outreach.news import draft, publish
from payouts.manual import record_payout
from rewards.terms import set_reward
from tests.factories import ACTOR
from tracking import clicks, ingest
from tracking.events import Lead, Refund, RefundLine, Sale, SaleCustomer
from tracking.events import Line as SaleLine
from tracking.leads import record_lead
from tracking.refunds import record_refund


@dataclass(frozen=True)
class World:
    """Ids by the names that `api.examples.IDS` uses."""

    word: str
    ids: dict[str, UUID]


def build(merchant: Merchant, word: str) -> World:
    """One of everything for `merchant`. Every text that a caller could write contains `word`."""
    with tenancy.tenant(merchant.id):
        ids = _people(merchant, word)
        ids |= _history(merchant, word, ids)
        parameters = {"filters": {}, "scopes": ["read"]}
        export = start("api.partners", merchant=merchant, parameters=parameters, actor=ACTOR)
    work.run(merchant.id, export.id)
    return World(word, ids | {"export": export.id})


def _people(merchant: Merchant, word: str) -> dict[str, UUID]:
    program = default_program(actor=ACTOR)
    group = create_group(program=program, name=f"Group {word}", actor=ACTOR)
    partner = create_partner(
        name=f"Anna {word}",
        email=f"anna@{word}.example",
        group=group,
        coupon_code=f"{word}10",
        notes=f"notes {word}",
        tags=[word],
        metadata={word: [word]},
        actor=ACTOR,
    )
    coupon = create_coupon(partner=partner, code=f"{word}20", max_uses=5, actor=ACTOR)
    link = create_link(
        partner=partner, code=f"{word}-link", destination=f"https://{merchant.domains[0]}/{word}", actor=ACTOR
    )
    since = timezone.now() - timedelta(days=1000)
    reward = set_reward(program=program, kind="percentage", percent=10, effective_from=since, actor=ACTOR)
    set_reward(partner=partner, kind="percentage", percent=10, effective_from=since, actor=ACTOR)
    applied = _application(merchant, word, program)
    leaflet = ContentFile(f"%PDF-1.7 {word}".encode(), name="leaflet.pdf")
    asset = create_asset(merchant=merchant, kind="file", title=f"Asset {word}", upload=leaflet, actor=ACTOR)
    told = draft(merchant=merchant, title=f"News {word}", body=f"All about {word}", actor=ACTOR)
    publish(told, by_mail=False, actor=ACTOR)
    bonus = create_bonus(
        group=group, name=f"Bonus {word}", measure="orders", period="month", currency="USD",
        ladder=[Rung(1, 500), Rung(50, 5_000)], actor=ACTOR,
    )  # fmt: skip
    return {
        **applied,
        "asset": asset.id,
        "announcement": told.id,
        "program": program.id,
        "group": group.id,
        "partner": partner.id,
        "coupon": coupon.id,
        "link": link.id,
        "reward_version": reward.id,
        "bonus": bonus.id,
    }


def _application(merchant: Merchant, word: str, program: Program) -> dict[str, UUID]:
    """A question, terms, and somebody who answered and accepted."""
    update_applications(program, changes={"applications_open": True, "landing_text": f"Hello {word}"}, actor=ACTOR)
    question = create_question(program=program, label=f"Why {word}?", kind="long", actor=ACTOR)
    terms = publish_terms(program=program, text=f"Terms {word}", actor=ACTOR)
    sent, _ = applications.apply(
        application_id=new_id(), program=program, group=None, name=f"Bo {word}", email=f"bo@{word}.example",
        website=f"https://{word}.example/", answers={question.id: f"Because {word}"}, terms=terms, at=timezone.now(),
        actor=ACTOR,
    )  # fmt: skip
    applications.confirm(sent, token=applications.confirmation_token(sent), actor=ACTOR)
    return {"application": sent.id, "question": question.id, "terms": terms.id}


def _history(merchant: Merchant, word: str, ids: dict[str, UUID]) -> dict[str, UUID]:
    click = clicks.record(
        code=f"{word}-link",
        landing_url=f"https://shop.example/{word}",
        referrer=f"https://{word}.example/",
        utm={"source": word},
        actor=ACTOR,
    )
    customer = SaleCustomer(external_id=f"c-{word}", email=f"eva@{word}.example", name=f"Eva {word}")
    paid, open_ = (_sale(word, number, customer) for number in (1, 2))
    now = timezone.now()
    outcomes = ingest.record([paid, open_], actor=ACTOR, now=now)
    assert all(outcome.error is None for outcome in outcomes), [o.error for o in outcomes]
    asked = Refund(order_id=open_.order_id, refund_id=f"R-{word}", lines=[RefundLine(line=0, amount=500)], reason=word)
    refund = record_refund(asked, actor=ACTOR).refund
    someone = SaleCustomer(external_id=f"l-{word}")
    told = Lead(name=f"lead {word}", coupon=f"{word}10", customer=someone, metadata={word: 1})
    lead = record_lead(told, actor=ACTOR).lead
    release_due(now=now)
    partner = merchant.partners.get(id=ids["partner"])
    doubted = partner.commissions.get(order__external_id=open_.order_id)
    raise_doubts([Doubt(doubted.id, "velocity", 2, f"Too fast: {word}", {"orders": 9})], actor=ACTOR)
    decide(doubted, outcome="mistaken", reason=f"note {word}", actor=ACTOR)
    release_due(now=now)
    record_manual(partner=partner, amount=700, currency="USD", reason=f"by hand {word}", actor=ACTOR)
    first, second = (partner.commissions.get(order__external_id=sale.order_id) for sale in (paid, open_))
    payout = record_payout(
        partner=partner,
        commission_ids=[first.id],
        transaction_id=f"T-{word}",
        paid_on=datetime.now(UTC).date() - timedelta(days=1),
        note=f"note {word}",
        actor=ACTOR,
    )
    assert second.order is not None
    assert second.customer is not None
    key = add_provider_key(second.customer, provider="stripe", key=f"cus_{word}", actor=ACTOR)
    return {
        "provider_key": key.id,
        "click": click.id,
        "sale": second.order.id,
        "customer": second.order.customer_id,
        "commission": second.id,
        "refund": refund.id,
        "lead": lead.id,
        "payout": payout.id,
    }


def _sale(word: str, number: int, customer: SaleCustomer) -> Sale:
    return Sale(
        order_id=f"O-{word}-{number}",
        amount=10000,
        currency="USD",
        coupon=f"{word}10",
        customer=customer,
        lines=[SaleLine(amount=10000, product_key=f"p-{word}", category=f"k-{word}")],
        platform=f"web {word}",
        notes=f"notes {word}",
        metadata={word: word},
        placed_at=timezone.now() - timedelta(days=60),
    )
