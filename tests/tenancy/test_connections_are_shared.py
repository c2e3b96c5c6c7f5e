"""Many threads, few server connections: what one merchant's transaction left behind must not be seen by another's.

The whole way is walked, from the WSGI application inwards: the API with the statements of the hot path, pages behind a
session, a Celery task, a file that is read in pieces; and in each tenant the question that no code asks, for every row.
"""

import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from celery import shared_task
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.handlers.wsgi import WSGIHandler
from django.db import close_old_connections, connection, connections

from affiliates.programs import default_program
from commissions import verify as commissions_verify
from config.api_handler import api_before
from ledger import verify as ledger_verify
from merchants import keys, tenancy
from merchants.models import Merchant, User
from orders.models import Order
from pages import exports as files
from rewards.terms import set_reward
from tests.factories import ACTOR, MembershipFactory, MerchantFactory, PartnerFactory
from tests.tenancy.poolers import SIZE, djangos_pool, pgbouncer

THREADS = 12
ROUNDS = 8


@dataclass
class Shop:
    """A merchant that is committed, with what is needed to come through each door."""

    merchant: Merchant
    word: str
    key: str
    session: str


@pytest.fixture
def shops(committed: None) -> list[Shop]:
    """Two of them; everything of theirs has their own word in it."""
    return [_shop(), _shop()]


