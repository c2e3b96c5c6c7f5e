"""`manage.py doctor` says when clicks wait too long or could not be inserted."""

import io
from datetime import UTC, datetime, timedelta

from django.core.management import CommandError, call_command

from merchants.models import Merchant
from tracking import click_stream, clicks


def diagnosis() -> str:
    out = io.StringIO()
    try:
        call_command("doctor", stdout=out)
    except CommandError:
        pass
    return out.getvalue()


def test_clicks_that_were_just_made_are_well(merchant: Merchant) -> None:
    click_stream.add(b"just made")
    assert "ok      clicks arrive" in diagnosis()


def test_clicks_that_nobody_drains_are_told_of(merchant: Merchant) -> None:
    long_ago = int((datetime.now(UTC) - timedelta(minutes=6)).timestamp() * 1000)
    click_stream.client().xadd(click_stream.STREAM, {b"c": b"old"}, id=f"{long_ago}-1")
    click_stream.add(b"just made")
    assert "2 clicks wait, the oldest since" in diagnosis()


def test_clicks_that_were_set_aside_are_told_of(merchant: Merchant) -> None:
    click_stream.add(b"no click at all")
    clicks.drain()
    assert "1 clicks could not be inserted: look at clicks:dead" in diagnosis()
