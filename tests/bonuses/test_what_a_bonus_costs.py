"""What a bonus costs: nothing for a sale, and for the worker as many statements as it looks at somebody."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from affiliates.models import Partner
from bonuses import reaching
from merchants.models import Merchant
from stats import rollup
from tests.bonuses.conftest import at, promise, sells
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


def test_many_partners_cost_as_many_statements_as_one(tenant: Merchant, anna: Partner) -> None:
    promise()
    counts = []
    for number in (1, 20):
        for partner in [anna, *PartnerFactory.create_batch(number)]:
            sells(partner, 2, on=at("03-10"), called=f"{partner.id}-{number}")
        while rollup.refresh():
            pass
        with CaptureQueriesContext(connection) as captured:
            assert reaching.settle(now=at("03-10")) == number + 1
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 14
