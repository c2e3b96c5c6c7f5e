"""Redis is a cache: while it is away people still sign in, and every page answers."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client, override_settings

from config.cache import ForgivingRedisCache
from merchants import tenancy
from merchants.models import Merchant, User
from merchants.roles import Role
from merchants.staff import add_staff
from tests.factories import ACTOR

pytestmark = pytest.mark.django_db


@pytest.fixture
def redis_is_away() -> Iterator[None]:
    location = {"BACKEND": "config.cache.ForgivingRedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    with override_settings(CACHES={"default": location}):
        yield
    ForgivingRedisCache._away_until = 0.0


@pytest.mark.usefixtures("redis_is_away")
def test_staff_sign_in_and_work_and_the_session_is_the_databases(merchant: Merchant, client: Client) -> None:
    with tenancy.tenant(merchant.id):
        add_staff(email="sue@example.com", role=Role.ADMIN, password="a long pass phrase", actor=ACTOR)
    answer = client.post("/accounts/login/", {"login": "sue@example.com", "password": "a long pass phrase"})
    assert answer.status_code == 302
    for address in ("", "overview/statuses/", "partners/", "customers/"):
        assert client.get(f"/m/{merchant.slug}/{address}").status_code == 200, address


@pytest.mark.usefixtures("redis_is_away")
def test_an_absent_cache_answers_as_an_empty_one() -> None:
    cache.set("k", 1)
    assert (cache.get("k", "nothing"), cache.add("k", 1), cache.delete("k")) == ("nothing", True, False)
    with pytest.raises(ValueError, match="not found"):
        cache.incr("k")


def test_a_session_that_ended_while_redis_was_away_stays_ended(merchant: Merchant, owner: User, client: Client) -> None:
    client.force_login(owner)
    assert client.get(f"/m/{merchant.slug}/").status_code == 200
    kept = client.cookies["sessionid"].value
    client.logout()
    client.cookies["sessionid"] = kept
    assert client.get(f"/m/{merchant.slug}/").status_code == 302
