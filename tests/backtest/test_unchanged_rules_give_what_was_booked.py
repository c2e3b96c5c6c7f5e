"""Whatever was sold and refunded under whatever rules: by unchanged rules the engine gives the books, to the cent."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affiliates.models import Partner, PartnerStatus
from affiliates.partners import suspend, update_partner
from commissions.models import Commission
from merchants.models import Merchant
from orders.models import Order
from rewards.details import Details
from rewards.terms import add_rule, set_reward
from tests.backtest.history import AFTER, BEFORE, MARCH, compared, sells, tried
from tests.factories import ACTOR, GroupFactory, PartnerFactory, ProgramFactory
from tests.rewards.rules import tier
from tests.sales import refund
from tracking.comparison import Sum
from tracking.proposals import propose

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


#: What those above earn: percentages by level, and what else a rule for recruiters may say.
LEVELS = st.tuples(
    st.lists(st.decimals(0, 33, places=4), min_size=1, max_size=3),
    st.fixed_dictionaries({}, optional={"first_months": st.integers(1, 2), "maximum": st.integers(1, 200)}),
)
#: Before which sale somebody gets another recruiter, leaves the group or is suspended.
TURNS = st.dictionaries(st.integers(0, 7), st.sampled_from(["recruiter", "group", "suspended"]), max_size=3)


@given(rules=st.lists(RULES, max_size=2), levels=st.lists(LEVELS, max_size=2), turns=TURNS, sales=SALES)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_books(
    tenant: Merchant,
    rules: list[dict[str, object]],
    levels: list[tuple[list[Decimal], dict[str, Any]]],
    turns: dict[int, str],
    sales: list[tuple[int, ...]],
) -> None:
    # Each example has a program, and so partners and counts, of its own; orders are told apart by it.
    program = ProgramFactory()
    begun = Commission.objects.count()
    group = GroupFactory(program=program)
    top = PartnerFactory(program=program, group=group)
    middle = PartnerFactory(program=program, recruiter=top, recruited_at=MARCH - timedelta(days=20))
    low = PartnerFactory(program=program, group=group, recruiter=middle, recruited_at=MARCH + timedelta(days=10))
    partners = [top, middle, low]
    set_reward(program=program, kind="percentage", percent="9.75", effective_from=BEFORE, actor=ACTOR)
    for owner, said in zip(({"program": program}, {"group": group}), rules, strict=False):
        details = Details(**said)
        currency = "USD" if details.names_amounts else ""
        add_rule(
            **owner, kind="percentage", percent=12, details=details, currency=currency,
            effective_from=BEFORE + timedelta(days=1),
            actor=ACTOR,
        )  # fmt: skip
    chains = [
        add_rule(
            **owner, kind="percentage", percent=nearest, currency="USD" if "maximum" in said else "",
            details=Details(event="recruit", deeper=tuple(deeper), **said), effective_from=BEFORE, actor=ACTOR,
        )
        for owner, ((nearest, *deeper), said) in zip(({"program": program}, {"group": group}), levels, strict=False)
    ]  # fmt: skip
    for number, (whose, amount, day, customer, has_book, back) in enumerate(sales):
        _turn(turns.get(number, ""), top, middle, low)
        order = f"{program.id}-{number}"
        said = {"customer": f"{customer}-{program.id}"} if customer else {}
        lines = [("book", amount // 2), ("pen", amount - amount // 2)] if has_book else []
        sells(partners[whose], order, amount, MARCH + timedelta(days=day), lines=lines, **said)
        if 0 < back <= amount:
            refund(order, back)
    found = tried(tenant, program, "9.75", effective_from=BEFORE)
    assert not found.differ
    # A sale with the code of somebody who was suspended is nobody's.
    orders = Order.objects.filter(partner__program=program).count()
    assert found.same == orders
    total = found.totals().get("USD", Sum())
    assert (total.orders, total.stands) == (orders, found.booked["USD"])
    assert all(each.stands == each.proposed for each in found.cells.values())
    mine = Commission.objects.filter(partner__program=program)
    assert total.stands == sum(each.amount - each.reversed for each in mine)
    shares = sum(each.amount - each.reversed for each in mine if each.level)
    for chain in chains[:1]:
        # The same of what recruiters earn, tried by itself.
        terms = chain.terms()
        proposal = propose(
            program, kind="percentage", percent=terms.percent, currency=terms.currency, details=terms.details,
            rule=chain.rule, effective_from=BEFORE, since=BEFORE, until=AFTER,
        )  # fmt: skip
        found = compared(tenant, proposal)
        assert not found.differ
        assert all(each.stands == each.proposed for each in found.cells.values())
        assert sum(each.stands for each in found.totals().values()) == found.booked["USD"] == shares
    assert Commission.objects.count() == begun + mine.count()


def _turn(what: str, top: Partner, middle: Partner, low: Partner) -> None:
    if what == "recruiter":
        update_partner(low, changes={"recruiter": top}, actor=ACTOR)
    elif what == "group":
        update_partner(top, changes={"group": None}, actor=ACTOR)
    elif what == "suspended" and middle.status == PartnerStatus.APPROVED:
        suspend(middle, actor=ACTOR)
