"""Old rules against proposed ones, over real orders, with numbers a person can check."""

from datetime import UTC, datetime, timedelta

import pytest

from affiliates.erasure import forget
from affiliates.models import Partner
from affiliates.partners import update_partner
from commissions.adjustment import adjust
from commissions.models import Commission
from commissions.rejection import reject
from customers.models import Customer
from merchants import tenancy
from merchants.errors import Conflict, DomainError, NotFound
from merchants.models import Merchant
from orders.models import Order
from rewards.details import Details
from rewards.terms import add_rule, set_reward
from tests.backtest.history import AFTER, BEFORE, MARCH, compared, sells, tried
from tests.factories import ACTOR, GroupFactory, PartnerFactory
from tests.rewards.rules import tier
from tests.sales import refund
from tracking.backtest import compare
from tracking.deletion import delete_order
from tracking.proposals import as_parameters, proposal_from, propose, propose_end, refuse_outdated
from tracking.reattribution import reattribute

APRIL = datetime(2026, 4, 2, 12, tzinfo=UTC)


@pytest.fixture
def gold(tenant: Merchant) -> Partner:
    group = GroupFactory(name="Gold")
    return PartnerFactory(name="Ada", group=group)


@pytest.fixture
def ten(gold: Partner) -> None:
    set_reward(program=gold.program, kind="percentage", percent=10, effective_from=BEFORE, actor=ACTOR)


@pytest.mark.usefixtures("ten")
def test_three_partners_two_groups_a_tier_and_a_refund(tenant: Merchant, gold: Partner) -> None:
    silver = PartnerFactory(name="Ben", group=GroupFactory(name="Silver"))
    alone = PartnerFactory(name="Cem")
    set_reward(group=gold.group, kind="percentage", percent=12, effective_from=BEFORE, actor=ACTOR)
    for number in range(4):
        sells(gold, f"g-{number}", 10_000)
    for number in range(3):
        sells(silver, f"s-{number}", 10_000)
    sells(silver, "s-april", 10_000, at=APRIL)
    sells(alone, "a-0", 3_333)
    refund("s-2", 5_000)

    # 20% from the third order of the month on, 10% before, for everybody whose group has no rule of its own.
    found = tried(tenant, gold.program, "10", tiers=(tier(3, "20"),))

    def shown(what: str) -> dict[object, tuple[int, int, int]]:
        return {key: (each.orders, each.stands, each.proposed) for (key, _), each in found.by(what).items()}

    # Gold: 4 x 12.00, which its group decides before and after. Silver: 10.00, 10.00, half of 10.00 and, in April,
    # 10.00; the third of March at 20% is half of 20.00. Cem: 10% of 33.33 is 3.33.
    assert shown("partner_id") == {
        gold.id: (4, 4_800, 4_800), silver.id: (4, 3_500, 4_000), alone.id: (1, 333, 333),
    }  # fmt: skip
    assert shown("month") == {"2026-03": (8, 7_633, 8_133), "2026-04": (1, 1_000, 1_000)}
    assert shown("group_id") == {
        gold.group_id: (4, 4_800, 4_800), silver.group_id: (4, 3_500, 4_000), None: (1, 333, 333),
    }  # fmt: skip
    assert found.totals()["USD"].difference == 500
    assert (found.same, found.booked["USD"], not found.differ) == (9, 8_633, True)


@pytest.mark.usefixtures("ten")
def test_orders_before_the_period_count_for_tiers_and_are_not_summed(tenant: Merchant, gold: Partner) -> None:
    for number in range(2):
        sells(gold, f"old-{number}", 10_000)
    sells(gold, "new", 10_000, at=APRIL)
    found = tried(
        tenant, gold.program, "10", tiers=(tier(3, "20"),), tier_period="lifetime",
        since=APRIL - timedelta(days=1),
    )  # fmt: skip
    total = found.totals()["USD"]
    assert (total.orders, total.stands, total.proposed) == (1, 1_000, 2_000)


@pytest.mark.usefixtures("ten")
def test_currencies_stay_apart_and_a_cap_is_in_one(tenant: Merchant, gold: Partner) -> None:
    sells(gold, "usd-1", 10_000)
    sells(gold, "usd-2", 10_000)
    sells(gold, "jpy", 999, currency="JPY")
    found = tried(tenant, gold, "15", cap_month=2_000, currency="USD")
    sums = {currency: (each.stands, each.proposed) for currency, each in found.totals().items()}
    # 15.00, then the 5.00 that are left of 20.00. Yen are still decided by the program: 99.9 is 100.
    assert sums == {"USD": (2_000, 2_000), "JPY": (100, 100)}


@pytest.mark.usefixtures("ten")
def test_another_rule_takes_its_lines_and_leaves_the_rest(tenant: Merchant, gold: Partner) -> None:
    sells(gold, "mixed", 3_000, lines=[("book", 2_000), ("pen", 1_000)])
    found = tried(tenant, gold.program, "30", product_keys=("book",), adds=True)
    total = found.totals()["USD"]
    assert (total.stands, total.proposed) == (300, 700)  # 30% of 20.00 and 10% of 10.00


