"""An order belongs to whom the customer belonged to when it was placed, whenever it arrives."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from affiliates.belonging import Belonging, Stretch, belonging_of
from affiliates.coupons import create_coupon
from affiliates.models import Partner
from customers.models import Customer
from merchants.errors import DomainError
from merchants.ids import new_id
from merchants.models import Merchant
from tests.by_hand.conftest import buys, earned
from tests.factories import ACTOR, CustomerFactory, PartnerFactory
from tracking import ingest
from tracking.customer_erasure import delete_customer
from tracking.events import Lead, Sale, SaleCustomer
from tracking.leads import record_lead
from tracking.reattribution import reattribute

A, B, C = new_id(), new_id(), new_id()


def day(number: int) -> datetime:
    return datetime(2026, 3, number, tzinfo=UTC)


def give(eva: Customer, partner: Partner | None, past: str = "stays", **more: object) -> None:
    reattribute(eva, partner=partner, past=past, reason="Wrong link", actor=ACTOR, **more)  # type: ignore[arg-type]


def test_what_was_placed_before_the_move_is_the_old_partners(anna: Partner, ben: Partner, eva: Customer) -> None:
    buys("A-1", 10_000, partner=anna)
    give(eva, ben)
    assert buys("A-2", 10_000, days_ago=3).partner == anna
    assert buys("A-3", 10_000, days_ago=0).partner == ben
    assert buys("A-0", 10_000, days_ago=300).partner == anna, "older than all that was known of Eva"
    assert (earned(anna), earned(ben)) == (3_000, 2_000)


def test_moved_from_a_day_on_the_day_divides(anna: Partner, ben: Partner, eva: Customer) -> None:
    buys("A-1", 10_000, partner=anna, days_ago=60)
    give(eva, ben, "since", since=timezone.now() - timedelta(days=30))
    assert buys("A-2", 10_000, days_ago=31).partner == anna
    assert buys("A-3", 10_000, days_ago=29).partner == ben


def test_with_all_that_is_unpaid_goes_what_has_not_arrived(anna: Partner, ben: Partner, eva: Customer) -> None:
    buys("A-1", 10_000, partner=anna, days_ago=60)
    give(eva, ben, "unpaid")
    assert buys("A-2", 10_000, days_ago=90).partner == ben


def test_given_to_nobody_the_past_is_still_somebodys(anna: Partner, ben: Partner, eva: Customer) -> None:
    create_coupon(partner=ben, code="BEN", actor=ACTOR)
    buys("A-1", 10_000, partner=anna)
    give(eva, None)
    assert buys("A-2", 10_000, days_ago=3).partner == anna
    assert buys("A-3", 10_000, days_ago=0).partner is None, "a late order does not tie Eva to Anna again"
    assert buys("A-4", 10_000, days_ago=3, coupon="BEN").partner == ben
    assert buys("A-5", 10_000, days_ago=0).partner is None, "nor a late one with a coupon to its partner"
    assert buys("A-6", 10_000, days_ago=0, coupon="BEN").partner == ben
    assert buys("A-7", 10_000, days_ago=0).partner == ben, "one of today does"


def test_in_one_batch_each_order_goes_its_way(anna: Partner, ben: Partner, eva: Customer) -> None:
    buys("A-1", 10_000, partner=anna)
    give(eva, ben)
    sales = [
        Sale(
            order_id=f"B-{days}", amount=1_000, currency="USD", customer=SaleCustomer(external_id="c-eva"),
            placed_at=timezone.now() - timedelta(days=days),
        )
        for days in (0, 5, 0)
    ]  # fmt: skip
    sales[2].order_id = "B-1"
    outcomes = ingest.record(sales, actor=ACTOR)
    won = [outcome.answer.order.partner_id for outcome in outcomes if outcome.answer]
    assert won == [ben.id, anna.id, ben.id]


def test_a_late_lead_goes_the_same_way(tenant: Merchant, anna: Partner, ben: Partner, eva: Customer) -> None:
    buys("A-1", 10_000, partner=anna)
    give(eva, ben)
    yesterday = timezone.now() - timedelta(days=1)
    told = Lead(name="call", customer=SaleCustomer(external_id="c-eva"), occurred_at=yesterday)
    assert record_lead(told, actor=ACTOR).lead.partner == anna


def test_through_three_hands_and_back(anna: Partner, ben: Partner, eva: Customer) -> None:
    cid = PartnerFactory(name="Cid")
    buys("A-1", 10_000, partner=anna, days_ago=90)
    for partner, days in ((ben, 60), (cid, 30), (anna, 10)):
        give(eva, partner, "since", since=timezone.now() - timedelta(days=days))
    late = [buys(f"L-{days}", 1_000, days_ago=days).partner for days in (80, 50, 20, 5)]
    assert late == [anna, ben, cid, anna]
    give(eva, ben, "since", since=timezone.now() - timedelta(days=40))
    late = [buys(f"M-{days}", 1_000, days_ago=days).partner for days in (80, 50, 20, 5)]
    assert late == [anna, ben, ben, ben]


def test_told_again_nothing_changes(tenant: Merchant, anna: Partner, ben: Partner, eva: Customer) -> None:
    buys("A-1", 10_000, partner=anna)
    since = timezone.now() - timedelta(days=30)
    for past, more in (("stays", {}), ("since", {"since": since}), ("unpaid", {})):
        give(eva, ben, past, **more)
        before = belonging_of(eva), tenant.audit_entries.count()
        give(eva, ben, past, **more)
        assert (belonging_of(eva), tenant.audit_entries.count()) == before


def test_a_day_ahead_is_refused(anna: Partner, ben: Partner, eva: Customer) -> None:
    with pytest.raises(DomainError) as refused:
        give(eva, ben, "since", since=timezone.now() + timedelta(days=1))
    assert (refused.value.code, refused.value.field) == ("in_the_future", "since")


def test_a_deleted_customer_was_nobodys(tenant: Merchant, anna: Partner, ben: Partner, eva: Customer) -> None:
    buys("A-1", 10_000, partner=anna)
    give(eva, ben)
    delete_customer(eva, actor=ACTOR)
    assert belonging_of(eva) == Belonging()
    assert not tenant.earlier_attributions.exists()


@pytest.mark.parametrize(
    ("begins", "to", "then"),
    [
        (day(15), C, [(A, 1, 10), (B, 10, 15), (C, 15, None)]),
        (day(10), C, [(A, 1, 10), (C, 10, None)]),
        (day(5), C, [(A, 1, 5), (C, 5, None)]),
        (day(5), A, [(A, 1, None)]),
        (day(15), B, [(A, 1, 10), (B, 10, None)]),
        (day(5), None, [(A, 1, 5)]),
        (None, C, [(C, 20, None)]),
        (None, None, []),
    ],
)
def test_stretches_follow_each_other(begins: datetime | None, to: object, then: list[tuple[object, int, int]]) -> None:
    before = Belonging((Stretch(A, day(1), day(10)), Stretch(B, day(10), None)))
    after = before.given(to, begins=begins, since=begins or day(20))  # type: ignore[arg-type]
    assert [(each.partner_id, each.since.day, each.until and each.until.day) for each in after.stretches] == then


def test_who_never_belonged_to_anybody_has_no_past(anna: Partner, tenant: Merchant) -> None:
    eva = CustomerFactory(external_id="c-eva")
    give(eva, anna)
    assert buys("A-1", 1_000, days_ago=9).partner == anna, "recorded by hand for the week before she was added"
