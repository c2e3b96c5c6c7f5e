"""What no page ever sends is answered all the same."""

import pytest
from django.test import Client

from affiliates.models import Partner

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page", ["partners", "commissions", "orders", "customers", "payouts", "bonuses"])
@pytest.mark.parametrize("sort", ["junk", "-", "-1", "\u00b2"])
def test_a_list_that_is_sorted_by_nothing_is_sorted_by_its_default(
    browser: Client, anna: Partner, page: str, sort: str
) -> None:
    answer = browser.get(f"/m/acme/{page}/", {"sort": sort})
    assert answer.status_code == 200


def test_a_ladder_of_more_rows_than_anybody_can_count_is_refused_at_its_field(browser: Client) -> None:
    answer = browser.post("/m/acme/bonuses/new/", {"rows": "9" * 5_000})
    assert answer.status_code == 422
