"""The way of a sale by worked examples: what is recorded, whose it is, what it earns, and how often it is asked."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from affiliates.coupons import create_coupon, update_coupon
from affiliates.models import Partner
from affiliates.partners import suspend, update_partner
from affiliates.programs import create_group, default_program
from commissions.models import Commission
from customers.models import Customer
from customers.records import update_customer
from ledger import posting
from ledger.accounts import COMMISSION_EXPENSE, partner_earned
from merchants.audit import Actor
from merchants.models import AuditEntry, Merchant
from merchants.settings import update_merchant
from orders.models import Order
from rewards.terms import set_reward
from stats.models import StaleMark
from tests.factories import ACTOR, PartnerFactory
from tracking import ingest
from tracking.answers import SaleAnswer
from tracking.events import Sale
from tracking.plan import Outcome

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
EVA = {"external_id": "c_1", "email": "Eva@Example.com", "name": "Eva"}


@pytest.fixture(autouse=True)
def terms(tenant: Merchant, partner: Partner) -> None:
    """Ten percent for everybody, inside the tenant."""
    set_reward(
        program=default_program(actor=ACTOR), kind="percentage", percent="10", effective_from=LONG_AGO, actor=ACTOR
    )


def sale(**facts: Any) -> Sale:
    defaults = {"order_id": "A-1001", "amount": 10_000, "currency": "USD", "coupon": "ANNA10", "customer": EVA}
    return msgspec.convert(defaults | facts, Sale)


def record(*sales: Sale, now: datetime = NOW) -> list[Outcome]:
    return ingest.record(sales, actor=ACTOR, now=now)


def answer(*sales: Sale, now: datetime = NOW) -> SaleAnswer:
    outcome = record(*sales, now=now)[-1]
    assert outcome.answer is not None, outcome.error
    return outcome.answer


def lost(found: SaleAnswer) -> list[str | None]:
    return [candidate.get("lost") for candidate in found.attribution["candidates"]]


def test_ten_percent_of_a_hundred_dollars_is_ten_and_stands_in_the_books(partner: Partner) -> None:
    found = answer(sale())
    (commission,) = found.commissions
    assert (commission.amount, commission.currency, commission.status) == (1_000, "USD", "pending")
    assert commission.partner.id == partner.id
    assert commission.explanation["working"] == "10% of $100.00 = $10.00"
    assert commission.held_until == NOW + timedelta(days=30)
    assert posting.balance(partner_earned(partner.id), "USD") == 1_000
    assert posting.balance(COMMISSION_EXPENSE, "USD") == -1_000
    stored = Commission.objects.get()
    assert stored.reward_version is not None
    assert stored.reward_version.number == 1
    assert stored.explanation == commission.explanation
    assert Order.objects.get().attribution["via"] == "coupon"


def test_the_same_sale_again_answers_the_same_and_writes_nothing() -> None:
    first = answer(sale())
    rows = [model.objects.count() for model in (Order, Commission, Customer, StaleMark, AuditEntry)]
    (again,) = record(sale(), now=NOW + timedelta(days=3))
    assert not again.created
    assert again.answer == first
    assert rows == [model.objects.count() for model in (Order, Commission, Customer, StaleMark, AuditEntry)]


def test_the_same_order_with_other_content_is_refused_and_the_first_stays() -> None:
    answer(sale())
    (outcome,) = record(sale(amount=1))
    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.status) == ("order_conflict", 409)
    assert Order.objects.get().amount == 10_000


def test_order_ids_are_unique_within_their_source_only() -> None:
    assert record(sale(), sale(source="shopify"))[1].created


@pytest.mark.parametrize(
    ("coupon", "why"),
    [("NOBODY", "coupon_unknown"), ("OFF", "coupon_off"), ("EARLY", "coupon_not_started"), ("LATE", "coupon_ended")],
)
def test_a_coupon_that_does_not_count_leaves_a_direct_order_that_says_why(
    partner: Partner, coupon: str, why: str
) -> None:
    update_coupon(create_coupon(partner=partner, code="OFF", actor=ACTOR), changes={"is_active": False}, actor=ACTOR)
    create_coupon(partner=partner, code="EARLY", starts_at=NOW + timedelta(seconds=1), actor=ACTOR)
    create_coupon(partner=partner, code="LATE", starts_at=LONG_AGO, ends_at=NOW, actor=ACTOR)
    found = answer(sale(coupon=coupon))
    assert found.attribution["outcome"] == "direct"
    assert lost(found) == [why]
    assert found.order.partner_id is None
    assert found.commissions == []


def test_a_coupon_works_whatever_the_case_and_up_to_its_limit_exactly(partner: Partner) -> None:
    create_coupon(partner=partner, code="Twice", max_uses=2, actor=ACTOR)
    outcomes = record(*[sale(order_id=f"o{i}", coupon="tWICE", customer=None) for i in range(3)])
    assert [lost(o.answer)[0] for o in outcomes if o.answer] == [None, None, "coupon_used_up"]
    assert lost(answer(sale(order_id="o4", coupon="TWICE", customer=None))) == ["coupon_used_up"]
    assert record(sale(order_id="o0", coupon="tWICE", customer=None))[0].answer == outcomes[0].answer


def test_the_code_of_a_partner_who_is_not_approved_earns_nothing(partner: Partner) -> None:
    suspend(partner, actor=ACTOR)
    found = answer(sale())
    assert lost(found) == ["partner_not_approved"]
    assert found.commissions == []


def test_a_later_order_without_a_code_goes_to_the_partner_the_customer_belongs_to(partner: Partner) -> None:
    answer(sale())
    found = answer(sale(order_id="A-1002", coupon=None))
    assert found.attribution["via"] == "customer"
    assert found.order.partner_id == partner.id
    assert not found.order.is_first


def test_within_one_batch_the_second_sale_sees_the_first(partner: Partner) -> None:
    first, second, replay = record(sale(), sale(order_id="A-1002", coupon=None), sale())
    assert first.answer is not None
    assert second.answer is not None
    assert replay.answer is not None
    assert second.answer.attribution["via"] == "customer"
    assert first.answer.order.customer_id == second.answer.order.customer_id
    assert [first.answer.order.is_first, second.answer.order.is_first] == [True, False]
    assert not replay.created
    assert replay.answer.order.id == first.answer.order.id


def test_one_bad_sale_does_not_stop_the_others() -> None:
    outcomes = record(sale(), sale(order_id="x", currency="XXX"), sale(order_id="y", tax=10_001), sale(order_id="z"))
    assert [o.error.code if o.error else o.created for o in outcomes] == [
        True,
        "unknown_currency",
        "parts_exceed_amount",
        True,
    ]


def test_the_api_naming_a_partner_beats_the_coupon(partner: Partner) -> None:
    ben: Partner = PartnerFactory(name="Ben", email="ben@example.com")
    for named in (str(ben.id), "Ben@example.com"):
        found = answer(sale(order_id=named, partner=named))
        assert found.order.partner_id == ben.id
        assert lost(found)[1] == "lower_precedence"
    assert lost(answer(sale(order_id="n", partner="nobody@example.com", coupon=None, customer=None))) == [
        "partner_unknown"
    ]


def test_a_partner_buying_with_their_own_code_earns_nothing_unless_allowed(tenant: Merchant, partner: Partner) -> None:
    own = {"email": partner.email}
    assert lost(answer(sale(customer=own))) == ["self_referral"]
    update_merchant(tenant, changes={"self_referral": "allow"}, actor=ACTOR)
    assert answer(sale(order_id="o2", customer=own)).commissions[0].amount == 1_000


def test_partner_group_and_program_terms_and_holds_are_found_in_that_order(partner: Partner) -> None:
    group = create_group(program=default_program(actor=ACTOR), name="Gold", hold_days=7, actor=ACTOR)
    set_reward(group=group, kind="percentage", percent="20", effective_from=LONG_AGO, actor=ACTOR)
    assert answer(sale(order_id="o1")).commissions[0].amount == 1_000
    update_partner(partner, changes={"group": group}, actor=ACTOR)
    found = answer(sale(order_id="o2")).commissions[0]
    assert (found.amount, found.held_until) == (2_000, NOW + timedelta(days=7))
    set_reward(
        partner=partner, kind="fixed", amount=150, currency="USD", effective_from=NOW - timedelta(days=1), actor=ACTOR
    )
    assert answer(sale(order_id="o3")).commissions[0].amount == 150
    backdated = answer(sale(order_id="o4", placed_at="2026-01-01T00:00:00Z")).commissions[0]
    assert (backdated.amount, backdated.status) == (2_000, "approved")


def test_an_order_of_nothing_has_a_commission_of_nothing_and_no_entry_in_the_books(partner: Partner) -> None:
    assert answer(sale(amount=0)).commissions[0].amount == 0
    assert posting.balances(partner_earned(partner.id)) == {}


def test_balances_of_two_currencies_never_meet(partner: Partner) -> None:
    record(sale(order_id="usd"), sale(order_id="jpy", currency="JPY", amount=105))
    assert posting.balances(partner_earned(partner.id)) == {"USD": 1_000, "JPY": 11}


def test_nobody_earns_on_a_blocked_customer() -> None:
    answer(sale())
    update_customer(Customer.objects.get(), changes={"status": "blocked"}, actor=ACTOR)
    assert set(lost(answer(sale(order_id="o2")))) == {"customer_blocked"}


def test_a_customer_is_found_by_any_key_and_completed_with_what_was_missing() -> None:
    answer(sale(customer={"external_id": "c_1"}))
    answer(sale(order_id="o2", customer=EVA | {"phone": "+31 6 12345678"}))
    answer(sale(order_id="o3", customer={"email": "eva@example.com"}))
    answer(sale(order_id="o4", customer={"phone": "+31612345678", "name": "Somebody Else"}))
    customer = Customer.objects.get()
    assert (customer.email, customer.phone, customer.name) == ("eva@example.com", "+31612345678", "Eva")
    assert customer.orders.count() == 4
    assert customer.identity is not None


def test_a_sale_costs_the_same_few_statements_alone_and_in_a_hundred() -> None:
    answer(sale(order_id="warm"))
    counts = []
    for size in (1, 100):
        sales = [sale(order_id=f"{size}-{i}", customer={"external_id": f"{size}-{i}"}) for i in range(size)]
        with CaptureQueriesContext(connection) as queries:
            record(*sales)
        counts.append(len(queries))
    assert counts[0] == counts[1] == 0, "LOAD and WRITE go past Django's cursor; anything counted here is extra"


def test_every_request_leaves_a_row_in_the_audit_log(actor: Actor) -> None:
    record(sale(order_id="o1"), sale(order_id="o2"))
    entry = AuditEntry.objects.get(verb="sale.record")
    assert entry.object_count == 2
    assert [UUID(id) for id in entry.after["ids"]] == list(Order.objects.order_by("id").values_list("id", flat=True))


def test_a_partner_who_buys_as_a_customer_with_another_address_on_record_earns_nothing(actor: Actor) -> None:
    ingest.record([sale(order_id="before", coupon=None)], actor=actor, now=NOW)
    hidden = sale(order_id="own", customer={"external_id": "c_1", "email": "Anna@example.com"})
    (outcome,) = ingest.record([hidden], actor=actor, now=NOW)
    assert outcome.answer is not None
    assert outcome.answer.attribution["candidates"][0]["lost"] == "self_referral"
    assert outcome.answer.commissions == []
