"""The property of `tests/rewards/test_refunds_end_at_zero_in_every_currency.py`, through the database and the books."""

from typing import Any

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import commissions.verify
import ledger.verify
from affiliates.models import Partner
from commissions import standing
from ledger.accounts import partner_earned
from ledger.posting import balance
from merchants.errors import DomainError
from merchants.models import Merchant
from rewards.basket import OrderFacts
from rewards.rules import Terms
from rewards.terms import add_rule
from tests.factories import ACTOR, PartnerFactory
from tests.refunds import Back, baskets, refunds_of, rules_for
from tracking import ingest
from tracking.events import Line, Refund, RefundLine, Sale
from tracking.refunds import record_refund

pytestmark = pytest.mark.django_db
_numbers = iter(range(10**9))


def earning_by(known: list[Terms]) -> Partner:
    """A partner with those of these rules that can be set."""
    partner: Partner = PartnerFactory()
    for terms in known:
        try:
            add_rule(
                partner=partner, kind=terms.kind, percent=terms.percent, amount=terms.amount, currency=terms.currency,
                excludes=terms.excludes, details=terms.details, effective_from=terms.effective_from, actor=ACTOR,
            )  # fmt: skip
        except DomainError:
            continue  # What could never apply, or pay more than the order, is refused: the others are enough.
    return partner


def sold(partner: Partner, facts: OrderFacts) -> str:
    order_id = f"o-{next(_numbers)}"
    sale = Sale(
        order_id=order_id, amount=facts.amount, currency=facts.currency, partner=str(partner.id), tax=facts.tax,
        shipping=facts.shipping, discount=facts.discount, placed_at=facts.placed_at,
        lines=[Line(amount=line.amount, product_key=line.product_key) for line in facts.lines],
    )  # fmt: skip
    (outcome,) = ingest.record([sale], actor=ACTOR)
    assert outcome.error is None, outcome.error
    return order_id


def give_back(order_id: str, back: Back) -> None:
    how: dict[str, Any] = {"amount": back.amount}
    if back.lines:
        how = {"lines": [RefundLine(line=line, amount=amount) for line, amount in back.lines.items()]}
    record_refund(Refund(order_id=order_id, refund_id=f"r-{next(_numbers)}", **how), actor=ACTOR)


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
@given(data=st.data())
@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_balance_only_falls_and_ends_at_zero_whichever_refund_came_first(
    tenant: Merchant, currency: str, data: st.DataObject
) -> None:
    known: list[Terms] = data.draw(st.lists(rules_for(currency), min_size=1, max_size=2))
    facts: OrderFacts = data.draw(baskets(currency))
    backs: list[Back] = data.draw(refunds_of(facts))
    ends = []
    for some in (backs, data.draw(st.permutations(backs))):
        partner = earning_by(known)
        order_id = sold(partner, facts)
        balances = [balance(partner_earned(partner.id), currency)]
        for back in some:
            give_back(order_id, back)
            balances.append(balance(partner_earned(partner.id), currency))
        assert balances == sorted(balances, reverse=True)
        assert balances[-1] >= 0
        if sum(back.amount for back in backs) == facts.amount:
            assert balances[-1] == 0
        taken = partner.commissions.aggregate(sum=Sum("reversals__amount"))["sum"] or 0
        assert balances[0] - balances[-1] == taken
        ends.append(balances[-1])
    assert ends[0] == ends[1]
    assert [*ledger.verify.problems(), *commissions.verify.problems(), *standing.problems()] == []
