"""A group's minimum payout, its end, and who is moved into it."""

import pytest

from affiliates.partners import update_partner
from affiliates.programs import create_group, default_program, delete_group, update_group
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from merchants.settings import update_merchant
from rewards.terms import set_reward
from stats.outstanding import outstanding_of
from stats.rollup import refresh
from tests.factories import ACTOR, CommissionFactory, GroupFactory, PartnerFactory
from tests.fraud.conftest import sell


def test_the_groups_minimum_holds_and_where_it_has_none_the_merchants(tenant: Merchant) -> None:
    update_merchant(tenant, changes={"minimum_payout": 5_000}, actor=ACTOR)
    tenant.refresh_from_db()
    group = create_group(program=default_program(actor=ACTOR), name="Small", minimum_payout=1_000, actor=ACTOR)
    anna, ben = PartnerFactory(group=group), PartnerFactory()
    for partner in (anna, ben):
        CommissionFactory(partner=partner, amount=2_000, currency="USD")
        CommissionFactory(partner=partner, amount=2_000, currency="EUR")
    refresh()
    euros, dollars = outstanding_of(anna)
    assert (dollars.minimum, dollars.reaches_minimum) == (1_000, True)
    assert euros.minimum == 0, "a minimum holds for the currency that it was set in"
    _, bens = outstanding_of(ben)
    assert (bens.minimum, bens.reaches_minimum) == (5_000, False)
    update_group(group, changes={"minimum_payout": None}, actor=ACTOR)
    assert [row.minimum for row in outstanding_of(anna)] == [0, 5_000]


def test_a_minimum_keeps_its_currency_when_the_merchant_takes_another(tenant: Merchant) -> None:
    group = create_group(program=default_program(actor=ACTOR), name="Small", minimum_payout=1_000, actor=ACTOR)
    update_merchant(tenant, changes={"currency": "JPY", "minimum_payout": 500}, actor=ACTOR)
    group.refresh_from_db()
    assert (group.minimum_payout, group.minimum_currency) == (1_000, "USD")


def test_a_group_with_partners_in_it_stays(tenant: Merchant) -> None:
    group = GroupFactory(name="Full")
    partner = PartnerFactory(group=group)
    with pytest.raises(Conflict, match="There is a partner in Full: move them to another group first"):
        delete_group(group, actor=ACTOR)
    update_partner(partner, changes={"group": None}, actor=ACTOR)
    delete_group(group, actor=ACTOR)
    assert not tenant.groups.exists()
    assert tenant.audit_entries.filter(verb="group.delete", before={"name": "Full"}).exists()


def test_a_group_that_had_terms_goes_and_its_commissions_keep_them(tenant: Merchant) -> None:
    group = GroupFactory(name="Paid")
    partner = PartnerFactory(group=group)
    set_reward(group=group, kind="percentage", percent=12, actor=ACTOR)
    earned = sell(partner, "A-1", amount=10_000)
    assert earned.amount == 1_200
    update_partner(partner, changes={"group": None}, actor=ACTOR)
    delete_group(group, actor=ACTOR)
    assert not tenant.groups.exists()
    assert not group.program.groups.exists()
    version = tenant.commissions.get().reward_version
    assert version is not None
    assert version.group is not None
    assert (version.group.name, version.percent) == ("Paid", 12)
    GroupFactory(name="Paid")
    delete_group(group, actor=ACTOR)
    assert tenant.audit_entries.filter(verb="group.delete").count() == 1, "deleting it again changes nothing"


def test_nobody_comes_into_a_group_that_is_gone(tenant: Merchant) -> None:
    group, partner = GroupFactory(name="Old"), PartnerFactory()
    delete_group(group, actor=ACTOR)
    with pytest.raises(DomainError, match="Old was deleted: choose another group"):
        update_partner(partner, changes={"group": group}, actor=ACTOR)
    with pytest.raises(DomainError, match="Old was deleted"):
        PartnerFactory(group=group)
