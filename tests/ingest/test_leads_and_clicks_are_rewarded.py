"""Rewards for leads and clicks: once, in the books, and no more than a cap leaves."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from affiliates.models import Partner
from commissions import standing
from commissions import verify as commissions
from ledger import posting
from ledger import verify as ledger
from ledger.accounts import partner_earned
from merchants.errors import DomainError
from merchants.ids import new_id
from merchants.models import Merchant
from rewards.details import Details
from rewards.terms import add_rule
from tests.factories import ACTOR, LinkFactory
from tracking import clicks
from tracking.clicks import Click
from tracking.events import Lead, SaleCustomer
from tracking.leads import record_lead

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=900)

pytestmark = pytest.mark.usefixtures("tenant")


def give(partner: Partner, amount: int, **details: Any) -> None:
    add_rule(
        partner=partner, kind="fixed", amount=amount, currency="USD", details=Details(**details),
        effective_from=LONG_AGO, actor=ACTOR,
    )  # fmt: skip


def lead(partner: Partner, customer: str, name: str = "signup") -> None:
    told = Lead(name=name, partner=str(partner.id), customer=SaleCustomer(external_id=customer), occurred_at=NOW)
    record_lead(told, actor=ACTOR, now=NOW)


def earned(partner: Partner) -> list[int]:
    return list(partner.commissions.order_by("id").values_list("amount", flat=True))


def books_hold() -> bool:
    return [*ledger.problems(), *commissions.problems(), *standing.problems()] == []


def test_a_lead_pays_once_however_often_it_is_told(partner: Partner) -> None:
    give(partner, 500, event="lead")
    for _ in range(2):
        lead(partner, "eva")
    made = partner.commissions.get()
    assert (made.amount, made.status, made.order_id) == (500, "pending", None)
    assert made.explanation["working"] == "$5.00 per lead"
    assert made.customer.external_id == "eva"
    assert posting.balances(partner_earned(partner.id)) == {"USD": 500}
    assert books_hold()


def test_a_customer_s_cap_holds_over_several_leads(partner: Partner) -> None:
    give(partner, 500, event="lead", cap_customer=800)
    for name in ("signup", "demo", "call"):
        lead(partner, "eva", name)
    assert earned(partner) == [500, 300, 0]
    assert books_hold()


def clicked(partner: Partner, number: int, *, visitor: Any = None) -> list[Click]:
    link = partner.links.first() or LinkFactory(partner=partner)
    return [
        Click(
            id=new_id(), merchant_id=partner.merchant_id, link_id=link.id, partner_id=partner.id,
            visitor=visitor or uuid4(), clicked_at=NOW + timedelta(seconds=at),
        )
        for at in range(number)
    ]  # fmt: skip


def test_a_batch_of_clicks_is_one_commission_and_pays_once(partner: Partner) -> None:
    give(partner, 5, event="click")
    batch = clicked(partner, 30)
    clicks.store(batch)
    clicks.store(batch)
    made = partner.commissions.get()
    assert (made.amount, made.explanation["clicks"]) == (150, 30)
    assert made.explanation["working"] == "30 clicks, $0.05 per click; together $1.50"
    assert posting.balances(partner_earned(partner.id)) == {"USD": 150}
    assert books_hold()


def test_a_visitor_pays_once_a_day_and_a_month_s_cap_ends_in_the_middle_of_a_batch(partner: Partner) -> None:
    give(partner, 5, event="click", cap_month=52)
    clicks.store(clicked(partner, 9, visitor=uuid4()))
    assert earned(partner) == [5]
    clicks.store(clicked(partner, 20))
    clicks.store(clicked(partner, 20))
    assert earned(partner) == [5, 47]
    assert books_hold()


def test_a_partner_who_is_not_approved_earns_nothing_with_clicks(partner: Partner) -> None:
    give(partner, 5, event="click")
    Partner.objects.filter(id=partner.id).update(status="suspended")
    clicks.store(clicked(partner, 3))
    assert earned(partner) == []


@pytest.mark.parametrize(
    ("rate", "details", "field"),
    [
        ({"kind": "percentage", "percent": 10}, {"event": "lead"}, "kind"),
        ({"kind": "fixed", "amount": 5, "currency": "EUR"}, {"event": "click"}, "currency"),
        ({"kind": "fixed", "amount": 5, "currency": "USD"}, {"event": "lead", "product_keys": ("a",)}, "product_keys"),
        ({"kind": "fixed", "amount": 5, "currency": "USD"}, {"event": "click", "cap_customer": 9}, "cap_customer"),
    ],
)
def test_what_leads_and_clicks_have_not_got_is_refused(
    tenant: Merchant, partner: Partner, rate: dict[str, Any], details: dict[str, Any], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        add_rule(partner=partner, details=Details(**details), actor=ACTOR, **rate)
    assert (refused.value.code, refused.value.field) == ("rule_not_for_event", field)
