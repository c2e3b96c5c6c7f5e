"""What keeps programs out, without asking anybody else: a trap, a stamp, time, and a count. Each says what to do."""

from datetime import timedelta

import pytest
from django.test import Client

from apply import views
from merchants import tenancy
from tests.apply.conftest import PAGE, READING, Door

pytestmark = pytest.mark.django_db


def nothing_is_kept(door: Door) -> bool:
    with tenancy.tenant(door.merchant.id):
        return not door.merchant.applications.exists()


def test_who_fills_in_what_nobody_sees_is_refused(door: Door) -> None:
    answer = door.send(reference="cheap watches")
    assert answer.status_code == 422
    assert b"Leave this field empty" in answer.content
    assert nothing_is_kept(door)


def test_faster_than_anybody_types_is_refused_and_a_moment_later_taken(door: Door) -> None:
    stamp = door.opened()["stamp"]
    door.clock.shift(-READING)
    early = door.send(stamp=stamp)
    assert early.status_code == 422
    assert b"Wait a moment, then send it again." in early.content
    door.clock.shift(timedelta(seconds=3))
    assert door.send(stamp=stamp).status_code == 302


@pytest.mark.parametrize("stamp", ["", "made-up", "a:b:c"])
def test_a_form_without_its_stamp_comes_back_with_a_new_one(door: Door, stamp: str) -> None:
    answer = door.send(stamp=stamp)
    assert answer.status_code == 422
    assert b"did not come from this page" in answer.content
    assert nothing_is_kept(door)


def test_a_page_that_was_open_for_days_is_sent_again_with_what_was_typed(door: Door) -> None:
    stamp = door.opened()["stamp"]
    door.clock.shift(timedelta(days=2))
    answer = door.send(stamp=stamp).content.decode()
    assert "open for more than a day" in answer
    assert "A weekly podcast." in answer
    assert f'value="{stamp}"' not in answer


def test_one_address_sends_so_many_in_a_quarter_of_an_hour(door: Door) -> None:
    for number in range(views.FROM_ONE):
        assert door.send(email=f"bo{number}@example.com").status_code == 302
    blocked = door.send(email="one-more@example.com")
    assert blocked.status_code == 429
    assert b"Wait a quarter of an hour." in blocked.content
    assert door.browser.get(PAGE).status_code == 200


def test_an_ipv6_network_is_one_address(door: Door) -> None:
    for number in range(views.FROM_ONE):
        door.browser = Client(REMOTE_ADDR=f"2001:db8:0:1::{number:x}")
        assert door.send(email=f"bo{number}@example.com").status_code == 302
    door.browser = Client(REMOTE_ADDR="2001:db8:0:1:ffff::1")
    assert door.send(email="one-more@example.com").status_code == 429
    door.browser = Client(REMOTE_ADDR="2001:db8:0:2::1")
    assert door.send(email="neighbour@example.com").status_code == 302
