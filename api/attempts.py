"""Failed attempts at a key are limited by address: sixty a minute, then 429 until the minute ends.

There is nothing to guess at in a secret of 190 bits. What is limited is the work that strangers can make: a look into
the locator and a transaction for each made-up key, a lease in `api.limits` for each token. Every 401 counts, those of a
missing or mangled key as well.

A key that works is not locked out by somebody else's bad ones behind the same address (an office, a hoster's gateway, a
proxy that TRUSTED_PROXIES does not know): once it has worked, it passes without a look at the address, here and, for a
month, in every other process. A key's very first request can meet a 429, if made while somebody at its own address is
over the limit; it waits a minute at most after they stopped.

Counts and memories are in Redis and hold nothing that cannot be lost; when it is away, every attempt is let through.
"""

import hashlib
import time
from collections.abc import Mapping

import redis

from api import limits
from api.problems import HttpProblem
from merchants import keys
from pages.visitors import client_network

#: Failed attempts a minute from one address.
FAILURES = 60
_WORKED_FOR_SECONDS = 30 * 24 * 60 * 60
_REMEMBERED = 10_000

_worked: set[keys.Presented] = set()
"""Keys that have worked in this process."""
_over: dict[str, int] = {}
"""Addresses that are over the limit, as far as this process knows, and in which window."""


def introduce(presented: keys.Presented, environ: Mapping[str, str]) -> None:
    """Let a key through that works, or has worked before. KeyRefused, or 429 without a look at the key."""
    if presented in _worked:
        return
    if _is_over(client_network(environ), presented):
        raise _too_many()
    with keys.entered(presented):
        pass
    if len(_worked) >= _REMEMBERED:
        _worked.clear()
    _worked.add(presented)
    limits.asked(lambda server: server.set(_name(presented), 1, ex=_WORKED_FOR_SECONDS))


def failed(refused: keys.KeyRefused, presented: keys.Presented | None, environ: Mapping[str, str]) -> Exception:
    """Count a failed attempt; what to answer: the refusal, or that there were too many."""
    if presented in _worked:  # it was revoked, or has expired
        _worked.discard(presented)
        limits.asked(lambda server: server.delete(_name(presented)))
    address, window = client_network(environ), _window()
    if not address:
        return refused
    if _over.get(address) != window:
        count = limits.asked(lambda server: _count(server, address, window))
        if count is None or count <= FAILURES:
            return refused
        _remember_over(address, window)
    return _too_many()


def _is_over(address: str, presented: keys.Presented) -> bool:
    """Whether this address is over the limit and the key has not worked anywhere."""
    window = _window()
    names = [_counter(address, window), _name(presented)]
    count, worked = limits.asked(lambda server: server.mget(names)) or (None, None)
    if worked or count is None or int(count) < FAILURES:
        return False
    _remember_over(address, window)
    return True


def _remember_over(address: str, window: int) -> None:
    if any(before != window for before in list(_over.values())[:1]):
        _over.clear()
    _over[address] = window


def _count(server: redis.Redis, address: str, window: int) -> int:
    # Together: a count that was not told when to end would stay for good.
    with server.pipeline(transaction=True) as pipe:
        pipe.incr(_counter(address, window))
        pipe.expire(_counter(address, window), limits.WINDOW * 2)
        return int(pipe.execute()[0])


def _window() -> int:
    return int(time.time()) // limits.WINDOW


def _counter(address: str, window: int) -> str:
    return f"failed:{window}:{address}"


def _name(presented: keys.Presented) -> str:
    token = f"{presented.prefix}_{presented.secret_hash}".encode()
    return f"worked:{hashlib.blake2b(token, digest_size=12).hexdigest()}"


def _too_many() -> HttpProblem:
    resets_in = limits.WINDOW - int(time.time()) % limits.WINDOW
    return HttpProblem(
        429,
        "too_many_failed_keys",
        f"More than {FAILURES} requests of this minute came from your address without a working API key."
        f" Check the key, and go on in {resets_in} seconds.",
        Retry_After=str(resets_in),
    )
