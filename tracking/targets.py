"""Where a link's code leads, remembered for a few seconds, because redirects come by the thousand."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

from merchants.models import Merchant
from merchants.tenancy import Finds, locate, tenant

#: A switched-off link or a new destination takes effect everywhere within this many seconds.
REMEMBER_SECONDS = 5.0
_REMEMBERED = 20_000

_cache: "OrderedDict[str, tuple[float, Target]]" = OrderedDict()
_lock = Lock()


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


def target_of(code: str) -> Target:
    """The target of a code, whatever its case; NotFound for an unknown one. Works outside any tenant."""
    code = code.lower()
    known = remembered(code)
    if known is not None:
        return known
    target = _read(code)
    with _lock:
        _cache[code] = time.monotonic(), target
        while len(_cache) > _REMEMBERED:
            _cache.popitem(last=False)
    return target


def remembered(code: str) -> Target | None:
    """The target if this process has read it in the last seconds; never asks the database."""
    entry = _cache.get(code)
    return entry[1] if entry is not None and time.monotonic() - entry[0] < REMEMBER_SECONDS else None


def forget() -> None:
    """Read everything anew; for a process whose database changed under it."""
    with _lock:
        _cache.clear()


def _read(code: str) -> Target:
    merchant_id = locate(Finds.LINK, code)
    with tenant(merchant_id):
        merchant = Merchant.objects.only("id", "domains").get(id=merchant_id)
        link = merchant.links.get(code=code)
    return Target(
        merchant_id=merchant_id,
        link_id=link.id,
        partner_id=link.partner_id,
        code=code,
        destination=link.destination,
        is_active=link.is_active,
        domains=tuple(merchant.domains),
    )
