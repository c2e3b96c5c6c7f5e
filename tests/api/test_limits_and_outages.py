"""Rate limits answer in headers and with 429; without Redis requests pass; without a database they say so."""

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError

from api import limits
from api.problems import HttpProblem
from tests.api.conftest import Api
from tracking import ingest

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_window_that_does_not_end_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(limits.time, "time", lambda: now)
    monkeypatch.setattr(limits, "_away_until", 0.0)


def test_every_answer_says_what_is_left_and_429_when_to_go_on(api: Api, settings: Any) -> None:
    settings.API_RATE_LIMIT = 2
    first, second, third = (api.get("/me") for _ in range(3))
    assert first.headers["RateLimit-Policy"] == '"default";q=2;w=60'
    assert first.headers["RateLimit"].startswith('"default";r=1;t=')
    assert second.headers["RateLimit"].startswith('"default";r=0;t=')
    assert (third.status, third.code) == (429, "rate_limited")
    assert 0 < int(third.headers["Retry-After"]) <= 60
    assert third.headers["RateLimit-Policy"] == '"default";q=2;w=60'


def test_guessing_at_secrets_does_not_use_up_the_owners_limit(api: Api, settings: Any) -> None:
    settings.API_RATE_LIMIT = 2
    guess = Api(api.token[:-1] + ("a" if api.token[-1] != "a" else "b"))
    assert [guess.get("/me").status for _ in range(3)] == [401] * 3
    assert api.get("/me").status == 200


def test_a_window_that_was_left_without_an_end_gets_one(settings: Any) -> None:
    settings.API_RATE_LIMIT = 10
    limits.count("a token of this test")
    windows = [key for key in limits._client().scan_iter("rate:*") if limits._client().persist(key)]
    limits.count("a token of this test")
    assert any(limits._client().ttl(key) > 0 for key in windows)
    for key in windows:
        limits._client().expire(key, limits.WINDOW)


def test_processes_that_count_in_leases_never_exceed_the_quota_and_lose_little_of_it(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_RATE_LIMIT = 1_000
    token = f"a token that {uuid4()} made"
    processes = [defaultdict(limits._Lease) for _ in range(3)]
    allowed, remaining = 0, []
    for turn in range(3_000):
        # A process is what remembers its leases, and nothing else.
        monkeypatch.setattr(limits, "_leases", processes[turn % 7 % 3])
        try:
            allowance = limits.count(token)
        except HttpProblem:
            continue
        assert allowance is not None
        allowed += 1
        remaining.append(allowance.remaining)
    assert 1_000 - 3 * 1_000 // 64 <= allowed <= 1_000
    assert remaining[0] == 999
    assert len(set(remaining)) == allowed, "no number is given twice"


def test_threads_of_one_process_share_its_lease(settings: Any) -> None:
    settings.API_RATE_LIMIT = 640
    token = f"a token that {uuid4()} made"
    with ThreadPoolExecutor(8) as threads:
        numbers = [
            allowance.remaining for allowance in threads.map(lambda _: limits.count(token), range(640)) if allowance
        ]
    assert sorted(numbers) == list(range(640))


def test_without_redis_requests_pass(api: Api, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # nobody listens there
    limits._client.cache_clear()
    try:
        answer = api.post("/sales", {"order_id": "A-1", "amount": 1, "currency": "USD"})
        assert answer.status == 201
        assert "RateLimit" not in answer.headers
    finally:
        limits._client.cache_clear()


def test_a_database_out_of_reach_is_503_with_a_time_to_return(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("server closed the connection; password=hunter2")

    monkeypatch.setattr(ingest, "record", away)
    answer = api.post("/sales", {"order_id": "A-1", "amount": 1, "currency": "USD"})
    assert (answer.status, answer.code) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert "hunter2" not in answer.content.decode()


def test_a_mistake_of_ours_is_a_bare_500_with_the_request_id(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(ingest, "record", broken)
    answer = api.post("/sales", {"order_id": "A-1", "amount": 1, "currency": "USD"}, X_Request_Id="find-me")
    assert (answer.status, answer.code, answer.body["request_id"]) == (500, "internal_error", "find-me")
    assert "secret inside" not in answer.content.decode()
    assert "find-me" in caplog.text
    assert "secret inside" in caplog.text
