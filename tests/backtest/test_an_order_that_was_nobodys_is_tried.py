"""An order that was nobody's and was given to a partner later was priced by what the partner was then."""

import pytest

from affiliates.partners import update_partner
from merchants.models import Merchant
from rewards.terms import set_reward
from tests.backtest.history import BEFORE, MARCH, tried
from tests.factories import ACTOR, GroupFactory, PartnerFactory, ProgramFactory
from tracking import ingest
from tracking.events import Sale, SaleCustomer
from tracking.reattribution import reattribute

pytestmark = pytest.mark.django_db


def test_it_differs_because_it_changed_hands(tenant: Merchant) -> None:
    program = ProgramFactory()
    gold = GroupFactory(program=program)
    set_reward(program=program, kind="percentage", percent=10, effective_from=BEFORE, actor=ACTOR)
    set_reward(group=gold, kind="percentage", percent=12, effective_from=BEFORE, actor=ACTOR)
    ben = PartnerFactory(program=program, group=gold)
    eva = SaleCustomer(external_id="c-eva")
    ingest.record([Sale(order_id="A", amount=10_000, currency="USD", customer=eva, placed_at=MARCH)], actor=ACTOR)
    update_partner(ben, changes={"group": None}, actor=ACTOR)
    customer = tenant.customers.get()
    reattribute(customer, partner=ben, past="since", since=BEFORE, reason="By phone", actor=ACTOR)
    assert tenant.commissions.get().amount == 1_000
    found = tried(tenant, gold, "12", effective_from=BEFORE)
    assert dict(found.differ) == {"moved": 1}
