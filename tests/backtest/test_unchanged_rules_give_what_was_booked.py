"""Whatever was sold and refunded under whatever rules: by unchanged rules the engine gives the books, to the cent."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commissions.models import Commission
from merchants.models import Merchant
from rewards.details import Details
from rewards.terms import add_rule, set_reward
from tests.backtest.history import BEFORE, MARCH, sells, tried
from tests.factories import ACTOR, GroupFactory, PartnerFactory, ProgramFactory
from tests.rewards.rules import tier
from tests.sales import refund

pytestmark = pytest.mark.django_db

RULES = st.fixed_dictionaries(
    {},
    optional={
        "tiers": st.just((tier(3, "17.5"),)),
        "tier_period": st.sampled_from(["month", "lifetime"]),
        "cap_month": st.integers(1, 3_000),
        "cap_customer": st.integers(1, 2_000),
        "first_orders": st.integers(1, 3),
        "product_keys": st.just(("book",)),
    },
)
SALES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(1, 9_999),
        st.integers(0, 60),
        st.sampled_from(["", "eva", "kim"]),
        st.booleans(),
        st.integers(0, 9_999),
    ),
    min_size=1,
    max_size=8,
)


@given(rules=st.lists(RULES, max_size=2), sales=SALES)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_books(tenant: Merchant, rules: list[dict[str, object]], sales: list[tuple[int, ...]]) -> None:
    # Each example has a program, and so partners and counts, of its own; orders are told apart by it.
    program = ProgramFactory()
    begun = Commission.objects.count()
    group = GroupFactory(program=program)
    partners = [PartnerFactory(program=program, group=group), *PartnerFactory.create_batch(2, program=program)]
    set_reward(program=program, kind="percentage", percent="9.75", effective_from=BEFORE, actor=ACTOR)
    for owner, said in zip(({"program": program}, {"group": group}), rules, strict=False):
        details = Details(**said)
        currency = "USD" if details.names_amounts else ""
        add_rule(
            **owner, kind="percentage", percent=12, details=details, currency=currency,
            effective_from=BEFORE + timedelta(days=1),
            actor=ACTOR,
        )  # fmt: skip
    for number, (whose, amount, day, customer, has_book, back) in enumerate(sales):
        order = f"{program.id}-{number}"
        said = {"customer": f"{customer}-{program.id}"} if customer else {}
        lines = [("book", amount // 2), ("pen", amount - amount // 2)] if has_book else []
        sells(partners[whose], order, amount, MARCH + timedelta(days=day), lines=lines, **said)
        if 0 < back <= amount:
            refund(order, back)
    found = tried(tenant, program, "9.75", effective_from=BEFORE)
    assert not found.differ
    assert found.same == len(sales)
    total = found.totals()["USD"]
    assert total.stands == total.proposed == found.booked["USD"]
    mine = Commission.objects.filter(partner__program=program)
    assert total.stands == sum(each.amount - each.reversed for each in mine)
    assert Commission.objects.count() == begun + mine.count()
