"""What a bonus costs: nothing for a sale, and for the worker as many statements as it looks at somebody."""

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from affiliates.models import Partner
from bonuses import due, reaching
from bonuses.models import Award, Due, Rung
from merchants.models import Merchant
from stats import rollup
from tests.bonuses.conftest import at, earned, promise, returned, sells
from tests.factories import PartnerFactory


def statements_of_a_sale(partner: Partner, called: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        sells(partner, 1, on=at("03-10"), called=called)
    return [query["sql"].partition("(")[0] for query in captured.captured_queries]


def test_a_sale_asks_what_it_asked_before(anna: Partner) -> None:
    statements_of_a_sale(anna, "warm")
    without = statements_of_a_sale(anna, "without")
    promise()
    assert statements_of_a_sale(anna, "with") == without
    assert anna.merchant.bonuses_due.count() == 0, "whose figures change is for the rollups to say"


def test_many_partners_and_targets_cost_as_many_statements_as_one(tenant: Merchant, anna: Partner) -> None:
    promise(ladder=[Rung(1, 100), Rung(2, 200), Rung(99, 300)])
    counts = []
    for number in (1, 20):
        # Each time others: all of them reach two targets.
        for partner in PartnerFactory.create_batch(number):
            sells(partner, 2, on=at("03-10"), called=f"{partner.id}")
        while rollup.refresh():
            pass
        with CaptureQueriesContext(connection) as captured:
            assert reaching.settle(now=at("03-10")) == number
        counts.append(len(captured))
        while rollup.refresh():
            pass
        reaching.settle(now=at("03-10"))
    assert Award.objects.count() == 42
    assert counts[0] == counts[1] <= 20


def test_many_who_lose_a_target_and_reach_it_again_cost_as_many_statements_as_one(
    tenant: Merchant, anna: Partner
) -> None:
    promise(ladder=[Rung(1, 100)])
    counts = []
    for number in (1, 20):
        partners = PartnerFactory.create_batch(number)
        for partner in partners:
            sells(partner, 1, on=at("03-10"), called=f"{partner.id}")
        until_still(at("03-10"))
        for partner in partners:
            returned(f"{partner.id}-0", on=at("03-11"))
        while rollup.refresh():
            pass
        counts.append(statements_of_a_look(at("03-11")))
        assert {status for partner in partners for _, status in earned(partner)} == {"reversed"}
        until_still(at("03-11"))
        for partner in partners:
            sells(partner, 1, on=at("03-12"), called=f"again-{partner.id}")
        while rollup.refresh():
            pass
        counts.append(statements_of_a_look(at("03-12")))
        assert {given for partner in partners for given in earned(partner)} == {(100, "pending")}
        until_still(at("03-12"))
    assert counts[:2] == counts[2:]
    assert max(counts) <= 20


def until_still(now: datetime) -> None:
    while rollup.refresh() or reaching.settle(now=now):
        pass


def statements_of_a_look(now: datetime) -> int:
    with CaptureQueriesContext(connection) as captured:
        reaching.settle(now=now)
    return len(captured)


def test_many_partners_are_looked_at_in_pieces(
    tenant: Merchant, anna: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "PIECE", 2)
    partners = [anna, *PartnerFactory.create_batch(4)]
    for partner in partners:
        sells(partner, 1, on=at("03-01"), called=f"{partner.id}")
    while rollup.refresh():
        pass
    promise(ladder=[Rung(1, 100)])
    assert [reaching.settle(limit=2, now=at("03-01")) for _ in range(4)] == [2, 2, 1, 0]
    assert Award.objects.count() == 5
    due.note([partner.id for partner in partners])
    assert sorted(len(mark.partners) for mark in Due.objects.all()) == [1, 2, 2]
