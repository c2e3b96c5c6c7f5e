"""Keys: shown once, kept as a hash, replaced with overlap, ended at once."""

import re
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from merchants import keys, tenancy
from merchants.audit import Actor
from merchants.errors import Conflict, DomainError
from merchants.keys import KeyRefused
from merchants.models import ApiKey, Merchant
from tests.factories import ACTOR, ApiKeyFactory
from tests.races import race


def test_a_token_opens_its_merchant_with_its_scopes(merchant: Merchant, actor: Actor) -> None:
    with tenancy.tenant(merchant.id):
        key, token = keys.issue(name="shop", scopes=["write", "payouts", "write"], actor=actor)
    assert re.fullmatch(r"sk_live_[0-9A-Za-z]{12}_[0-9A-Za-z]{32}", token)
    opened = keys.authenticate(token)
    assert (opened.merchant_id, opened.key_id, opened.name) == (merchant.id, key.id, "shop")
    assert opened.scopes == ["write", "payouts"]


def test_the_secret_is_written_nowhere(tenant: Merchant, actor: Actor) -> None:
    _, token = keys.issue(name="shop", scopes=["read"], actor=actor)
    secret = token.rpartition("_")[2]
    rows = [str(row) for row in [*ApiKey.objects.values(), *tenant.audit_entries.values()]]
    assert rows
    assert not any(secret in row for row in rows)


@pytest.mark.parametrize(
    "token", ["", "x", "sk_live_", "sk_live_short_short", "sk_test_" + "a" * 12 + "_" + "b" * 32,
              "sk_live_" + "a" * 12 + "_" + "b" * 32 + "\n", "sk_live_" + "é" * 12 + "_" + "b" * 32,
              "sk_live_" + "a" * 12 + "_" + "b" * 32]
)  # fmt: skip
def test_what_is_no_key_is_refused_with_401(db: None, token: str) -> None:
    with pytest.raises(KeyRefused) as refused:
        keys.authenticate(token)
    assert (refused.value.status, refused.value.code) == (401, "invalid_api_key")


def test_a_right_prefix_with_a_wrong_secret_is_refused(merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        token = ApiKeyFactory().token
    with pytest.raises(KeyRefused, match="unknown"):
        keys.authenticate(token[:-32] + "A" * 32)


def test_a_key_of_one_merchant_is_nothing_inside_another(merchant: Merchant, other_merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        token = ApiKeyFactory().token
    with tenancy.tenant(other_merchant.id), pytest.raises(KeyRefused):
        keys.check(keys.parse(token))


def test_a_rotated_key_works_until_the_overlap_is_over(merchant: Merchant, actor: Actor) -> None:
    with tenancy.tenant(merchant.id):
        old = ApiKeyFactory(name="shop", scopes=["track"])
        new, token = keys.rotate(old, overlap=timedelta(hours=1), actor=actor)
    assert keys.authenticate(old.token).key_id == old.id
    assert keys.authenticate(token).scopes == ["track"]
    with tenancy.tenant(merchant.id):
        ApiKey.objects.filter(id=old.id).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(KeyRefused) as refused:
        keys.authenticate(old.token)
    assert refused.value.code == "api_key_expired"
    assert keys.authenticate(token).key_id == new.id


def test_a_key_has_one_successor(tenant: Merchant, actor: Actor) -> None:
    key = ApiKeyFactory()
    keys.rotate(key, overlap=timedelta(0), actor=actor)
    with pytest.raises(Conflict) as refused:
        keys.rotate(key, overlap=timedelta(0), actor=actor)
    assert refused.value.code == "key_not_active"
    with pytest.raises(DomainError):
        keys.rotate(ApiKeyFactory(), overlap=timedelta(days=91), actor=actor)


def test_of_two_rotations_at_once_one_makes_the_successor(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        key = ApiKeyFactory()

    def rotate() -> None:
        with tenancy.tenant(committed_merchant.id):
            keys.rotate(key, overlap=timedelta(hours=1), actor=ACTOR)

    assert race(rotate, rotate) == ["key_not_active", "ok"]


def test_a_revoked_key_ends_at_once_also_where_its_merchant_is_remembered(merchant: Merchant, actor: Actor) -> None:
    with tenancy.tenant(merchant.id):
        key = ApiKeyFactory()
    keys.authenticate(key.token)
    with tenancy.tenant(merchant.id):
        keys.revoke(key, actor=actor)
        keys.revoke(key, actor=actor)
        assert merchant.audit_entries.filter(verb="key.revoke").count() == 1
    with pytest.raises(KeyRefused) as refused:
        keys.authenticate(key.token)
    assert refused.value.code == "api_key_revoked"


def test_a_known_key_costs_no_query_besides_its_one_prepared_statement(merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        token = ApiKeyFactory().token
        keys.check(keys.parse(token))  # the first this minute also notes the use
    keys.merchant_of(keys.parse(token))
    with tenancy.tenant(merchant.id), CaptureQueriesContext(connection) as queries:
        presented = keys.parse(token)
        keys.merchant_of(presented)
        keys.check(presented)
    assert len(queries) == 0, "the statement of `check` goes past Django's cursor; anything counted here is extra"


def test_the_last_use_is_known_to_the_minute(tenant: Merchant) -> None:
    key = ApiKeyFactory()
    keys.check(keys.parse(key.token))
    key.refresh_from_db()
    assert key.last_used_at is not None
    assert key.last_used_at.second == 0
    assert timezone.now() - key.last_used_at < timedelta(minutes=2)


def test_nobody_waits_to_note_a_use(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        key = ApiKeyFactory()
    parameters = connection.get_connection_params()
    with psycopg.connect(**{name: parameters[name] for name in ("dbname", "user", "host", "port")},
                         password=parameters.get("password")) as elsewhere:  # fmt: skip
        elsewhere.execute("SELECT set_config('app.merchant_id', %s, true)", [str(committed_merchant.id)])
        locked = elsewhere.execute("SELECT FROM merchants_apikey WHERE id = %s FOR NO KEY UPDATE", [key.id])
        assert locked.rowcount == 1
        with tenancy.tenant(committed_merchant.id):
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '1s'")
            assert keys.check(keys.parse(key.token)).key_id == key.id


@pytest.mark.parametrize(("name", "scopes"), [("", ["read"]), ("shop", []), ("shop", ["root"]), ("shop", "read")])
def test_a_key_needs_a_name_and_known_scopes(tenant: Merchant, actor: Actor, name: str, scopes: list[str]) -> None:
    with pytest.raises(DomainError):
        keys.issue(name=name, scopes=scopes, actor=actor)
