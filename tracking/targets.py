"""Where a link's code leads, remembered for a few seconds, because redirects come by the thousand.

What is remembered of a merchant grows old together and is read again together, in one query for all the links that
were followed in the last minutes: two thousand busy links of twenty merchants cost twenty queries in five seconds and
not two thousand. While the database does not answer, what was known last is still good enough to lead visitors on.
"""

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from threading import Lock
from uuid import UUID

from django.db import InterfaceError, OperationalError

from merchants.errors import NotFound
from merchants.models import Merchant
from merchants.tenancy import Finds, locate, tenant

logger = logging.getLogger(__name__)

#: A switched-off link or a new destination takes effect everywhere within this many seconds.
REMEMBER_SECONDS = 5.0
#: How long a link that nobody follows is read again with the others.
FOLLOWED_SECONDS = 120.0
#: Codes in one process, about 25 MB; then it starts over.
_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Target:
    """What a redirect needs to know of a link."""

    merchant_id: UUID
    link_id: UUID
    partner_id: UUID
    code: str
    destination: str
    is_active: bool
    domains: tuple[str, ...]
    """Where deep links may lead."""


@dataclass(slots=True)
class _Remembered:
    """The links of one merchant that were followed lately."""

    merchant_id: UUID
    targets: dict[str, Target] = field(default_factory=dict)
    followed: dict[str, float] = field(default_factory=dict)
    """When each code was asked for last: what nobody asks for any more is not read again."""
    read_at: float = float("-inf")
    reading: Lock = field(default_factory=Lock)

    def is_fresh(self, now: float) -> bool:
        return now - self.read_at < REMEMBER_SECONDS

    def busy(self, now: float) -> dict[str, float]:
        # list() in one step: another thread may be adding.
        return {code: at for code, at in list(self.followed.items()) if now - at < FOLLOWED_SECONDS}


_merchants: dict[UUID, _Remembered] = {}
_by_code: dict[str, _Remembered] = {}


def target_of(code: str) -> Target:
    """The target of a code, whatever its case; NotFound for an unknown one. Works outside any tenant."""
    code = code.lower()
    known = remembered(code)
    if known is not None:
        return known
    merchant = _by_code.get(code) or _merchant_of(code)
    with merchant.reading:  # whoever comes second finds it read
        _read(merchant, code)
    target = merchant.targets.get(code)
    if target is None:
        raise NotFound("There is no link with this code.")
    return target


def remembered(code: str) -> Target | None:
    """The target of a code in lower case if this process read it in the last seconds; never asks the database."""
    merchant = _by_code.get(code)
    now = time.monotonic()
    if merchant is None or not merchant.is_fresh(now):
        return None
    merchant.followed[code] = now
    return merchant.targets.get(code)


def forget() -> None:
    """Read everything anew; for a process whose database changed under it."""
    _by_code.clear()
    _merchants.clear()


def _merchant_of(code: str) -> _Remembered:
    merchant_id = locate(Finds.LINK, code)
    if len(_by_code) >= _REMEMBERED:
        forget()
    return _by_code.setdefault(code, _merchants.setdefault(merchant_id, _Remembered(merchant_id)))


def _read(merchant: _Remembered, code: str) -> None:
    """Read what is old, or only this code when the others are not."""
    now = time.monotonic()
    try:
        if not merchant.is_fresh(now):
            busy = merchant.busy(now) | {code: now}
            merchant.targets = _targets(merchant.merchant_id, busy)
            merchant.followed, merchant.read_at = busy, now
        elif code not in merchant.targets:
            merchant.targets |= _targets(merchant.merchant_id, [code])
            merchant.followed[code] = now
    except (OperationalError, InterfaceError) as error:
        if code not in merchant.targets:
            raise
        merchant.read_at = now
        logger.warning("links lead where they led last, the database does not answer: %s", error)


def _targets(merchant_id: UUID, codes: Collection[str]) -> dict[str, Target]:
    with tenant(merchant_id):
        rows = Merchant(id=merchant_id).links.filter(code__in=codes)
        found = list(rows.values_list("id", "partner_id", "code", "destination", "is_active", "merchant__domains"))
    return {
        code: Target(merchant_id, link_id, partner_id, code, destination, is_active, tuple(domains))
        for link_id, partner_id, code, destination, is_active, domains in found
    }
