"""API keys (SPEC P3): `sk_live_<prefix>_<secret>`, shown once, stored as a hash.

The prefix finds the tenant before one is entered; the secret is compared inside it. The parts are separate so
that a request pays little: `parse` is a regular expression, `merchant_of` is remembered per process (a prefix
never changes its merchant, and what was not found is asked again), the key itself is asked for in the message that
enters the tenant. The secret has 190
random bits, so one round of SHA-256 is enough: there is nothing to guess.
"""

import hashlib
import hmac
import re
import secrets
import string
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from django.db import connection, transaction
from django.utils import timezone
from msgspec import Raw, json

from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.edits import edit, lock
from merchants.errors import Conflict, DomainError, NotFound
from merchants.models import ApiKey
from merchants.roles import Scope
from merchants.statements import Statement

#: An old key may live on beside its successor for at most this long.
LONGEST_OVERLAP = timedelta(days=90)

_ALPHABET = string.ascii_letters + string.digits
_TOKEN = re.compile(r"sk_live_([0-9A-Za-z]{12})_([0-9A-Za-z]{32})", re.ASCII)

_CHECK = Statement("""
SELECT json_build_array(id, name, scopes, secret_hash, revoked_at IS NOT NULL, coalesce(expires_at <= now(), false),
                        last_used_at IS NULL OR last_used_at < date_trunc('minute', now()))
  FROM merchants_apikey WHERE prefix = %(prefix)s
""")
_Row = tuple[uuid.UUID, str, list[str], str, bool, bool, bool]
_decode = json.Decoder(_Row).decode
_decode_both = json.Decoder(tuple[_Row | None, Raw]).decode
# SKIP LOCKED: of many requests with one key in a new minute the first notes it and nobody waits.
_NOTE_USE = """
UPDATE merchants_apikey SET last_used_at = date_trunc('minute', now())
 WHERE merchant_id = %(merchant)s AND id = (
       SELECT id FROM merchants_apikey
        WHERE merchant_id = %(merchant)s AND id = %(key)s
          AND (last_used_at IS NULL OR last_used_at < date_trunc('minute', now()))
          FOR NO KEY UPDATE SKIP LOCKED)
"""


class KeyRefused(DomainError):
    """The request does not carry a key that works: HTTP 401."""

    code = "invalid_api_key"
    status = 401


@dataclass(frozen=True, slots=True)
class Presented:
    """A token that looks like a key, taken apart. The secret itself is already forgotten."""

    prefix: str
    secret_hash: str


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A key that was checked: who asks, and what it may do."""

    merchant_id: uuid.UUID
    key_id: uuid.UUID
    name: str
    scopes: list[str]


def issue(*, name: str, scopes: Sequence[str], actor: Actor) -> tuple[ApiKey, str]:
    """A new key of the running tenant and its token, which cannot be shown again."""
    name = inputs.line(name, "name", longest=100, required=True)
    scopes = _checked_scopes(scopes)
    prefix, secret = _random(12), _random(32)
    with transaction.atomic():
        key = ApiKey.objects.create(
            merchant_id=tenancy.current(), name=name, prefix=prefix, secret_hash=_hash(secret), scopes=scopes
        )
        tenancy.register(tenancy.Finds.API_KEY, prefix)
        record(actor, "key.issue", "apikey", key.id, after={"name": name, "prefix": prefix, "scopes": scopes})
    return key, f"sk_live_{prefix}_{secret}"


def rotate(key: ApiKey, *, overlap: timedelta, actor: Actor) -> tuple[ApiKey, str]:
    """A successor with the same name and scopes; `key` works on until `overlap` is over.

    Conflict `key_not_active` for a key that is revoked, expired or already has a successor.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise DomainError(
            f"The overlap is between nothing and {LONGEST_OVERLAP.days} days.", code="out_of_range", field="overlap"
        )
    with transaction.atomic():
        lock(key)
        if key.revoked_at or key.expires_at:
            raise Conflict("This key is already being replaced or revoked: issue a new one.", code="key_not_active")
        successor, token = issue(name=key.name, scopes=key.scopes, actor=actor)
        edit(key, {"expires_at": timezone.now() + overlap}, verb="key.rotate", actor=actor)
    return successor, token


