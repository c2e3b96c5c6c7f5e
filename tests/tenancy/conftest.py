"""Two merchants with a full life each."""

import pytest

from merchants.models import Merchant
from tests.tenancy.population import populate


@pytest.fixture
def mine(merchant: Merchant) -> Merchant:
    """The merchant that the test is inside of, or means to be."""
    populate(merchant, "mine")
    return merchant


@pytest.fixture
def theirs(other_merchant: Merchant) -> Merchant:
    """The one whose rows must stay out of sight."""
    populate(other_merchant, "theirs")
    return other_merchant
