"""Ruth recruited Rob, Rob recruited Anna, who sells on 10%; recruiters have 10% and 5% of what she earns."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from affiliates.erasure import forget
from affiliates.models import Partner
from affiliates.partners import suspend, update_partner
from affiliates.programs import default_program
from commissions.models import Commission
from commissions.rejection import reject
from customers.models import Customer
from merchants.errors import DomainError
from merchants.models import Merchant
from orders.models import Order
from rewards.details import Details
from rewards.models import RewardVersion
from rewards.terms import add_rule, set_reward
from tests.backtest.history import AFTER, BEFORE, MARCH, compared, sells, tried
from tests.factories import ACTOR, GroupFactory, PartnerFactory
from tests.sales import refund
from tracking.backtest import compare
from tracking.comparison import Comparison
from tracking.events import Lead, SaleCustomer
from tracking.leads import record_lead
from tracking.proposals import as_parameters, proposal_from, propose, propose_end

APRIL = datetime(2026, 4, 2, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ruth(tenant: Merchant) -> Partner:
    made: Partner = PartnerFactory(name="Ruth", email="ruth@example.com")
    return made


@pytest.fixture
def rob(ruth: Partner) -> Partner:
    made: Partner = PartnerFactory(name="Rob", email="rob@example.com", recruiter=ruth, recruited_at=BEFORE)
    return made


@pytest.fixture
def anna(rob: Partner) -> Partner:
    made: Partner = PartnerFactory(name="Anna", recruiter=rob, recruited_at=BEFORE)
    set_reward(partner=made, kind="percentage", percent=10, effective_from=BEFORE, actor=ACTOR)
    return made


@pytest.fixture
def levels(tenant: Merchant) -> RewardVersion:
    return pays_recruiters("10", "5")


def pays_recruiters(percent: str, *deeper: str, owner: Any = None, at: datetime = BEFORE) -> RewardVersion:
    """A rule for recruiters, of the default program unless said otherwise."""
    target = owner or default_program(actor=ACTOR)
    return add_rule(
        **{target._meta.model_name: target}, kind="percentage", percent=percent,
        details=Details(event="recruit", deeper=tuple(map(Decimal, deeper))), effective_from=at, actor=ACTOR,
    )  # fmt: skip


def tried_levels(merchant: Merchant, owner: Any, percent: str, *deeper: str, **said: Any) -> Comparison:
    """What comes of other percentages for recruiters."""
    return tried(merchant, owner, percent, event="recruit", deeper=tuple(map(Decimal, deeper)), **said)


def shown(found: Comparison, what: str) -> dict[Any, tuple[int, int, int]]:
    return {key: (each.orders, each.stands, each.proposed) for (key, _), each in found.by(what).items()}


def agreed(found: Comparison) -> tuple[int, dict[str, int]]:
    """How many are as booked, and why the others are not."""
    return found.same, dict(found.differ)


@pytest.mark.usefixtures("levels")
def test_more_for_the_seller_is_more_for_those_above(
    tenant: Merchant, anna: Partner, rob: Partner, ruth: Partner
) -> None:
    group = GroupFactory(name="Gold")
    update_partner(anna, changes={"group": group}, actor=ACTOR)
    update_partner(rob, changes={"group": group}, actor=ACTOR)
    sells(anna, "A-1", 10_000)
    sells(anna, "A-2", 12_345)
    sells(anna, "A-3", 10_000, at=APRIL)
    refund("A-3", 5_000)
    found = tried(tenant, anna, "20")
    # Anna 10.00, 12.35 (of 12.345) and half of 10.00; Rob a tenth of each: 1.00, 1.24 (of 1.235) and 0.50; Ruth half
    # of that: 0.50, 0.62 (of 0.6175) and 0.25. At 20%: 20.00, 24.69 and 10.00; 2.00, 2.47 and 1.00; 1.00, 1.23, 0.50.
    assert shown(found, "partner_id") == {
        anna.id: (3, 2_735, 5_469), rob.id: (3, 274, 547), ruth.id: (3, 137, 273),
    }  # fmt: skip
    assert shown(found, "is_share") == {False: (3, 2_735, 5_469), True: (3, 411, 820)}
    assert shown(found, "month") == {
        "2026-03": (2, 2_235 + 224 + 112, 4_469 + 447 + 223), "2026-04": (1, 500 + 50 + 25, 1_000 + 100 + 50),
    }  # fmt: skip
    # Of the three orders of the group two partners have something: they are three all the same.
    assert shown(found, "group_id") == {group.id: (3, 3_009, 6_016), None: (3, 137, 273)}
    total = found.totals()["USD"]
    assert (total.orders, total.stands, total.proposed) == (3, 3_146, 6_289)
    assert (found.booked["USD"], agreed(found)) == (3_146, (3, {}))


@pytest.mark.usefixtures("levels")
def test_what_the_sale_has_left_for_recruiters_shrinks_as_the_seller_earns_more(
    tenant: Merchant, anna: Partner, rob: Partner, ruth: Partner
) -> None:
    sells(anna, "A-1", 1_000)
    # 1.00, 0.10 and 0.05; at 92% 9.20 leave 0.80: Rob's tenth is 0.92, so he has all of it and Ruth nothing.
    assert shown(tried(tenant, anna, "92"), "partner_id") == {
        anna.id: (1, 100, 920), rob.id: (1, 10, 80), ruth.id: (1, 5, 0),
    }  # fmt: skip


def test_levels_that_nobody_has_yet(tenant: Merchant, anna: Partner, rob: Partner, ruth: Partner) -> None:
    sells(anna, "A-1", 10_000)
    sells(anna, "A-2", 5_000, at=APRIL)
    sells(ruth, "R-1", 5_000)  # whom nobody recruited
    refund("A-2", 2_500)
    found = tried_levels(tenant, anna.program, "10", "5", adds=True)
    # Of 10.00 and of half of 5.00; what Anna has herself does not change, and is not in these sums.
    assert shown(found, "partner_id") == {rob.id: (2, 0, 125), ruth.id: (2, 0, 63)}
    assert shown(found, "month") == {"2026-03": (1, 0, 150), "2026-04": (1, 0, 38)}
    assert found.totals()["USD"].difference == 188
    assert (found.shares_only, agreed(found)) == (True, (2, {}))


def test_a_change_of_levels_and_their_end(
    tenant: Merchant, anna: Partner, rob: Partner, ruth: Partner, levels: RewardVersion
) -> None:
    sells(anna, "A-1", 10_000)
    found = tried_levels(tenant, anna.program, "20", rule=levels.rule)
    assert shown(found, "partner_id") == {rob.id: (1, 100, 200), ruth.id: (1, 50, 0)}
    assert (found.booked["USD"], agreed(found)) == (150, (1, {}))
    ends = propose_end(anna.program, since=BEFORE, until=AFTER, rule=levels.rule)
    assert proposal_from(as_parameters(ends)) == ends
    assert shown(compared(tenant, ends), "partner_id") == {rob.id: (1, 100, 0), ruth.id: (1, 50, 0)}


@pytest.mark.usefixtures("levels")
def test_a_recruiter_s_own_rule_and_a_group_s(tenant: Merchant, anna: Partner, rob: Partner, ruth: Partner) -> None:
    agencies = GroupFactory(name="Agencies")
    update_partner(ruth, changes={"group": agencies}, actor=ACTOR)
    sells(anna, "A-1", 10_000)
    sells(rob, "R-1", 10_000)  # on which nobody is rewarded for selling
    found = tried_levels(tenant, rob, "30", adds=True)
    # What Ruth has of the same order belongs to what it costs, and does not change.
    assert shown(found, "partner_id") == {rob.id: (1, 100, 300), ruth.id: (1, 50, 50)}
    found = tried_levels(tenant, agencies, "10", "10", adds=True)
    assert shown(found, "group_id") == {agencies.id: (1, 50, 100), None: (1, 100, 100)}
    assert not tried_levels(tenant, anna, "30", adds=True).cells, "nobody is below Anna"


@pytest.mark.usefixtures("levels")
def test_everybody_stood_where_they_stood_when_the_order_came(
    tenant: Merchant, anna: Partner, rob: Partner, ruth: Partner
) -> None:
    agencies = GroupFactory(name="Agencies")
    pays_recruiters("20", owner=agencies)
    eve: Partner = PartnerFactory(name="Eve")
    sells(anna, "A-1", 10_000)
    update_partner(rob, changes={"group": agencies}, actor=ACTOR)
    sells(anna, "A-2", 10_000)
    suspend(rob, actor=ACTOR)
    sells(anna, "A-3", 10_000)
    update_partner(anna, changes={"recruiter": eve}, actor=ACTOR)
    sells(anna, "A-4", 10_000, at=timezone.now())
    sells(anna, "A-5", 10_000)  # placed before Eve had recruited her
    update_partner(anna, changes={"recruiter": None}, actor=ACTOR)
    sells(anna, "A-6", 10_000, at=timezone.now())
    forget(rob, actor=ACTOR)
    later = {"until": timezone.now() + timedelta(days=1)}
    found = tried(tenant, anna, "20", **later)
    assert shown(found, "partner_id") == {
        anna.id: (6, 6_000, 12_000), rob.id: (2, 300, 600), ruth.id: (3, 150, 300), eve.id: (1, 100, 200),
    }  # fmt: skip
    assert agreed(found) == (6, {})
    # Of Rob only what he earned in the group is the group's to change.
    found = tried_levels(tenant, agencies, "30", adds=True, **later)
    assert shown(found, "partner_id") == {rob.id: (1, 200, 300), ruth.id: (1, 50, 50)}


@pytest.mark.usefixtures("levels")
def test_what_leads_earn_is_shared_as_it_was_booked(tenant: Merchant, anna: Partner, rob: Partner) -> None:
    add_rule(
        partner=anna, kind="fixed", amount=500, currency="USD", details=Details(event="lead"), effective_from=BEFORE,
        actor=ACTOR,
    )  # fmt: skip
    lead = Lead(partner=str(anna.id), customer=SaleCustomer(external_id="eva"), name="Trial", occurred_at=MARCH)
    record_lead(lead, actor=ACTOR, now=AFTER)
    sells(anna, "A-1", 10_000)
    found = tried_levels(tenant, rob, "20", adds=True)
    # A tenth and a fifth of 5.00 and of 10.00.
    assert shown(found, "partner_id")[rob.id] == (2, 150, 300)
    assert agreed(found) == (2, {})
    assert shown(tried(tenant, anna, "10"), "partner_id")[rob.id] == (1, 100, 100), "a rule for sales changes no lead"


@pytest.mark.usefixtures("levels")
def test_months_of_a_recruit_end_in_both(tenant: Merchant, anna: Partner, rob: Partner) -> None:
    Partner.objects.filter(id=anna.id).update(recruited_at=datetime(2026, 3, 1, 9, tzinfo=UTC))
    sells(anna, "A-1", 10_000)
    sells(anna, "A-2", 10_000, at=APRIL)
    found = tried_levels(tenant, rob, "50", first_months=1, adds=True)
    # In her first month half of it; then the program's tenth again.
    assert shown(found, "month") == {"2026-03": (1, 150, 550), "2026-04": (1, 150, 150)}


@pytest.mark.usefixtures("levels")
def test_nobody_has_a_share_of_what_they_buy_themselves(
    tenant: Merchant, anna: Partner, rob: Partner, ruth: Partner
) -> None:
    sells(anna, "A-1", 10_000, customer="eva")
    sells(anna, "A-2", 10_000, customer="rob", email="rob+shop@example.com")
    found = tried(tenant, anna, "20")
    assert shown(found, "partner_id")[rob.id] == (1, 100, 200)
    assert shown(found, "partner_id")[ruth.id] == (2, 100, 200)
    assert agreed(found) == (2, {})
    # Who bought is told by the addresses of today, and where the books knew better the page says so.
    Customer.objects.filter(external_id="rob").update(email="elsewhere@example.com")
    assert agreed(tried(tenant, anna, "20")) == (1, {"recruiters": 1})


def test_why_a_share_is_booked_otherwise(tenant: Merchant, anna: Partner, rob: Partner, levels: RewardVersion) -> None:
    for order in ("A-1", "A-2", "A-3"):
        sells(anna, order, 10_000)
    reject(Commission.objects.get(order__external_id="A-1", level=1), reason="no", actor=ACTOR)
    found = tried(tenant, anna, "20")
    assert (agreed(found), found.booked["USD"]) == ((2, {"by_hand": 1}), 3 * 1_150 - 100)
    assert agreed(tried_levels(tenant, anna.program, "20", rule=levels.rule)) == (2, {"by_hand": 1})
    set_reward(
        program=anna.program, rule=levels.rule, kind="percentage", percent=12,
        details=Details(event="recruit", deeper=(Decimal(5),)), effective_from=MARCH, actor=ACTOR,
    )  # fmt: skip
    assert agreed(tried(tenant, anna, "20")) == (0, {"by_hand": 1, "rules": 2})


@pytest.mark.usefixtures("anna")
def test_a_rule_set_for_a_time_that_had_passed_is_why_nobody_had_a_share(tenant: Merchant, anna: Partner) -> None:
    sells(anna, "A-1", 10_000)
    pays_recruiters("10")
    assert agreed(tried(tenant, anna, "20")) == (0, {"rules": 1})


@pytest.mark.usefixtures("levels")
def test_the_orders_of_others_are_not_read(tenant: Merchant, anna: Partner, rob: Partner) -> None:
    alone: Partner = PartnerFactory(name="Alone")
    set_reward(partner=alone, kind="percentage", percent=10, effective_from=BEFORE, actor=ACTOR)
    sells(anna, "A-1", 10_000)
    sells(alone, "B-1", 10_000)
    assert Order.objects.count() == 2
    assert tried_levels(tenant, rob, "20", adds=True).totals()["USD"].orders == 1


def test_what_recruiters_earn_is_no_basic_rule(anna: Partner) -> None:
    with pytest.raises(DomainError) as basic:
        propose(anna, kind="percentage", percent=10, details=Details(event="recruit"), since=BEFORE, until=AFTER)
    assert (basic.value.code, basic.value.field) == ("rule_not_for_event", "event")


@pytest.mark.usefixtures("levels")
def test_a_recruiter_who_is_named_while_history_is_read_had_nothing_to_do_with_it(
    tenant: Merchant, anna: Partner, rob: Partner
) -> None:
    sells(anna, "A-1", 10_000)
    steps = compare(tenant, propose(anna, kind="percentage", percent=20, since=BEFORE, until=AFTER))
    next(steps)
    update_partner(anna, changes={"recruiter": PartnerFactory(name="Zoe")}, actor=ACTOR)
    next(steps)
    with pytest.raises(StopIteration) as end:
        next(steps)
    found: Comparison = end.value.value
    assert shown(found, "partner_id")[rob.id] == (1, 100, 200)
    assert agreed(found) == (1, {})
