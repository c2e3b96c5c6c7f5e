"""A link to follow, and a stream that starts empty."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from affiliates.models import Link, Partner
from merchants import tenancy
from merchants.models import Merchant
from tests.factories import LinkFactory
from tracking import click_stream, targets

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def empty_stream() -> Iterator[None]:
    """Every test has the stream, the pause after an outage and the memory of links to itself."""
    click_stream.client().delete(click_stream.STREAM, click_stream.DEAD)
    targets.forget()
    yield
    click_stream.client().delete(click_stream.STREAM, click_stream.DEAD)


@pytest.fixture
def link(merchant: Merchant, partner: Partner) -> Link:
    """Anna's link /r/coffee to a page with a parameter of its own."""
    with tenancy.tenant(merchant.id):
        made: Link = LinkFactory(partner=partner, code="coffee", destination="https://shop.example/beans?size=l#top")
    return made


@pytest.fixture
def redis_away() -> Iterator[None]:
    """A Redis address where nobody listens, for as long as the test lasts."""
    click_stream.disconnect()
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        yield
    click_stream.disconnect()
    click_stream.reset()
