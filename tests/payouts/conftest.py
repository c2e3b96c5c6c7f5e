"""A partner on 10%."""

import pytest

from affiliates.models import Partner
from merchants.models import Merchant
from tests.sales import give_ten_percent


@pytest.fixture
def anna(tenant: Merchant, partner: Partner) -> Partner:
    """A partner on 10%, inside the tenant."""
    give_ten_percent(partner)
    return partner
