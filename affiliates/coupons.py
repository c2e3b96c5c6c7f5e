"""Coupon codes (SPEC A4): many per partner, unique per merchant whatever the case, switchable, dated, limited."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from affiliates import search
from affiliates.known import hold_known
from affiliates.models import Coupon, Partner
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.constraints import refusals
from merchants.edits import edit, lock, shown
from merchants.errors import Conflict, DomainError

# ASCII only: "whatever the case" must mean the same to Python, to PostgreSQL and to every shop.
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_MOST_USES = 2_000_000_000


def create_coupon(
    *,
    partner: Partner,
    code: str,
    is_active: bool = True,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    max_uses: int | None = None,
    actor: Actor,
) -> Coupon:
    """A code that stands for `partner`. Conflict `coupon_taken` when the merchant has it in any case."""
    values = _checked({"is_active": is_active, "starts_at": starts_at, "ends_at": ends_at, "max_uses": max_uses})
    code = checked_code(code)
    _check_dates(starts_at, ends_at)
    with refusals({"coupon_code_once": taken(code)}):
        hold_known(partner, instead="give the code to somebody else")
        coupon = Coupon.objects.create(merchant_id=tenancy.current(), partner=partner, code=code, **values)
        after = {"partner_id": str(partner.id), "code": code} | {name: shown(value) for name, value in values.items()}
        record(actor, "coupon.create", "coupon", coupon.id, after=after)
        search.refresh([partner.id])
    return coupon


def update_coupon(coupon: Coupon, *, changes: Mapping[str, Any], actor: Actor) -> Coupon:
    """Switch a coupon on or off, date it, limit it. The code stays: it is printed somewhere.

    DomainError `limit_below_uses` when more uses were counted than the new limit allows.
    """
    inputs.known_fields(changes, ("is_active", "starts_at", "ends_at", "max_uses"))
    values = _checked(changes)
    below = _limit_below_uses()
    with refusals({"coupon_within_limit": below}):
        lock(coupon)
        _check_dates(values.get("starts_at", coupon.starts_at), values.get("ends_at", coupon.ends_at))
        edit(coupon, values, verb="coupon.update", actor=actor)
    return coupon


def give_use_back(coupon: Coupon) -> None:
    """One of its uses did not happen. Takes the coupon's lock, under which sales count (`tracking.ingest`)."""
    lock(coupon)
    coupon.uses -= 1
    coupon.save(update_fields=["uses"])


def checked_code(code: object, *, field: str = "code") -> str:
    """A coupon code as the merchant wrote it, without surrounding spaces."""
    typed = code.strip() if isinstance(code, str) else ""
    if not _CODE.fullmatch(typed):
        raise DomainError(
            "A coupon code is up to 64 letters, digits, dots, - and _, starting with a letter or digit.",
            code="coupon_code_invalid",
            field=field,
        )
    return typed


def plain(text: str) -> str:
    """`text` as it could stand in a code: capitals and digits, without accents; at most twelve."""
    letters = unicodedata.normalize("NFKD", text.upper())
    return "".join(each for each in letters if each.isascii() and each.isalnum())[:12]


def taken(code: str, *, field: str = "code") -> Conflict:
    """What to say when the merchant has this code already."""
    return Conflict(f"The coupon code {code} is taken: choose another.", code="coupon_taken", field=field)


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(changes)
    if "is_active" in values and not isinstance(values["is_active"], bool):
        raise DomainError("is_active is true or false.", code="invalid_choice", field="is_active")
    for field in ("starts_at", "ends_at"):
        if values.get(field) is not None:
            values[field] = inputs.moment(values[field], field)
    if values.get("max_uses") is not None:
        values["max_uses"] = inputs.whole(values["max_uses"], "max_uses", least=1, most=_MOST_USES)
    return values


def _check_dates(starts_at: datetime | None, ends_at: datetime | None) -> None:
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise DomainError("The coupon must end after it starts.", code="ends_before_start", field="ends_at")


def _limit_below_uses() -> DomainError:
    return DomainError(
        "The coupon was used more often than that: set the limit at or above its uses, or switch it off.",
        code="limit_below_uses",
        field="max_uses",
    )
