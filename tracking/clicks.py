"""Clicks: never lost, never doubled.

A click's id is made where the click happens and is its identity from then on: inserting it again changes nothing. The
redirect puts it into a Redis stream (`keep`); the worker moves it to the database in batches (`drain`) and only then
lets go of it. With Redis away, `keep` writes to the database itself. A sale that overtakes its click has it
inserted at once (`fetch`).
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from msgspec import DecodeError, Struct, json

from affiliates.models import Click as ClickRow
from merchants import audit
from merchants.audit import Actor
from merchants.errors import NotFound
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.tenancy import current, run
from stats.marks import mark_many
from tracking import click_stream
from tracking.click_rewards import Clicked, reward_clicks
from tracking.click_stream import StreamAway

logger = logging.getLogger(__name__)

#: How far the clocks of a web process and of Redis may be apart.
_CLOCKS_APART_MS = 5_000
#: A click older than this has been drained, unless the worker stands still.
_ON_ITS_WAY = timedelta(minutes=10)
_LOOKED_AT = 50_000
#: The first number of this module's advisory locks.
_LOCKS = 0x636C6963  # "clic"


class Click(Struct, kw_only=True):
    """Someone followed a link."""

    id: UUID
    merchant_id: UUID
    link_id: UUID
    partner_id: UUID
    visitor: UUID
    clicked_at: datetime
    landing_url: str = ""
    referrer: str = ""
    country: str = ""
    utm: dict[str, str] = {}
    ip_hash: str = ""
    user_agent: str = ""


_decode = json.Decoder(Click).decode

# Unique is decided here and not in the redirect, which has no time to ask; index click_by_visitor.
_INSERT = """
INSERT INTO affiliates_click (merchant_id, id, link_id, partner_id, visitor, clicked_at, is_unique, landing_url,
                              referrer, country, utm, ip_hash, user_agent)
SELECT n.merchant_id, n.id, n.link_id, n.partner_id, n.visitor, n.clicked_at,
       row_number() OVER (PARTITION BY n.visitor, n.link_id, date_trunc('day', n.clicked_at, 'UTC')
                          ORDER BY n.clicked_at, n.id) = 1
       AND NOT EXISTS (
            SELECT FROM affiliates_click c
             WHERE c.visitor = n.visitor AND c.link_id = n.link_id
               AND date_trunc('day', c.clicked_at, 'UTC') = date_trunc('day', n.clicked_at, 'UTC')),
       n.landing_url, n.referrer, n.country, n.utm, n.ip_hash, n.user_agent
  FROM json_populate_recordset(NULL::affiliates_click, %s::json) n
 ORDER BY n.id  -- two who insert the same clicks wait for each other in one direction
    ON CONFLICT (merchant_id, id) DO NOTHING
RETURNING id, partner_id, clicked_at, country, is_unique
"""


def keep(click: Click) -> None:
    """Keep a click from outside any tenant: in the stream, or in the database when Redis is away."""
    try:
        hand_on(click)
    except StreamAway:
        run(click.merchant_id, lambda: _insert(click.visitor, [click]))


def hand_on(click: Click) -> None:
    """Put a click into the stream; StreamAway when only the database can keep it."""
    click_stream.add(json.encode(click))


def record(
    *,
    code: str,
    visitor: UUID | None = None,
    clicked_at: datetime | None = None,
    landing_url: str = "",
    referrer: str = "",
    country: str = "",
    utm: dict[str, str] | None = None,
    actor: Actor,
) -> ClickRow:
    """Record a click that the merchant's server saw, on a link of the running tenant; NotFound for another code."""
    merchant = Merchant(id=current())
    link = merchant.links.filter(code=code.lower(), is_active=True).first()
    if link is None:
        raise NotFound(f"There is no active link with the code {code!r}.", code="link_unknown", field="code")
    click = Click(
        id=new_id(),
        merchant_id=merchant.id,
        link_id=link.id,
        partner_id=link.partner_id,
        visitor=visitor or new_id(),
        clicked_at=clicked_at or timezone.now(),
        landing_url=landing_url,
        referrer=referrer,
        country=country,
        utm=utm or {},
    )
    store([click])
    audit.record(actor, "click.record", "click", click.id, after={"code": link.code})
    return merchant.clicks.get(id=click.id)


