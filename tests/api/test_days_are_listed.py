"""The figures of each day, of the account or of one partner."""

import pytest

from merchants import tenancy
from merchants.models import Merchant
from stats.rollup import refresh
from tests.api.conftest import Api
from tests.factories import ACTOR
from tracking import ingest
from tracking.events import Sale

pytestmark = pytest.mark.django_db


def test_every_day_is_there_with_its_figures(api: Api, merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        (outcome,) = ingest.record([Sale(order_id="A-1", amount=1250, currency="USD")], actor=ACTOR)
        assert outcome.error is None
        refresh()
    answer = api.get("/stats/days")
    assert answer.status == 200, answer
    assert len(answer.body["data"]) == 30
    today = answer.body["data"][-1]
    assert (today["direct_orders"], today["direct_revenue"], today["orders"]) == (1, 1250, 0)
