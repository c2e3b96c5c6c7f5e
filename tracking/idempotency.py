"""The first answer to a write with an `Idempotency-Key` is kept and replayed word for word.

It is written in the transaction of the effect: there is no effect without its answer and no answer without its effect.
A refused request wrote nothing and keeps nothing, so it can be put right and sent again under the same key. Of two
requests with one key at the same moment the database lets one in; the other is run again and finds the answer.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from merchants.errors import Conflict, DomainError
from merchants.ids import new_id
from merchants.statements import Statement
from merchants.tenancy import current
from tracking.models import StoredAnswer

_USABLE = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)

# Raw, because this stands on the way of every sale: the ORM would cost more than the statement.
_FIND = Statement("""
SELECT request_fingerprint, status, body FROM tracking_storedanswer WHERE merchant_id = %(merchant)s AND key = %(key)s
""")
_KEEP = Statement("""
INSERT INTO tracking_storedanswer (merchant_id, id, key, request_fingerprint, status, body)
VALUES (%(merchant)s, %(id)s, %(key)s, %(fingerprint)s, %(status)s, %(body)s) RETURNING id
""")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered the first time."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """A write under a key."""

    key: str
    fingerprint: str


def attempt(key: str, *, method: str, path: str, body: bytes) -> Attempt:
    """The request as it will be recognised again; 400 for a key that cannot be one."""
    if not _USABLE.fullmatch(key):
        raise DomainError(
            "An Idempotency-Key is 1 to 255 printable ASCII characters without spaces; a UUID is a good choice.",
            code="invalid_idempotency_key",
            status=400,
        )
    content = b"\n".join([method.encode(), path.encode(), body])
    return Attempt(key, blake2b(content, digest_size=16).hexdigest())


def replay(tried: Attempt) -> Answer | None:
    """The answer kept under this key; Conflict when it was given to a different request."""
    row = _FIND.run({"merchant": current(), "key": tried.key})
    if row is None:
        return None
    fingerprint, status, body = row
    if fingerprint != tried.fingerprint:
        raise Conflict(
            "This Idempotency-Key was used for a different request, which stands. Send a new key for a new request.",
            code="idempotency_key_reused",
        )
    return Answer(status, body.encode())


def keep(tried: Attempt, answer: Answer) -> None:
    """Keep the first answer. A unique violation means that a twin was faster: roll back, run again, replay."""
    _KEEP.run(
        {
            "merchant": current(),
            "id": new_id(),
            "key": tried.key,
            "fingerprint": tried.fingerprint,
            "status": answer.status,
            "body": answer.body.decode(),
        }
    )


def forget(older_than: datetime) -> int:
    """Delete the running tenant's answers given before `older_than`; how many there were."""
    deleted, _ = StoredAnswer.objects.filter(merchant_id=current(), created_at__lt=older_than).delete()
    return deleted