def fetch(ids: Collection[UUID]) -> bool:
    """Bring clicks of the running tenant that still wait in the stream into the database, in this transaction.

    Returns whether it is worth looking for them again. The entries stay in the stream: when the drain comes to them
    they are there already.
    """
    now = datetime.now(UTC)
    recent = {id for id in ids if _is_recent(id, now)}
    if not recent:
        return False
    made = [_made_at_ms(id) for id in recent]
    entries = click_stream.between(min(made) - _CLOCKS_APART_MS, max(made) + _CLOCKS_APART_MS, limit=_LOOKED_AT)
    waiting = [_decode(body) for _, body in entries]
    store([click for click in waiting if click.id in recent and click.merchant_id == current()])
    return True


def _made_at_ms(id: UUID) -> int:
    """The moment a UUIDv7 was made, in milliseconds since 1970."""
    return id.int >> 80


def _is_recent(id: UUID, now: datetime) -> bool:
    if id.version != 7:
        return False
    age_ms = now.timestamp() * 1000 - _made_at_ms(id)
    return -_CLOCKS_APART_MS < age_ms < _ON_ITS_WAY.total_seconds() * 1000


def drain(*, limit: int = 2_000, abandoned_ms: int = click_stream.ABANDONED_MS) -> int:
    """Move up to `limit` clicks from the stream to the database; how many were taken. Call outside any tenant.

    One transaction for each merchant; an entry is let go of only after its transaction has committed. One that
    another drainer took more than `abandoned_ms` ago and has not finished is taken over.
    """
    by_merchant: defaultdict[UUID, list[tuple[click_stream.Entry, Click]]] = defaultdict(list)
    taken = click_stream.take(limit, abandoned_ms=abandoned_ms)
    for entry in taken:
        try:
            click = _decode(entry[1])
        except DecodeError as error:
            logger.error("a click that cannot be read was set aside: %s", error)
            click_stream.set_aside(entry, str(error))
            continue
        by_merchant[click.merchant_id].append((entry, click))
    for merchant_id, pairs in by_merchant.items():
        _drain_merchant(merchant_id, pairs)
    return len(taken)


def _drain_merchant(merchant_id: UUID, pairs: Sequence[tuple[click_stream.Entry, Click]]) -> None:
    try:
        run(merchant_id, lambda: _insert(merchant_id, [click for _, click in pairs]))
    except DatabaseError as error:
        if not _is_about_content(error):
            raise  # the database is away or busy: everything stays in the stream
        _drain_one_by_one(merchant_id, pairs)
        return
    click_stream.done([entry[0] for entry, _ in pairs])


def _drain_one_by_one(merchant_id: UUID, pairs: Iterable[tuple[click_stream.Entry, Click]]) -> None:
    """One entry spoils the batch: find it, set it aside, keep the others."""
    for entry, click in pairs:
        try:
            run(merchant_id, partial(_insert, merchant_id, [click]))
        except DatabaseError as error:
            if not _is_about_content(error):
                raise
            logger.error("click %s was set aside: %s", click.id, error)
            click_stream.set_aside(entry, str(error))
        else:
            click_stream.done([entry[0]])


def _insert(whose: UUID, clicks: Sequence[Click]) -> None:
    _one_at_a_time(whose)
    store(clicks)


def _one_at_a_time(whose: UUID) -> None:
    """Wait until nobody else is inserting for the same merchant or visitor: a first click is first among all seen.

    Two numbers, because one is what `stats.rollup` uses. Not in `fetch`: a sale keeps its locks to the end, and this
    one would hold up the drain.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCKS, str(whose)])


def _is_about_content(error: DatabaseError) -> bool:
    """Whether the rows are at fault (a constraint, a value), rather than the database's health."""
    state: str = getattr(error.__cause__, "sqlstate", None) or ""
    return state[:2] in ("22", "23")


def store(clicks: Sequence[Click]) -> None:
    """Insert clicks of the running tenant, mark what they touch and reward those that a rule pays for.

    One that is there already stays as it is and is not rewarded again. Contended as in `ingest.record`.
    """
    if not clicks:
        return
    rows: list[dict[str, Any]] = [_row(click) for click in clicks]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_INSERT, [json.encode(rows).decode()])
        inserted = cursor.fetchall()
        mark_many((click.partner_id, click.clicked_at, None) for click in clicks)
        reward_clicks([Clicked(*row) for *row, is_unique in inserted if is_unique])


def _row(click: Click) -> dict[str, Any]:
    row = {name: getattr(click, name) for name in click.__struct_fields__}
    for name, longest in (("landing_url", 2000), ("referrer", 2000), ("user_agent", 400)):
        row[name] = row[name][:longest]
    return row
