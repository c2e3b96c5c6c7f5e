"""Idempotency-Key (SPEC T2): the first answer is kept with the effect and replayed word for word."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.utils import timezone

from merchants import tenancy
from merchants.models import Merchant
from tests.api.conftest import Api
from tracking import idempotency

SALE: dict[str, Any] = {"order_id": "A-1", "amount": 10000, "currency": "USD"}
PARTNER = {"name": "Bo", "email": "bo@example.com"}


@pytest.mark.django_db
def test_a_repeated_sale_answers_the_same_bytes_with_200(api: Api) -> None:
    first = api.post("/sales", SALE, Idempotency_Key="k-1")
    again = api.post("/sales", SALE, Idempotency_Key="k-1")
    assert (first.status, again.status) == (201, 200)
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers


@pytest.mark.django_db
def test_another_write_is_replayed_with_its_first_status_and_happens_once(api: Api, merchant: Merchant) -> None:
    first = api.post("/partners", PARTNER, Idempotency_Key="k-1")
    again = api.post("/partners", PARTNER, Idempotency_Key="k-1")
    assert (first.status, again.status) == (201, 201)
    assert again.content == first.content
    with tenancy.tenant(merchant.id):
        assert merchant.partners.count() == 1
        assert merchant.audit_entries.filter(verb="partner.create").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body"),
    [("/partners", PARTNER | {"name": "Bob"}), ("/customers", PARTNER), ("/partners?x=1", PARTNER)],
)
def test_the_key_of_another_request_is_a_conflict(api: Api, path: str, body: dict[str, str]) -> None:
    first = api.post("/partners", PARTNER, Idempotency_Key="k-1")
    other = api.post(path, body, Idempotency_Key="k-1")
    assert (other.status, other.code) == (409, "idempotency_key_reused")
    assert api.post("/partners", PARTNER, Idempotency_Key="k-1").content == first.content


@pytest.mark.django_db
def test_a_refused_request_keeps_nothing_and_can_be_put_right(api: Api) -> None:
    assert api.post("/sales", SALE | {"amount": 1.5}, Idempotency_Key="k-1").status == 422
    assert api.post("/sales", SALE | {"tax": 20000}, Idempotency_Key="k-1").status == 422
    assert api.post("/sales", SALE, Idempotency_Key="k-1").status == 201


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ä", "a\x7f"])
def test_a_key_that_cannot_be_one(api: Api, key: str) -> None:
    answer = api.post("/sales", SALE, Idempotency_Key=key)
    assert (answer.status, answer.code) == (400, "invalid_idempotency_key")


@pytest.mark.django_db
def test_keys_belong_to_their_merchant(api: Api, other_api: Api) -> None:
    mine = api.post("/sales", SALE, Idempotency_Key="k-1")
    theirs = other_api.post("/sales", SALE, Idempotency_Key="k-1")
    assert (mine.status, theirs.status) == (201, 201)
    assert mine.content != theirs.content


@pytest.mark.django_db
def test_old_answers_are_forgotten(api: Api, merchant: Merchant) -> None:
    api.post("/partners", PARTNER, Idempotency_Key="k-1")
    with tenancy.tenant(merchant.id):
        assert idempotency.forget(timezone.now() - timedelta(days=30)) == 0
        assert idempotency.forget(timezone.now() + timedelta(seconds=1)) == 1
    assert api.post("/partners", PARTNER, Idempotency_Key="k-1").code == "partner_email_taken"


def at_once(count: int, send: Callable[[], Any]) -> list[Any]:
    """Send from several threads at the same moment, each with a database connection of its own."""
    answers: list[Any] = []
    barrier = threading.Barrier(count)

    def run() -> None:
        barrier.wait()
        try:
            answers.append(send())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_twins_at_the_same_moment_are_one_sale(committed_merchant: Merchant, key_of: Callable[..., str]) -> None:
    token = key_of(committed_merchant, "write")
    for _ in range(5):
        sale, key = SALE | {"order_id": uuid4().hex}, uuid4().hex
        answers = at_once(4, lambda sale=sale, key=key: Api(token).post("/sales", sale, Idempotency_Key=key))
        assert sorted(answer.status for answer in answers) == [200, 200, 200, 201]
        assert len({answer.content for answer in answers}) == 1
    with tenancy.tenant(committed_merchant.id):
        assert committed_merchant.orders.count() == 5


def test_twins_of_a_write_that_no_natural_key_protects(
    committed_merchant: Merchant, key_of: Callable[..., str]
) -> None:
    token = key_of(committed_merchant, "write")
    with tenancy.tenant(committed_merchant.id):
        before = committed_merchant.programs.count()
    key, body = uuid4().hex, {"name": f"Program {uuid4().hex}"}
    answers = at_once(4, lambda: Api(token).post("/programs", body, Idempotency_Key=key))
    assert {answer.status for answer in answers} <= {201, 409}, answers
    with tenancy.tenant(committed_merchant.id):
        assert committed_merchant.programs.count() == before + 1