def revoke(key: ApiKey, *, actor: Actor) -> ApiKey:
    """End a key at once; its row stays for the audit log. Again is nothing new."""
    with transaction.atomic():
        lock(key)
        if key.revoked_at is None:
            edit(key, {"revoked_at": timezone.now()}, verb="key.revoke", actor=actor)
    return key


@contextmanager
def entered(
    presented: Presented, along: tenancy.Question | None = None
) -> Iterator[tuple[Authenticated, bytes | None]]:
    """The tenant of a key, asked about the key in the message that enters it. KeyRefused when it does not work.

    With the key comes the answer to `along`, which is asked in the same statement and answers one JSON document. It is
    only to read: whether the key works is known when both are there.
    """
    merchant_id = merchant_of(presented)
    asked = _question(presented)
    if along is None:
        with tenancy.tenant(merchant_id, asked) as answer:
            yield _checked(presented, None if answer is None else _decode(answer)), None
        return
    parameters = {**asked.parameters, **along.parameters}
    both = tenancy.Question(_with_check(along.statement), parameters, rules_of=along.rules_of)
    with tenancy.tenant(merchant_id, both) as answer:
        assert answer is not None
        key, found = _decode_both(answer)
        yield _checked(presented, key), bytes(found)


_with_check = lru_cache(maxsize=256)(_CHECK.beside)


def authenticate(token: str) -> Authenticated:
    """All steps in one. KeyRefused when the token is not a working key."""
    with entered(parse(token)) as (key, _):
        return key


def parse(token: str) -> Presented:
    """Take a token apart without asking anybody; KeyRefused when it does not look like a key."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise KeyRefused("This is not an API key. Send one as `Authorization: Bearer sk_live_…`.")
    return Presented(prefix=match[1], secret_hash=_hash(match[2]))


def merchant_of(presented: Presented) -> uuid.UUID:
    """Whose key it claims to be; KeyRefused when no merchant has it."""
    try:
        return _merchant_of_prefix(presented.prefix)
    except NotFound as error:
        raise _unknown() from error


# lru_cache keeps no exceptions, so a key issued a moment after a miss is found.
@lru_cache(maxsize=10_000)
def _merchant_of_prefix(prefix: str) -> uuid.UUID:
    return tenancy.locate(tenancy.Finds.API_KEY, prefix)


def check(presented: Presented) -> Authenticated:
    """The key of the running tenant; KeyRefused says what is wrong."""
    answer = _question(presented).answer()
    return _checked(presented, None if answer is None else _decode(answer))


def _question(presented: Presented) -> tenancy.Question:
    return tenancy.Question(_CHECK, {"prefix": presented.prefix})


def _checked(presented: Presented, row: _Row | None) -> Authenticated:
    """Compare with the running tenant's key and note its use, to the minute."""
    if row is None:
        raise _unknown()
    key_id, name, scopes, secret_hash, is_revoked, has_expired, is_first_this_minute = row
    if not hmac.compare_digest(secret_hash, presented.secret_hash):
        raise _unknown()
    if is_revoked:
        raise KeyRefused("This API key was revoked. Issue a new one.", code="api_key_revoked")
    if has_expired:
        raise KeyRefused("This API key was replaced and has expired. Use its successor.", code="api_key_expired")
    merchant_id = tenancy.current()
    if is_first_this_minute:
        with connection.cursor() as cursor:
            cursor.execute(_NOTE_USE, {"merchant": merchant_id, "key": key_id})
    return Authenticated(merchant_id=merchant_id, key_id=key_id, name=name, scopes=scopes)


def _unknown() -> KeyRefused:
    return KeyRefused("This API key is unknown. Check that it was copied whole, or issue a new one.")


def _checked_scopes(scopes: Sequence[str]) -> list[str]:
    if not scopes or not set(scopes) <= set(Scope.values):
        raise DomainError(
            f"Give at least one scope out of {', '.join(Scope.values)}.", code="invalid_choice", field="scopes"
        )
    return [scope for scope in Scope.values if scope in scopes]


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
