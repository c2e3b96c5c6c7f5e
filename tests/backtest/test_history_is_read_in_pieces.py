"""However long a history is, a piece of it takes the same few statements, and the pieces together give the whole."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from affiliates.models import Partner
from merchants.models import Merchant
from rewards.details import Details
from rewards.terms import add_rule, set_reward
from tests.backtest.history import AFTER, BEFORE, MARCH, compared, sells
from tests.factories import ACTOR, PartnerFactory
from tests.rewards.rules import tier
from tracking import backtest
from tracking.backtest import compare
from tracking.events import Lead, SaleCustomer
from tracking.leads import record_lead
from tracking.proposals import Proposal, propose

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(tenant: Merchant) -> Partner:
    """Recruited by somebody who was recruited; she sells, and brings leads, and both are paid for."""
    above = PartnerFactory(recruiter=PartnerFactory(), recruited_at=BEFORE)
    made: Partner = PartnerFactory(recruiter=above, recruited_at=BEFORE)
    since = {"effective_from": BEFORE, "actor": ACTOR}
    add_rule(program=made.program, kind="fixed", amount=500, currency="USD", details=Details(event="lead"), **since)
    add_rule(program=made.program, kind="percentage", percent=10, details=Details(event="recruit"), **since)
    set_reward(program=made.program, kind="percentage", percent=10, effective_from=BEFORE, actor=ACTOR)
    return made


def lives_on(partner: Partner, name: str, *, orders: int, leads: int) -> None:
    for number in range(max(orders, leads)):
        if number < orders:
            sells(partner, f"{name}-{number}", 10_000, MARCH + timedelta(days=number))
        if number < leads:
            customer = SaleCustomer(external_id=f"{name}-{number}")
            lead = Lead(partner=str(partner.id), customer=customer, name="Trial", occurred_at=MARCH)
            record_lead(lead, actor=ACTOR, now=AFTER)


def proposals(partner: Partner) -> list[Proposal]:
    """One for sales that counts, and one for recruiters."""
    period = {"since": BEFORE, "until": AFTER}
    steps = Details(tiers=(tier(5, "20"),), cap_month=9_000)
    deeper = Details(event="recruit", deeper=(Decimal(5),))
    return [
        propose(partner.program, kind="percentage", percent=10, currency="USD", details=steps, **period),
        propose(partner.program, kind="percentage", percent=12, details=deeper, adds=True, **period),
    ]


@pytest.mark.parametrize(("orders", "leads"), [(7, 0), (3, 9), (0, 5), (6, 6)])
def test_pieces_give_the_whole(
    tenant: Merchant, anna: Partner, monkeypatch: pytest.MonkeyPatch, orders: int, leads: int
) -> None:
    lives_on(anna, "A", orders=orders, leads=leads)
    for proposal in proposals(anna):
        whole = compared(tenant, proposal)
        with monkeypatch.context() as smaller:
            smaller.setattr(backtest, "PIECE", 3)
            steps = list(compare(tenant, proposal))
            found = compared(tenant, proposal)
        assert found == whole
        assert found.differ == {}
        assert all(done - before <= 2 * 3 for (before, _), (done, _) in pairwise(steps))
        assert steps[-1][0] == steps[-1][1]


def test_a_piece_takes_as_many_statements_as_any_other(
    tenant: Merchant, anna: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtest, "PIECE", 4)
    lives_on(anna, "A", orders=8, leads=8)
    for proposal in proposals(anna):
        steps = compare(tenant, proposal)
        next(steps)
        taken = []
        for _ in range(3):
            with CaptureQueriesContext(connection) as asked:
                next(steps)
            taken.append(len(asked))
        # The first learns who sold and who is above them; nobody is new in the others.
        assert taken[0] - taken[1] == 3
        assert taken[1] == taken[2] <= 7
