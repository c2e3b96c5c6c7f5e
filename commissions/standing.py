"""The rows of `rewards.counting` in the database: locked, counted from commissions where there are none, and proven.

A row is made from the commissions that are there when a rule first needs it, under a lock on its partner; from then on
it is locked, in id order and after the coupons (`tracking.ingest`), so that tiers and caps are exact. Who takes an
order away from a partner holds the rows in which it may have been counted (`hold`), and so long nobody makes one; then
they are thrown away (`forget_rows`), and the next sale counts them again.

A sale that was under way when the first rule that counts was set would not know that it must count. So whoever sets
one waits until the sales under way are over (a trigger; `merchants.tenancy.rules_stay`), as does who moves a partner to
a group where anything is counted, or the merchant to another time zone.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct, json
from psycopg import errors

from merchants.models import Merchant
from merchants.statements import Statement
from merchants.tenancy import Contended, current
from rewards.counting import Count, Counts, Key, every_key

#: What one row comes to by currency: a customer's through their orders and leads, which have an index.
_COUNTED = """
    SELECT c.currency, count(o.id) AS orders, coalesce(sum(o.amount), 0)::bigint AS revenue,
           sum(c.amount)::bigint AS earned
      FROM {commissions} c LEFT JOIN orders_order o ON o.id = c.order_id
     WHERE c.reward_version_id IS NOT NULL AND c.level = 0 AND c.moved = 0 AND o.deleted_at IS NULL {condition}
     GROUP BY c.currency"""
_AS_ONE = "SELECT json_agg(x) FROM ({}) x"
_OF_PARTNER = Statement(
    _AS_ONE.format(
        _COUNTED.format(
            commissions="commissions_commission",
            condition="AND c.partner_id = %(partner)s AND c.occurred_at >= %(since)s AND c.occurred_at < %(until)s",
        )
    )
)
_OF_CUSTOMER = Statement(
    _AS_ONE.format(
        _COUNTED.format(
            commissions="""(
        SELECT c.* FROM orders_order o JOIN commissions_commission c ON c.order_id = o.id AND c.partner_id = %(partner)s
         WHERE o.customer_id = %(customer)s
         UNION ALL
        SELECT c.* FROM affiliates_lead l JOIN commissions_commission c ON c.id = l.id AND c.partner_id = %(partner)s
         WHERE l.customer_id = %(customer)s)""",
            condition="",
        )
    )
)
_LOCKED = Statement(
    _AS_ONE.format(
        "SELECT id, orders, revenue, earned FROM rewards_rewardstanding"
        " WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR NO KEY UPDATE"
    )
)


_PARTNERS_LOCKED = Statement(
    _AS_ONE.format("SELECT id FROM affiliates_partner WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR NO KEY UPDATE")
)


class _Row(Struct):
    """A row as it is stored."""

    id: UUID
    orders: int
    revenue: dict[str, int]
    earned: dict[str, int]


class _Sum(Struct):
    """What the commissions come to in one currency."""

    currency: str
    orders: int
    revenue: int
    earned: int


_rows = json.Decoder(list[_Row] | None)
_sums = json.Decoder(list[_Sum] | None)


def locked(keys: Collection[Key], *, new_customers: Collection[UUID], zone: ZoneInfo) -> Counts:
    """The rows of the running tenant, locked until the transaction ends; those that are missing as they come to now.

    Customers who are only just being made have no history to count. Contended when two wait for each other, as a sale
    can that brought its own click along.
    """
    by_id = {key.id: key for key in keys}
    with _waiting():
        found = _rows.decode(_LOCKED.value({"ids": sorted(by_id)}) or b"null") or []
    rows = {by_id[row.id]: Count(row.orders, row.revenue, row.earned, is_stored=True) for row in found}
    missing = [key for key in by_id.values() if key not in rows]
    old = [key for key in missing if key.customer_id not in new_customers]
    if old:
        _lock_partners({key.partner_id for key in old})
    for key in missing:
        rows[key] = counted(key, zone) if key in old else Count()
    return Counts(rows)


def _lock_partners(ids: Collection[UUID]) -> None:
    """By id. Whoever waits here counts what the one before has done."""
    with _waiting():
        _PARTNERS_LOCKED.value({"ids": sorted(ids)})


@contextmanager
def _waiting() -> Iterator[None]:
    """Of two who wait for each other one is sent back, and runs again."""
    try:
        yield
    except errors.DeadlockDetected as error:
        raise Contended(str(error)) from error


def keys_of(commissions: Iterable[tuple[UUID, UUID | None, datetime]]) -> set[Key]:
    """All rows in which these may have been counted: partner, customer and moment of each."""
    zone = ZoneInfo(Merchant.objects.values_list("time_zone", flat=True).get(id=current()))
    return {key for partner_id, customer_id, at in commissions for key in every_key(partner_id, customer_id, at, zone)}


def hold(keys: Collection[Key], *, partner_ids: Collection[UUID] = ()) -> None:
    """Lock the rows of these keys, and keep new ones of their partners, and of `partner_ids`, from being made.

    Rows by id, then partners by id, as sales lock them; commissions come after both.
    """
    with _waiting():
        _LOCKED.value({"ids": sorted(key.id for key in keys)})
    _lock_partners({key.partner_id for key in keys} | set(partner_ids))


def forget_rows(keys: Collection[Key]) -> None:
    """Throw away these rows, which `hold` holds: the next sale counts them anew."""
    Merchant(id=current()).reward_standings.filter(id__in=[key.id for key in keys]).delete()


def read(key: Key, zone: ZoneInfo) -> Count:
    """A row as it is kept, or as it would be made; nothing is locked and nothing written."""
    row = Merchant(id=current()).reward_standings.filter(id=key.id).first()
    return Count(row.orders, row.revenue, row.earned) if row else counted(key, zone)


def counted(key: Key, zone: ZoneInfo) -> Count:
    """What a row comes to, from the commissions there are."""
    since, until = _bounds(key.period, zone)
    parameters = {"partner": key.partner_id, "customer": key.customer_id, "since": since, "until": until}
    count = Count()
    asked = _OF_PARTNER if key.customer_id is None else _OF_CUSTOMER
    for sum in _sums.decode(asked.value(parameters) or b"null") or ():
        count.orders += sum.orders
        count.earned[sum.currency] = sum.earned
        if sum.orders:
            count.revenue[sum.currency] = sum.revenue
    return count


def _bounds(period: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if not period:
        return datetime(1970, 1, 1, tzinfo=zone), datetime(9998, 1, 1, tzinfo=zone)
    year, month = int(period[:4]), int(period[5:])
    later = (year + 1, 1) if month == 12 else (year, month + 1)
    return datetime(year, month, 1, tzinfo=zone), datetime(*later, 1, tzinfo=zone)


def forget(*, partner_ids: Collection[UUID]) -> None:
    """Throw away what was counted for these partners of the running tenant: the next sale counts it anew."""
    Merchant(id=current()).reward_standings.filter(partner_id__in=partner_ids).delete()


def problems() -> Iterator[str]:
    """What was counted otherwise than the commissions say, a sentence each; nothing when all is well."""
    merchant = Merchant.objects.get(id=current())
    zone = ZoneInfo(merchant.time_zone)
    for row in merchant.reward_standings.order_by("id").iterator():
        should = counted(Key(row.partner_id, row.customer_id, row.period), zone)
        has = (row.orders, _without_zeros(row.revenue), _without_zeros(row.earned))
        if has != (should.orders, _without_zeros(should.revenue), _without_zeros(should.earned)):
            whose = f"partner {row.partner_id}" + (f" with customer {row.customer_id}" if row.customer_id else "")
            yield (
                f"{whose} in {row.period or 'all time'} was counted as {has[0]} orders, {has[1]}, {has[2]};"
                f" the commissions say {should.orders}, {should.revenue}, {should.earned}"
            )


def _without_zeros(amounts: dict[str, int]) -> dict[str, int]:
    return {currency: amount for currency, amount in amounts.items() if amount}
