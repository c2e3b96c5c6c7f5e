"""From the stream to the database: redelivered, poisoned, killed in the middle, with Redis away."""

import os
import random
import signal
from datetime import UTC, datetime
from functools import partial
from typing import Any

from msgspec import json, structs

from affiliates.models import Link, Partner
from merchants import tenancy
from merchants.ids import new_id
from merchants.models import Merchant
from stats.models import StaleMark
from tests.factories import ACTOR, LinkFactory, PartnerFactory
from tests.races import forked, race
from tracking import click_stream, clicks, ingest
from tracking.clicks import Click
from tracking.events import Sale


def click_on(link: Link, **more: Any) -> Click:
    return Click(
        id=new_id(),
        merchant_id=link.merchant_id,
        link_id=link.id,
        partner_id=link.partner_id,
        visitor=new_id(),
        clicked_at=datetime.now(UTC),
        **more,
    )


def stored(link: Link) -> set[Any]:
    with tenancy.tenant(link.merchant_id):
        return set(link.clicks.values_list("id", flat=True))


def test_draining_moves_every_click_and_marks_the_rollups(link: Link) -> None:
    kept = [click_on(link) for _ in range(5)]
    for click in kept:
        clicks.keep(click)
    assert clicks.drain() == 5
    assert clicks.drain() == 0
    assert stored(link) == {click.id for click in kept}
    assert click_stream.waiting() == 0
    with tenancy.tenant(link.merchant_id):
        assert StaleMark.objects.exists()


def test_a_click_delivered_twice_is_one_click(link: Link) -> None:
    click = click_on(link)
    clicks.keep(click)
    clicks.keep(click)
    clicks.drain()
    clicks.keep(click)
    clicks.drain()
    assert stored(link) == {click.id}


def test_what_cannot_be_inserted_is_set_aside_and_holds_nobody_up(link: Link, other_merchant: Merchant) -> None:
    good = click_on(link)
    of_another_merchant = click_on(link)
    of_another_merchant.merchant_id = other_merchant.id
    clicks.keep(of_another_merchant)
    click_stream.add(b"no click at all")
    unstorable = click_on(link, user_agent="a\0b")
    clicks.keep(unstorable)
    clicks.keep(good)
    assert clicks.drain() == 4
    assert stored(link) == {good.id}
    assert click_stream.waiting() == 0
    assert click_stream.client().xlen(click_stream.DEAD) == 3


def test_what_a_dead_drainer_took_is_taken_over(link: Link) -> None:
    click = click_on(link)
    clicks.keep(click)
    click_stream.client().xgroup_create(click_stream.STREAM, click_stream.GROUP, id="0")
    click_stream.client().xreadgroup(click_stream.GROUP, "dead", {click_stream.STREAM: ">"})
    assert clicks.drain() == 0
    assert clicks.drain(abandoned_ms=0) == 1
    assert stored(link) == {click.id}


def test_a_sale_that_overtakes_its_click_finds_it(link: Link) -> None:
    click = click_on(link)
    clicks.keep(click)
    sale = Sale(order_id="o1", amount=10_000, currency="USD", click_id=click.id)
    with tenancy.tenant(link.merchant_id):
        (outcome,) = ingest.record([sale], actor=ACTOR)
    assert outcome.answer is not None
    assert outcome.answer.attribution["via"] == "click"
    assert outcome.answer.order.partner_id == link.partner_id
    assert clicks.drain() == 1
    assert stored(link) == {click.id}


def test_a_sale_cannot_fetch_another_merchants_click(link: Link, other_merchant: Merchant) -> None:
    click = click_on(link)
    clicks.keep(click)
    sale = Sale(order_id="o1", amount=10_000, currency="USD", click_id=click.id)
    with tenancy.tenant(other_merchant.id):
        (outcome,) = ingest.record([sale], actor=ACTOR)
    assert outcome.answer is not None
    assert outcome.answer.attribution["outcome"] == "direct"
    assert outcome.answer.attribution["candidates"][0]["lost"] == "click_unknown"


def test_with_redis_away_a_click_goes_straight_to_the_database(link: Link, redis_away: None) -> None:
    click = click_on(link)
    clicks.keep(click)
    assert stored(link) == {click.id}


def test_a_drainer_killed_at_any_moment_loses_and_doubles_nothing(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        partner: Partner = PartnerFactory()
        link: Link = LinkFactory(partner=partner)
    kept = [click_on(link) for _ in range(300)]
    for click in kept:
        click_stream.client().xadd(click_stream.STREAM, {b"c": json.encode(click)})
    luck = random.Random(7)
    for _ in range(12):
        with forked(_drain_slowly) as drainer:
            drainer.wait_for_progress(luck.randint(1, 4))
            os.kill(drainer.pid, signal.SIGKILL)
    while clicks.drain(abandoned_ms=0):
        pass
    assert stored(link) == {click.id for click in kept}
    assert click_stream.waiting() == 0


def _drain_slowly(progress: Any) -> None:
    while clicks.drain(limit=5, abandoned_ms=0):
        progress()


def test_first_clicks_are_counted_once_however_many_insert_at_a_time(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        link: Link = LinkFactory(partner=PartnerFactory())
    visitors = [new_id() for _ in range(20)]
    moment = datetime.now(UTC)

    def drain_a_copy() -> None:
        batch = [structs.replace(click_on(link), visitor=visitor, clicked_at=moment) for visitor in visitors]
        for click in batch:
            clicks.keep(click)
        while clicks.drain(limit=7):
            pass

    assert race(*[drain_a_copy] * 4) == ["ok"] * 4
    with tenancy.tenant(committed_merchant.id):
        assert link.clicks.count() == 80
        assert link.clicks.filter(is_unique=True).count() == 20


def test_first_clicks_are_counted_once_with_redis_away_too(committed_merchant: Merchant, redis_away: None) -> None:
    with tenancy.tenant(committed_merchant.id):
        link: Link = LinkFactory(partner=PartnerFactory())
    visitor = new_id()
    twins = [structs.replace(click_on(link), visitor=visitor) for _ in range(4)]
    assert race(*[partial(clicks.keep, twin) for twin in twins]) == ["ok"] * 4
    with tenancy.tenant(committed_merchant.id):
        assert link.clicks.count() == 4
        assert link.clicks.filter(is_unique=True).count() == 1
