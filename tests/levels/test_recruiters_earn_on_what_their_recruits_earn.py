"""Stories with numbers that a person can check: Ruth > Rob > Anna, who sells (SPEC A9)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

import commissions.verify
from affiliates.models import Partner
from affiliates.partners import suspend, update_partner
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from merchants.settings import update_merchant
from rewards.details import Details
from rewards.terms import add_rule, set_reward
from tests.factories import ACTOR, CustomerFactory, GroupFactory, PartnerFactory
from tests.levels.conftest import commission_of, has, long_ago, pays_recruiters, sells
from tests.sales import refund

pytestmark = pytest.mark.django_db


def test_each_level_has_its_percentage_of_what_the_seller_earned(anna: Partner, rob: Partner, ruth: Partner) -> None:
    pays_recruiters("10", "5")
    order = sells(anna, "A-1", 12_345)
    # 10% of 123.45 is 12.345, so 12.35; 10% of that 1.235, so 1.24; 5% of 12.35 is 0.6175, so 0.62.
    assert has(anna, rob, ruth) == [1_235, 124, 62]
    assert commission_of(rob, order).explanation["working"] == (
        "10% of $12.35 that a recruit earned = $1.24, rounded half up"
    )
    assert commission_of(ruth, order).explanation["working"] == (
        "5% of $12.35 that a recruit at level 2 earned = $0.62, rounded half up"
    )
    assert [row["level"] for row in order.attribution["levels"]] == [1, 2]
    assert list(commissions.verify.problems()) == []


def test_without_a_rule_nobody_above_earns(anna: Partner, rob: Partner) -> None:
    order = sells(anna, "A-1", 10_000)
    assert order.commissions.count() == 1
    assert "levels" not in order.attribution


def test_a_rule_set_after_this_process_last_looked_counts_for_the_next_sale(anna: Partner, rob: Partner) -> None:
    sells(anna, "A-1", 10_000)
    pays_recruiters("10")
    sells(anna, "A-2", 10_000)
    assert has(rob) == [100]


def test_what_ruth_may_earn_is_decided_by_her_own_rule_first(anna: Partner, rob: Partner, ruth: Partner) -> None:
    pays_recruiters("10", "5")
    pays_recruiters("20", owner=ruth)
    sells(anna, "A-1", 10_000)
    # Her own rule says nothing about level 2, so the program's does; at level 1 it is hers.
    assert has(rob, ruth) == [100, 50]
    set_reward(partner=rob, kind="percentage", percent=10, actor=ACTOR)
    sells(rob, "A-2", 10_000, at=timezone.now())
    assert has(ruth) == [50 + 200]


def test_a_groups_rule_beats_the_programs_and_zero_ends_the_asking(anna: Partner, rob: Partner, ruth: Partner) -> None:
    pays_recruiters("10", "5")
    group = GroupFactory(name="Agencies")
    pays_recruiters("0", "8", owner=group)
    for partner in (rob, ruth):
        update_partner(partner, changes={"group": group}, actor=ACTOR)
    order = sells(anna, "A-1", 10_000)
    assert has(anna, rob, ruth) == [1_000, 0, 80]
    assert not order.commissions.filter(partner=rob).exists()
    assert order.attribution["levels"][0]["why"] == "0% of $10.00 that a recruit earned = $0.00"


def test_a_recruiter_who_is_suspended_earns_nothing_and_keeps_their_place(
    anna: Partner, rob: Partner, ruth: Partner
) -> None:
    pays_recruiters("10", "5")
    suspend(rob, actor=ACTOR)
    order = sells(anna, "A-1", 10_000)
    assert has(rob, ruth) == [0, 50]
    assert order.attribution["levels"][0]["why"] == "is suspended: only an approved partner earns"


def test_only_so_many_months_after_the_recruit_came(anna: Partner, rob: Partner) -> None:
    pays_recruiters("10", first_months=1)
    Partner.objects.filter(id=anna.id).update(recruited_at=timezone.now() - timedelta(days=70))
    sells(anna, "A-1", 10_000, at=timezone.now() - timedelta(days=65))
    assert has(rob) == [100]
    order = sells(anna, "A-2", 10_000, at=timezone.now())
    assert has(rob) == [100]
    assert order.attribution["levels"][0]["why"].startswith("for a recruit's first month, which ended on")


def test_a_maximum_is_in_one_currency_and_for_that_alone(anna: Partner, rob: Partner) -> None:
    pays_recruiters("50", maximum=300, currency="USD")
    order = sells(anna, "A-1", 10_000)
    assert commission_of(rob, order).explanation["working"] == (
        "50% of $10.00 that a recruit earned = $5.00, at most $3.00: $3.00"
    )
    other = sells(anna, "A-2", 10_000, currency="EUR")
    assert other.attribution["levels"][0]["why"] == "set in USD, the commission is in EUR"


def test_all_together_never_have_more_than_the_sale(anna: Partner, rob: Partner, ruth: Partner) -> None:
    set_reward(partner=anna, kind="percentage", percent=80, actor=ACTOR)
    pays_recruiters("20", "15")
    order = sells(anna, "A-1", 1_000, at=timezone.now())
    # 8.00 of 10.00 leave 2.00: Rob's 20% are 1.60, and of Ruth's 1.20 there are 0.40 left.
    assert has(anna, rob, ruth) == [800, 160, 40]
    assert commission_of(ruth, order).explanation["working"] == (
        "15% of $8.00 that a recruit at level 2 earned = $1.20, no more than the $0.40 that the sale has left: $0.40"
    )


def test_yen_and_dinars_are_rounded_where_they_are_rounded(anna: Partner, rob: Partner, ruth: Partner) -> None:
    pays_recruiters("10", "5")
    sells(anna, "J-1", 1_234, currency="JPY")
    # 10% of 1,234 yen are 123; 12.3 and 6.15 of that are 12 and 6.
    assert has(anna, rob, ruth, currency="JPY") == [123, 12, 6]
    sells(anna, "K-1", 12_345, currency="KWD")
    # 12.345 dinars: 1.2345 is 1.235, of which 0.1235 is 0.124 and 0.06175 is 0.062.
    assert has(anna, rob, ruth, currency="KWD") == [1_235, 124, 62]


def test_any_number_of_levels(tenant: Merchant) -> None:
    pays_recruiters("5", *["1"] * 29)
    line: list[Partner] = []
    for number in range(35):
        line.append(PartnerFactory(name=f"P{number}", recruiter=line[-1] if line else None, recruited_at=long_ago()))
    set_reward(partner=line[-1], kind="percentage", percent=100, actor=ACTOR)
    set_reward(partner=line[-1], kind="percentage", percent=50, actor=ACTOR)
    sells(line[-1], "A-1", 20_000, at=timezone.now())
    above = has(*reversed(line[:-1]))
    assert above == [500] + [100] * 29 + [0] * 4


def test_a_batch_gives_each_seller_their_own_line(anna: Partner, rob: Partner, ruth: Partner) -> None:
    pays_recruiters("10", "5")
    set_reward(partner=rob, kind="percentage", percent=20, actor=ACTOR)
    sells(rob, "R-1", 10_000, at=timezone.now())
    sells(anna, "A-1", 10_000)
    # Of Rob's 20.00 Ruth has 2.00, of Anna's 10.00 she has 0.50 and Rob 1.00.
    assert has(anna, rob, ruth) == [1_000, 2_000 + 100, 200 + 50]


def test_nobody_is_above_themselves(anna: Partner, rob: Partner, ruth: Partner) -> None:
    with pytest.raises(Conflict) as circle:
        update_partner(ruth, changes={"recruiter": anna}, actor=ACTOR)
    assert circle.value.code == "recruiter_circle"
    assert circle.value.message.startswith("Anna was recruited by Ruth, or by somebody below")
    with pytest.raises(Conflict, match="Ruth cannot be recruited by themselves"):
        update_partner(ruth, changes={"recruiter": ruth}, actor=ACTOR)
    ruth.refresh_from_db()
    assert ruth.recruiter is None


def test_another_recruiter_counts_from_now_on(anna: Partner, rob: Partner, ruth: Partner) -> None:
    pays_recruiters("10")
    sells(anna, "A-1", 10_000)
    update_partner(anna, changes={"recruiter": ruth}, actor=ACTOR)
    sells(anna, "A-2", 10_000, at=timezone.now())
    sells(anna, "LATE", 10_000)
    # What is placed from now on is shared with Ruth. An older order that comes late had another recruiter, or none.
    assert has(rob, ruth) == [100, 100]


def test_an_order_from_before_somebody_was_recruited_is_not_shared(anna: Partner, rob: Partner, ruth: Partner) -> None:
    pays_recruiters("10", "5")
    Partner.objects.filter(id=rob.id).update(recruited_at=timezone.now() - timedelta(days=10))
    sells(anna, "A-1", 10_000)
    # Rob had recruited Anna by then, and Ruth had not recruited Rob.
    assert has(rob, ruth) == [100, 0]


def test_nobody_earns_on_what_they_buy_through_a_recruit(anna: Partner, rob: Partner, ruth: Partner) -> None:
    pays_recruiters("10", "5")
    CustomerFactory(external_id="c-eva", email="rob+shop@example.com")
    order = sells(anna, "A-1", 10_000)
    assert has(anna, rob, ruth) == [1_000, 0, 50]
    assert order.attribution["levels"][0]["why"] == "is the buyer"
    update_merchant(order.merchant, changes={"self_referral": "allow"}, actor=ACTOR)
    sells(anna, "A-2", 10_000)
    assert has(rob) == [100]


def test_the_longer_hold_of_both_keeps_a_share(anna: Partner, rob: Partner) -> None:
    pays_recruiters("10")
    update_partner(rob, changes={"group": GroupFactory(name="Fast", hold_days=0)}, actor=ACTOR)
    order = sells(anna, "A-1", 10_000, at=timezone.now())
    mine, theirs = commission_of(rob, order), commission_of(anna, order)
    assert mine.status == "pending"
    assert mine.held_until == theirs.held_until


def test_refunds_take_back_in_proportion_and_end_at_nothing(anna: Partner, rob: Partner, ruth: Partner) -> None:
    pays_recruiters("10", "5")
    order = sells(anna, "A-1", 12_345)
    refund("A-1", 4_115)
    # A third went back: 8.23 of 12.345 stay; 10% of 12.35 is 1.235, of which 0.823 stay, and of 0.6175 0.41.
    assert has(anna, rob, ruth) == [823, 82, 41]
    refund("A-1", 8_230)
    assert has(anna, rob, ruth) == [0, 0, 0]
    assert set(order.commissions.values_list("status", flat=True)) == {"reversed"}
    assert list(commissions.verify.problems()) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "fixed", "amount": 100, "currency": "USD"}, "kind"),
        ({"percent": "60", "deeper": ("30", "20")}, "deeper"),
        ({"percent": "10", "countries": ("DE",)}, "countries"),
        ({"percent": "10", "cap_month": 5}, "cap_month"),
        ({"percent": "10", "deeper": ("101",)}, "deeper[0]"),
        ({"percent": "10", "excludes": ("tax",)}, "excludes"),
        ({"percent": "10", "event": "sale", "deeper": ("5",)}, "deeper"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_at_its_field(
    tenant: Merchant, wrong: dict[str, Any], field: str
) -> None:
    said = dict(wrong)
    columns = {name: said.pop(name) for name in ("kind", "percent", "amount", "currency", "excludes") if name in said}
    if "deeper" in said:
        said["deeper"] = tuple(Decimal(each) for each in said["deeper"])
    program = PartnerFactory().program
    with pytest.raises(DomainError) as refused:
        add_rule(
            program=program,
            **{"kind": "percentage", **columns},
            details=Details(**{"event": "recruit", **said}),
            actor=ACTOR,
        )
    assert refused.value.field == field
