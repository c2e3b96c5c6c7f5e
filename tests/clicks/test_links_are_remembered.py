"""Links are remembered for seconds, read again together, and outlast a database that is away."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from affiliates.links import update_link
from affiliates.models import Link, Partner
from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import NotFound
from merchants.models import Merchant
from tests.factories import LinkFactory
from tracking import targets
from tracking.targets import Target, remembered, target_of


@pytest.fixture
def all_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that was read is fresh enough."""
    monkeypatch.setattr(targets, "REMEMBER_SECONDS", 0.0)


def queries(code: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        target_of(code)
    return len(captured)


def lead_elsewhere(link: Link, actor: Actor) -> None:
    with tenancy.tenant(link.merchant_id):
        update_link(link, changes={"destination": "https://shop.example/new"}, actor=actor)


def test_a_change_takes_effect_when_what_is_remembered_is_old(
    link: Link, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = target_of("coffee")
    lead_elsewhere(link, actor)
    assert target_of("COFFEE") == before
    monkeypatch.setattr(targets, "REMEMBER_SECONDS", 0.0)
    assert target_of("coffee").destination == "https://shop.example/new"


def test_links_of_a_merchant_are_read_again_together(
    merchant: Merchant, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenancy.tenant(merchant.id):
        codes = [link.code for link in LinkFactory.create_batch(12, partner=partner)]
    for code in codes:
        target_of(code)
    assert queries(codes[0]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(targets, "REMEMBER_SECONDS", 0.0)
        for_one = queries(codes[0])
    assert for_one < 6
    assert all(remembered(code) for code in codes)


def test_links_that_nobody_follows_any_more_are_not_read_again(
    merchant: Merchant, partner: Partner, all_is_old: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenancy.tenant(merchant.id):
        busy, idle = (link.code for link in LinkFactory.create_batch(2, partner=partner))
    target_of(idle)
    monkeypatch.setattr(targets, "FOLLOWED_SECONDS", 0.0)
    target_of(busy)
    monkeypatch.undo()
    assert remembered(busy)
    assert not remembered(idle)
    assert target_of(idle).code == idle


def test_an_unknown_code_is_not_found_and_not_remembered(merchant: Merchant) -> None:
    with pytest.raises(NotFound):
        target_of("nobody-has-this")
    assert remembered("nobody-has-this") is None


def test_a_process_remembers_no_end_of_codes(
    merchant: Merchant, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "_REMEMBERED", 3)
    with tenancy.tenant(merchant.id):
        codes = [link.code for link in LinkFactory.create_batch(5, partner=partner)]
    for code in codes:
        assert target_of(code).code == code
    assert sum(remembered(code) is not None for code in codes) == 2


def in_a_thread_whose_database_is_away(code: str) -> Target:
    """A thread has a connection of its own; this one's goes to a port where nobody listens."""

    def read() -> Target:
        connection.settings_dict = connection.settings_dict | {"HOST": "127.0.0.1", "PORT": "1"}
        return target_of(code)

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(read).result()


def test_with_the_database_away_a_known_link_leads_where_it_led(link: Link, all_is_old: None) -> None:
    before = target_of("coffee")
    assert in_a_thread_whose_database_is_away("coffee") == before
    with pytest.raises(OperationalError):
        in_a_thread_whose_database_is_away("never-read")
