"""Example values for the reference: deterministic, one cast of people throughout.

A request's example is written by hand beside its view. A response's is made from its type: by the field's own
`examples`, else by its name, else by its kind.
"""

import re
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

#: Stand-ins for ids. The suite puts real ones in their place and sends every example.
IDS = {
    "program": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a01",
    "group": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a02",
    "partner": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a03",
    "customer": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a04",
    "sale": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a05",
    "commission": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a06",
    "coupon": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a07",
    "link": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a08",
    "click": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a09",
    "payout": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a0a",
    "reward_version": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a0b",
    "refund": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a0c",
    "lead": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a0d",
    "provider_key": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a0e",
    "application": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a11",
    "question": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a10",
    "asset": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a12",
    "announcement": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a13",
    "bonus": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a14",
    "terms": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a15",
    "export": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a16",
}
SOME_ID = "01970c2e-5a10-7c34-9a52-3f6d0b7e1a0f"
MOMENT = "2026-03-02T10:41:00Z"
DAY = "2026-03-02"

_BY_NAME: dict[str, Any] = {
    "amount": 1000,
    "reversed": 0,
    "refunded": 0,
    "base": 10000,
    "currency": "USD",
    "name": "Anna Lindgren",
    "email": "anna@example.com",
    "code": "ANNA10",
    "coupon": "ANNA10",
    "coupon_code": "ANNA10",
    "order_id": "A-1001",
    "external_id": "c_1",
    "status": "approved",
    "country": "SE",
    "source": "api",
    "platform": "web",
    "next_cursor": "AAZTs1b2YAABlwwuWhB8NJpSP20LfhoP",
    "has_more": True,
    "percent": "10",
    "time_zone": "Europe/Stockholm",
    "slug": "nordic-tea",
    "tags": ["podcast"],
    "metadata": {"campaign": "spring"},
    "scopes": ["write"],
    "destination": "https://nordictea.example/",
    "url": "http://localhost:8000/r/anna",
    "transaction_id": "SEPA-20260302-7",
    "working": "10% of $100.00 = $10.00",
    "reason": "Returned unopened",
    "number": 1,
    "kind": "percentage",
    "explanation": {
        "rules": [
            {"level": "partner", "outcome": "no terms in force"},
            {"level": "program", "version": 1, "outcome": "applies"},
        ],
        "reward": {"version": 1, "level": "program", "kind": "percentage", "percent": "10"},
        "base": {"order": 10000, "less": {}, "is": 10000},
        "working": "10% of $100.00 = $10.00",
    },
    "attribution": {
        "outcome": "attributed",
        "via": "coupon",
        "partner": IDS["partner"],
        "reason": "coupon ANNA10; the only candidate that could win",
        "candidates": [{"via": "coupon", "ref": "ANNA10", "partner": IDS["partner"], "name": "Anna Lindgren"}],
    },
}


#: Where the same name means something else: the object it belongs to, and the name.
_BY_OWNER: dict[tuple[str, str], Any] = {
    ("sale", "amount"): 10000,
    ("refund", "amount"): 2500,
    ("customer", "name"): "Eva Berg",
    ("customer", "email"): "eva@example.com",
    ("customer", "status"): "active",
    ("application", "status"): "applied",
    ("question", "kind"): "long",
    ("application", "kind"): "long",
    ("account", "name"): "Nordic Tea",
    ("key", "name"): "shop backend",
    ("lead", "name"): "signup",
    ("payout", "status"): "paid",
    ("bonus", "name"): "Autumn",
    ("bonus", "status"): "running",
    ("bonus", "amount"): 15000,
    ("export", "status"): "queued",
}

_MEANINGS = {
    "direct": "true: only orders without a partner; false: only orders with one.",
    "order_id": "Only this order id, in any source.",
    "currency": "Only this ISO 4217 currency.",
    "coupon": "Only orders with this code, whatever the case.",
    "is_active": "Only those that are, or are not, switched on.",
}


@lru_cache(maxsize=256)
def _type_of(shape: Any) -> inspect.Type:
    return inspect.type_info(shape)


def example_of(shape: Any, owner: str = "") -> Any:
    """An example of what `shape` looks like in JSON. `owner` names the object that an `id` in it belongs to."""
    return _example(_type_of(shape), "", owner)


def meaning(parameter: str) -> str:
    """What a filter does, for those whose name says it all."""
    if parameter.endswith("_from"):
        return "At or after this moment."
    if parameter.endswith("_before"):
        return "Before this moment."
    return _MEANINGS.get(parameter, f"Only with this {parameter.removesuffix('_id').replace('_', ' ')}.")


def _example(kind: inspect.Type, name: str, owner: str) -> Any:
    if isinstance(kind, inspect.Metadata):
        given = (kind.extra_json_schema or {}).get("examples")
        return given[0] if given else _example(kind.type, name, owner)
    if isinstance(kind, inspect.StructType):
        return {
            field.encode_name: _example(field.type, field.encode_name, owner_of(kind.cls) or owner)
            for field in kind.fields
        }
    if isinstance(kind, inspect.UUIDType):
        return IDS.get(name.removesuffix("_id") if name != "id" else owner, SOME_ID)
    given = _BY_OWNER.get((owner, name), _BY_NAME.get(name))
    if given is not None and _fits(kind, given):
        return given
    if isinstance(kind, inspect.UnionType):
        return _of_union(kind, name, owner)
    if isinstance(kind, inspect.ListType):
        return [] if isinstance(kind.item_type, inspect.DictType) else [_example(kind.item_type, name[:-1], owner)]
    return _plain(kind)


def owner_of(struct: type) -> str:
    """PartnerShown describes a partner."""
    name = struct.__name__.partition("[")[0].removesuffix("Shown").removesuffix("Answer")
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).strip("_")
    return "sale" if words == "order" else words if words in IDS or words in ("account", "key") else ""


def _fits(kind: inspect.Type, value: Any) -> bool:
    """`status` is a word here and a number there."""
    if isinstance(kind, inspect.UnionType):
        return any(_fits(option, value) for option in kind.types)
    if isinstance(kind, inspect.Metadata):
        return _fits(kind.type, value)
    return type(value) is _PYTHON.get(type(kind))


_PYTHON: dict[type, type] = {
    inspect.IntType: int,
    inspect.StrType: str,
    inspect.BoolType: bool,
    inspect.DictType: dict,
    inspect.ListType: list,
    inspect.LiteralType: str,
}


def _of_union(kind: inspect.UnionType, name: str, owner: str) -> Any:
    real = [t for t in kind.types if not isinstance(t, inspect.NoneType)]
    # Optional moments (paid_at, ends_at, …) are mostly not there; optional ids and texts mostly are.
    if any(isinstance(t.type if isinstance(t, inspect.Metadata) else t, inspect.DateTimeType) for t in real):
        return None
    return _example(real[0], name, owner)


def _plain(kind: inspect.Type) -> Any:
    match kind:
        case inspect.DateTimeType():
            return MOMENT
        case inspect.DateType():
            return DAY
        case inspect.BoolType():
            return True
        case inspect.IntType():
            return max(kind.ge or 0, 0)
        case inspect.DictType() | inspect.RawType():
            return {}
        case inspect.StrType() if kind.pattern and kind.pattern.startswith("^(?:"):
            return re.split("[|)]", kind.pattern.removeprefix("^(?:"))[0]
    return ""


def encoded(value: Any) -> bytes:
    """An example as it is shown: indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2)