@pytest.fixture(params=["django", "pgbouncer"])
def shared(
    request: pytest.FixtureRequest, shops: list[Shop], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    """Threads that start in the test share connections."""
    monkeypatch.setattr(files, "PIECE", 2)
    way = djangos_pool(monkeypatch) if request.param == "django" else pgbouncer(monkeypatch, tmp_path)
    with way:
        yield


@pytest.mark.usefixtures("shared")
def test_nobody_sees_another_merchant(shops: list[Shop]) -> None:
    ways = [_asks_for_everything, _fails_on_the_way, _sells, _lists, _exports, _opens_a_page, _runs_a_task]
    backends: set[int] = set()

    def work(number: int) -> None:
        for turn in range(ROUNDS):
            ways[(number + turn) % len(ways)](shops[(number // 2 + turn) % 2], f"{number}-{turn}")
            backends.add(_outside_any_tenant_nothing_is_seen())

    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(work, number) for number in range(THREADS)]:
            done.result(timeout=120)
    assert 1 <= len(backends) <= SIZE
    for shop in shops:
        with tenancy.tenant(shop.merchant.id):
            assert {order.external_id.partition(" ")[0] for order in Order.objects.all()} <= {shop.word}
            assert [*ledger_verify.problems(), *commissions_verify.problems()] == []


@pytest.mark.usefixtures("shared")
def test_a_thread_that_waits_for_its_next_request_holds_no_connection(shops: list[Shop]) -> None:
    """More threads than connections, and none of them ends before each has had an answer."""
    all_answered = Barrier(THREADS, timeout=60)

    def work(number: int) -> list[int]:
        shop = shops[number % 2]
        statuses = [
            _call("GET", f"/api/v1/partners{what}", shop.key)[0] for what in ("", "/export.csv", "/?colour=red")
        ]
        all_answered.wait()
        return statuses

    with ThreadPoolExecutor(THREADS) as threads:
        assert list(threads.map(work, range(THREADS))) == [[200, 200, 404]] * THREADS


def _asks_for_everything(shop: Shop, mark: str) -> None:
    with tenancy.tenant(shop.merchant.id):
        assert _names_of_all_partners() == {shop.word}
    connections.close_all()


def _fails_on_the_way(shop: Shop, mark: str) -> None:
    with suppress(ZeroDivisionError), tenancy.tenant(shop.merchant.id):
        PartnerFactory(name="never", email=f"{mark}@never.example")
        _ = 1 / 0
    with suppress(Exception), tenancy.tenant(shop.merchant.id), connection.cursor() as cursor:
        cursor.execute("SELECT no_such_function()")
    connections.close_all()


def _sells(shop: Shop, mark: str) -> None:
    sale = {"order_id": f"{shop.word} {mark}", "amount": 10_000, "currency": "USD", "coupon": shop.word}
    sale |= {"customer": {"external_id": f"{shop.word} {mark[-1]}"}}
    for status in (201, 200):
        answered, body = _call("POST", "/api/v1/sales", shop.key, sale)
        assert (answered, json.loads(body)["order"]["order_id"]) == (status, sale["order_id"])


def _lists(shop: Shop, mark: str) -> None:
    status, body = _call("GET", "/api/v1/partners", shop.key)
    assert (status, {row["name"] for row in json.loads(body)["data"]}) == (200, {shop.word})


def _exports(shop: Shop, mark: str) -> None:
    status, body = _call("GET", "/api/v1/partners/export.csv", shop.key)
    rows = body.decode().splitlines()
    assert (status, len(rows)) == (200, 6)
    assert all(shop.word in row for row in rows[1:])


def _opens_a_page(shop: Shop, mark: str) -> None:
    cookie = f"{settings.SESSION_COOKIE_NAME}={shop.session}"
    status, body = _call("GET", f"/m/{shop.merchant.slug}/partners/", HTTP_COOKIE=cookie)
    assert (status, shop.word in body.decode()) == (200, True)


def _runs_a_task(shop: Shop, mark: str) -> None:
    told = names_of_all_partners.apply(kwargs={"merchant_id": str(shop.merchant.id)}, throw=True)
    close_old_connections()  # as Celery does after a task
    assert told.result == {shop.word}


@shared_task(name="tests.names_of_all_partners", base=tenancy.TenantTask)
def names_of_all_partners() -> set[str]:
    """What a task sees that asks for everything."""
    return _names_of_all_partners()


def _names_of_all_partners() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM affiliates_partner")
        return {row[0] for row in cursor.fetchall()}


def _outside_any_tenant_nothing_is_seen() -> int:
    """On whichever connection comes next; which one that was."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_backend_pid(), (SELECT count(*) FROM affiliates_partner), (SELECT count(*) FROM orders_order),"
            " nullif(current_setting('app.merchant_id', true), '')"
        )
        backend, *seen = cursor.fetchone()
    connections.close_all()
    assert seen == [0, 0, None]
    return int(backend)


def _call(method: str, path: str, key: str = "", body: Any = None, **environ: str) -> tuple[int, bytes]:
    """One request to the application as a server makes it, to the end of the answer."""
    content = b"" if body is None else json.dumps(body).encode()
    told: list[str] = []

    def start_response(status: str, headers: Any, error: Any = None) -> Callable[[bytes], object]:
        told.append(status)
        return lambda data: None

    request = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json" if content else "",
        "CONTENT_LENGTH": str(len(content)),
        "HTTP_HOST": "localhost",
        "HTTP_AUTHORIZATION": f"Bearer {key}",
        "wsgi.input": io.BytesIO(content),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
    }
    answer = _application()(request | environ, start_response)
    try:
        data = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    return int(told[0].split()[0]), data


@cache
def _application() -> Any:
    return api_before(WSGIHandler())


def _shop() -> Shop:
    word = f"w{uuid4().hex[:12]}"
    merchant: Merchant = MerchantFactory(slug=word, domains=[f"{word}.example"])
    with tenancy.tenant(merchant.id):
        PartnerFactory(name=word, coupon_code=word)
        PartnerFactory.create_batch(4, name=word)
        set_reward(program=default_program(actor=ACTOR), kind="percentage", percent="10", actor=ACTOR)
        key = keys.issue(name="shop", scopes=["write"], actor=ACTOR)[1]
        user: User = MembershipFactory(email=f"{word}@example.com").user
    return Shop(merchant, word, key, _session_of(user))


def _session_of(user: User) -> str:
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)
