"""Whoever tries keys is stopped by address; whoever has one that works is not stopped by others at the same address."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api import attempts, limits
from merchants import keys, tenancy
from merchants.models import ApiKey, Merchant
from tests.api.conftest import Api
from tests.factories import ACTOR

pytestmark = pytest.mark.django_db

NOW = 1_800_000_030


@pytest.fixture(autouse=True)
def _processes_without_a_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a minute is left, no limit is reached yet, and Redis knows nothing of this window."""
    monkeypatch.setattr(limits.time, "time", lambda: NOW)
    monkeypatch.setattr(limits, "_away_until", 0.0)
    monkeypatch.setattr(attempts, "FAILURES", 5)
    another_process(monkeypatch)
    for key in [*limits._client().scan_iter("failed:*"), *limits._client().scan_iter("worked:*")]:
        limits._client().delete(key)


def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process is what remembers, and nothing else."""
    monkeypatch.setattr(attempts, "_worked", set())
    monkeypatch.setattr(attempts, "_over", {})


def made_up() -> Api:
    return Api(f"sk_live_{uuid4().hex[:12]}_{uuid4().hex}")


def test_made_up_keys_are_stopped_and_no_longer_looked_up() -> None:
    assert [made_up().get("/me").status for _ in range(5)] == [401] * 5
    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = made_up().get("/me")
    assert (answer.status, answer.code) == (429, "too_many_failed_keys")
    assert answer.headers["Retry-After"] == "30"
    assert not asked.captured_queries


@pytest.mark.parametrize("token", ["", "sk_live_short", "sk_live_" + "0" * 12 + "_" + "0" * 32])
def test_every_kind_of_401_counts(token: str) -> None:
    assert [Api(token).get("/me").status for _ in range(7)] == [401] * 5 + [429] * 2


def test_made_up_keys_leave_no_lease_behind() -> None:
    before = len(limits._leases)
    for _ in range(3):
        made_up().get("/me")
    assert len(limits._leases) == before


def test_another_process_knows_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        made_up().get("/me")
    another_process(monkeypatch)
    assert made_up().get("/me").status == 429


def test_the_next_minute_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [made_up().get("/me").status for _ in range(6)][-1] == 429
    monkeypatch.setattr(limits.time, "time", lambda: NOW + 30)
    assert made_up().get("/me").status == 401


def test_a_key_that_has_worked_goes_on_in_every_process(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert api.get("/me").status == 200
    assert [made_up().get("/me").status for _ in range(6)][-1] == 429
    assert api.get("/me").status == 200
    another_process(monkeypatch)
    assert api.get("/me").status == 200


def test_a_key_that_never_worked_waits_with_its_neighbours(
    merchant: Merchant, key_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    new = Api(key_of(merchant, "read"))
    for _ in range(6):
        made_up().get("/me")
    assert new.get("/me").code == "too_many_failed_keys"
    monkeypatch.setattr(limits.time, "time", lambda: NOW + 30)
    assert new.get("/me").status == 200


def test_a_revoked_key_is_a_stranger_again(api: Api, merchant: Merchant) -> None:
    assert api.get("/me").status == 200
    with tenancy.tenant(merchant.id):
        keys.revoke(ApiKey.objects.get(), actor=ACTOR)
    assert [api.get("/me").code for _ in range(6)] == ["api_key_revoked"] * 5 + ["too_many_failed_keys"]


def test_addresses_are_counted_apart_behind_proxies_that_are_believed(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    for _ in range(6):
        made_up().get("/me", X_Forwarded_For="198.51.100.7")
    # What the client wrote in front does not count; the address that our proxy saw does.
    assert made_up().get("/me", X_Forwarded_For="203.0.113.1, 198.51.100.7").status == 429
    assert made_up().get("/me", X_Forwarded_For="198.51.100.8").status == 401
    settings.TRUSTED_PROXIES = 0
    assert made_up().get("/me", X_Forwarded_For="198.51.100.7").status == 401


def test_a_network_of_ipv6_counts_as_one(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    for number in range(6):
        made_up().get("/me", X_Forwarded_For=f"2001:db8::{number}")
    assert made_up().get("/me", X_Forwarded_For="2001:db8::ffff:1").status == 429
    assert made_up().get("/me", X_Forwarded_For="2001:db8:0:1::1").status == 401


def test_without_redis_every_attempt_is_let_through(settings: Any, api: Api) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # nobody listens there
    limits._client.cache_clear()
    try:
        assert [made_up().get("/me").status for _ in range(8)] == [401] * 8
        assert api.get("/me").status == 200
    finally:
        limits._client.cache_clear()