@pytest.mark.usefixtures("ten")
def test_what_was_decided_otherwise_is_named(tenant: Merchant, gold: Partner) -> None:
    ben = PartnerFactory(name="Ben", program=gold.program)
    for order in ("same", "rejected", "adjusted", "older"):
        sells(gold, order, 10_000)
    sells(gold, "moved", 10_000, customer="eva")
    reject(Commission.objects.get(order__external_id="rejected"), reason="no", actor=ACTOR)
    adjust(Commission.objects.get(order__external_id="adjusted"), amount=1_500, reason="kind", actor=ACTOR)
    reattribute(Customer.objects.get(external_id="eva"), partner=ben, past="unpaid", reason="hers", actor=ACTOR)
    found = tried(tenant, gold.program, "11")
    # What moved is booked for Ben as the rules say it is his.
    assert (found.same, dict(found.differ)) == (3, {"by_hand": 2})
    assert found.booked["USD"] == 1_000 + 0 + 1_500 + 1_000 + 1_000
    # A version set afterwards with an earlier date is one that the orders have never seen.
    set_reward(program=gold.program, kind="percentage", percent=9, effective_from=MARCH, actor=ACTOR)
    assert dict(tried(tenant, gold.program, "11").differ) == {"by_hand": 2, "moved": 1, "rules": 2}


@pytest.mark.usefixtures("ten")
def test_a_deleted_order_is_in_no_sum(tenant: Merchant, gold: Partner) -> None:
    sells(gold, "gone", 10_000)
    sells(gold, "stays", 10_000)
    delete_order(tenant, Order.objects.get(external_id="gone").id, reason="test", actor=ACTOR)
    assert tried(tenant, gold.program, "20").totals()["USD"].orders == 1


def test_a_proposal_is_refused_with_a_sentence(gold: Partner) -> None:
    period = {"since": BEFORE, "until": AFTER}
    with pytest.raises(DomainError) as lead:
        propose(gold, kind="fixed", amount=500, currency="USD", details=Details(event="lead"), **period)
    with pytest.raises(DomainError) as backwards:
        propose(gold, kind="percentage", percent=10, since=AFTER, until=BEFORE)
    assert (lead.value.code, backwards.value.code) == ("backtest_event", "backtest_period")


def test_a_proposal_on_a_rule_that_was_changed_since_is_outdated(gold: Partner) -> None:
    proposal = propose(gold, kind="percentage", percent="12.5", since=BEFORE, until=AFTER)
    assert proposal_from(as_parameters(proposal)) == proposal
    refuse_outdated(gold, proposal)
    set_reward(partner=gold, kind="percentage", percent=10, actor=ACTOR)
    with pytest.raises(Conflict):
        refuse_outdated(gold, proposal)


def test_another_tenant_s_orders_and_rules_are_not_there(merchant: Merchant, other_merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        ours = PartnerFactory()
        sells(ours, "ours", 10_000)
        proposal = propose(ours.program, kind="percentage", percent=10, since=BEFORE, until=AFTER)
    with tenancy.tenant(other_merchant.id):
        with pytest.raises(NotFound):
            next(compare(other_merchant, proposal))
        theirs = PartnerFactory()
        assert not tried(other_merchant, theirs.program, "10").cells


@pytest.mark.usefixtures("ten")
def test_a_new_rule_needs_no_chain(gold: Partner) -> None:
    add_rule(program=gold.program, kind="percentage", percent=5, details=Details(name="x"), actor=ACTOR)
    assert propose(gold.program, kind="percentage", percent=6, adds=True, since=BEFORE, until=AFTER).changes == 0


@pytest.mark.usefixtures("ten")
def test_a_rule_that_is_taken_away_leaves_its_orders_to_the_next(tenant: Merchant, gold: Partner) -> None:
    set_reward(partner=gold, kind="percentage", percent=15, effective_from=BEFORE, actor=ACTOR)
    sells(gold, "one", 10_000)
    proposal = propose_end(gold, since=BEFORE, until=AFTER)
    assert proposal_from(as_parameters(proposal)) == proposal
    total = compared(tenant, proposal).totals()["USD"]
    assert (total.stands, total.proposed) == (1_500, 1_000)
    nobody = compared(tenant, propose_end(gold.program, since=BEFORE, until=AFTER)).totals()["USD"]
    assert (nobody.stands, nobody.proposed) == (1_500, 1_500), "her own rule decides before the program's"
    with pytest.raises(Conflict):
        propose_end(PartnerFactory(), since=BEFORE, until=AFTER)


@pytest.mark.usefixtures("ten")
def test_an_order_is_tried_in_the_group_that_its_partner_was_in(tenant: Merchant, gold: Partner) -> None:
    group, silver = gold.group, GroupFactory(name="Silver", program=gold.program)
    set_reward(group=group, kind="percentage", percent=12, effective_from=BEFORE, actor=ACTOR)
    sells(gold, "in-gold", 10_000)
    update_partner(gold, changes={"group": silver}, actor=ACTOR)
    sells(gold, "in-silver", 10_000)
    # Silver has no rule: the program's 10% decides there, and the books agree with both.
    found = tried(tenant, group, "20")
    assert found.by("group_id")[group.id, "USD"].difference == 800
    assert (found.totals()["USD"].orders, found.same, dict(found.differ)) == (1, 1, {})
    whole = tried(tenant, gold.program, "11")
    assert {key: (each.stands, each.proposed) for (key, _), each in whole.by("group_id").items()} == {
        group.id: (1_200, 1_200), silver.id: (1_000, 1_100),
    }  # fmt: skip
    assert (whole.same, dict(whole.differ)) == (2, {})


@pytest.mark.usefixtures("ten")
def test_a_partner_who_was_erased_was_in_the_group_that_they_left(tenant: Merchant, gold: Partner) -> None:
    group = gold.group
    set_reward(group=group, kind="percentage", percent=12, effective_from=BEFORE, actor=ACTOR)
    sells(gold, "in-gold", 10_000)
    forget(gold, actor=ACTOR)
    found = tried(tenant, group, "20")
    assert (found.totals()["USD"].difference, found.same, dict(found.differ)) == (800, 1, {})
