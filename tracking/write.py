"""WRITE: a whole plan in one statement, one JSON parameter per table.

The statement is put together from the parts that have rows, so that a sale of a known customer does not pay for the
parts it does not need; each combination is prepared once per connection. Concurrent twins are settled by the
constraints: a unique violation means that somebody else was first, and the caller runs again and finds it.
"""

from collections.abc import Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any

from msgspec import json
from psycopg import errors

from ledger.posting import POST
from merchants import tenancy
from merchants.audit import Actor
from merchants.ids import new_id
from merchants.statements import Statement
from merchants.tenancy import Contended, current
from tracking.plan import Plan, Row


def _insert(table: str, columns: str, parameter: str) -> str:
    return (
        f"INSERT INTO {table} ({columns}) SELECT {columns} "
        f"FROM json_populate_recordset(NULL::{table}, %({parameter})s::json)"
    )


def _update(table: str, setting: str, columns: str, parameter: str) -> str:
    """Rows found by their ids, given twice: of a record set the planner believes that it has a hundred rows, and rather
    reads a whole merchant; of an array, ten."""
    return (
        f"UPDATE {table} t SET {setting} FROM json_to_recordset(%({parameter})s::json) AS n(id uuid, {columns})"
        f" WHERE t.id = n.id AND t.id = ANY(ARRAY(SELECT (e ->> 'id')::uuid"
        f" FROM json_array_elements(%({parameter})s::json) e))"
    )


_encode = json.Encoder().encode

#: In the order in which a person would write them; foreign keys are checked when the whole statement is done.
_PARTS = {
    "new_identities": _insert("customers_identity", "id, email, phone, name, language, holders", "new_identities"),
    "shared_identities": _update(
        "customers_identity", "holders = t.holders + n.holders", "holders int", "shared_identities"
    ),
    "new_customers": _insert(
        "customers_customer",
        "merchant_id, id, identity_id, external_id, email, phone, name, birthday, language, inherited, status, notes,"
        " tags, metadata, created_at",
        "new_customers",
    ),
    "completed_customers": _update(
        "customers_customer",
        "external_id = n.external_id, email = n.email, phone = n.phone, name = n.name, identity_id = n.identity_id,"
        " inherited = ARRAY(SELECT f FROM unnest(t.inherited) f WHERE f <> ALL(n.own))",
        "external_id text, email text, phone text, name text, identity_id uuid, own text[]",
        "completed_customers",
    ),
    "provider_keys": _insert(
        "customers_providerkey", "merchant_id, id, customer_id, provider, key, created_at", "provider_keys"
    ),
    "attributions": _insert(
        "affiliates_customerattribution", "merchant_id, id, customer_id, partner_id, touch, since", "attributions"
    ),
    "coupon_uses": _update("affiliates_coupon", "uses = t.uses + n.uses", "uses int", "coupon_uses"),
    "orders": _insert(
        "orders_order",
        "merchant_id, id, source, external_id, fingerprint, customer_id, partner_id, coupon_id, is_coupon_use,"
        " click_id, currency, amount, tax, shipping, discount, refunded, lines, coupon_code, country, platform, notes,"
        " metadata, attribution, is_first, placed_at, created_at",
        "orders",
    ),
    "commissions": _insert(
        "commissions_commission",
        "merchant_id, id, partner_id, order_id, customer_id, reward_version_id, level, source_id, currency, base,"
        " amount, reversed, status, held_until, explanation, occurred_at, created_at",
        "commissions",
    ),
    "transactions": POST.partition("AS (")[2].rpartition(")\nINSERT")[0],
    "entries": "INSERT" + POST.rpartition(")\nINSERT")[2],
    "new_standings": _insert(
        "rewards_rewardstanding",
        "merchant_id, id, partner_id, customer_id, period, orders, revenue, earned",
        "new_standings",
    ),
    "standings": _update(
        "rewards_rewardstanding",
        "orders = n.orders, revenue = n.revenue, earned = n.earned",
        "orders int, revenue jsonb, earned jsonb",
        "standings",
    ),
    "marks": _insert("stats_stalemark", "merchant_id, touched", "marks"),
    "audit": _insert(
        "merchants_auditentry",
        "merchant_id, id, actor_kind, actor_id, actor_name, verb, object_type, object_id, object_count, after,"
        " request_id",
        "audit",
    ),
}


def write(plan: Plan, *, actor: Actor, last: bool = False) -> None:
    """Write everything the plan holds. Contended when another transaction wrote one of the same things first.

    `last` says that nobody in this transaction reads it: it then goes out with the COMMIT (`tenancy.last`).
    """
    rows = _rows(plan, actor)
    if not rows:
        return
    statement = _statement(tuple(rows))
    parameters = {part: _encode(content) for part, content in rows.items()}
    if last:
        tenancy.last(lambda commit: _run(statement, parameters, commit))
    else:
        _run(statement, parameters)


def _run(statement: Statement, parameters: Mapping[str, bytes], commit: bytes = b"") -> None:
    try:
        statement.closing(commit, parameters)
    except (errors.UniqueViolation, errors.DeadlockDetected, errors.ForeignKeyViolation) as error:
        # A foreign key fails when what LOAD saw was deleted meanwhile: run again and it will not be seen.
        raise Contended(str(error)) from error


@lru_cache(maxsize=256)
def _statement(parts: tuple[str, ...]) -> Statement:
    ctes = ",\n".join(f"{part} AS ({_PARTS[part]})" for part in parts)
    return Statement(f"WITH {ctes}\nSELECT 1")


def _rows(plan: Plan, actor: Actor) -> dict[str, list[Any]]:
    """The parts that have rows, in the order of `_PARTS`."""
    rows: dict[str, list[Any]] = {
        # In one order everywhere: of two batches with the same people one waits, and neither deadlocks the other.
        "new_identities": sorted(plan.new_identities, key=lambda row: (row["email"] or "", row["phone"] or "")),
        "shared_identities": [{"id": id, "holders": more} for id, more in sorted(plan.shared_identities.items())],
        "new_customers": sorted(
            plan.new_customers, key=lambda row: (row["external_id"] or "", row["email"] or "", row["phone"] or "")
        ),
        "completed_customers": sorted(plan.completed_customers, key=lambda row: row["id"]),
        "provider_keys": sorted(plan.provider_keys, key=lambda row: (row["provider"], row["key"])),
        "attributions": plan.attributions,
        "coupon_uses": [{"id": id, "uses": uses} for id, uses in sorted(plan.coupon_uses.items())],
        "orders": plan.orders,
        "commissions": plan.commissions,
        "transactions": plan.transactions,
        "entries": plan.entries,
        "new_standings": sorted(plan.new_standings, key=itemgetter("id")),
        "standings": plan.standings,
        "marks": [{"merchant_id": current(), "touched": sorted(set(plan.touched))}] if plan.touched else [],
        "audit": [_audit(plan, actor)] if plan.orders else [],
    }
    return {part: content for part, content in rows.items() if content}


def _audit(plan: Plan, actor: Actor) -> Row:
    """One row for the request: what it recorded is in the orders themselves."""
    ids = [order["id"] for order in plan.orders]
    return {
        "merchant_id": current(),
        "id": new_id(),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "verb": "sale.record",
        "object_type": "order",
        "object_id": ids[0],
        "object_count": len(ids),
        "after": {"ids": ids} if len(ids) > 1 else {"order_id": plan.orders[0]["external_id"]},
        "request_id": actor.request_id,
    }
