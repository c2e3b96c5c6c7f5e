"""The audit log: every write through any door leaves a row (SPEC P4).

Each verb takes an `Actor` and records what it did in the same transaction, so there is no write without its row
and no row without its write.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from merchants.ids import least_id
from merchants.models import AuditEntry, OperatorEntry
from merchants.tenancy import current


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as the audit log will name them."""

    kind: str
    """user, key, partner, system or operator."""
    name: str
    id: uuid.UUID | None = None
    request_id: str = ""


def system(name: str) -> Actor:
    """A command or task acting by itself, named after what it is."""
    return Actor(kind="system", name=name)


def record(
    actor: Actor,
    verb: str,
    object_type: str,
    object_id: uuid.UUID,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Note that `actor` did `verb` to this object of the running tenant. Values must be JSON-ready.

    For an edit, `before` and `after` hold the changed fields only. Secrets never go in.
    """
    AuditEntry.objects.create(
        merchant_id=current(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        verb=verb,
        object_type=object_type,
        object_id=object_id,
        before=before,
        after=after,
        request_id=actor.request_id,
    )


def record_each(actor: Actor, verb: str, object_type: str, afters: Mapping[uuid.UUID, Mapping[str, Any]]) -> None:
    """Note that `actor` did `verb` to each of these objects of the running tenant, and what of each: a row each."""
    AuditEntry.objects.bulk_create(
        (
            AuditEntry(
                merchant_id=current(),
                actor_kind=actor.kind,
                actor_id=actor.id,
                actor_name=actor.name,
                verb=verb,
                object_type=object_type,
                object_id=object_id,
                after=after,
                request_id=actor.request_id,
            )
            for object_id, after in afters.items()
        ),
        batch_size=1_000,
    )


def record_many(actor: Actor, verb: str, object_type: str, object_ids: Sequence[uuid.UUID]) -> None:
    """Note that `actor` did the same to several objects of the running tenant at once, in one row."""
    AuditEntry.objects.create(
        merchant_id=current(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        verb=verb,
        object_type=object_type,
        object_id=object_ids[0],
        object_count=len(object_ids),
        after={"ids": [str(object_id) for object_id in object_ids]},
        request_id=actor.request_id,
    )


def record_outside(
    actor: Actor, verb: str, object_type: str, object_id: str = "", *, detail: Mapping[str, Any] | None = None
) -> None:
    """Note that an operator did `verb` to what belongs to no merchant: a log-in, the list of merchants."""
    OperatorEntry.objects.create(
        actor_id=actor.id,
        actor_name=actor.name,
        verb=verb,
        object_type=object_type,
        object_id=object_id,
        detail=detail,
    )


def write_anew(entries: Sequence[AuditEntry]) -> None:
    """Keep these entries of the running tenant with another `actor_name`, `before` and `after`.

    The one way in which an entry ever changes, for names of somebody who was erased; the database holds the rest fast.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.erasing', 'on', true)")
        AuditEntry.objects.bulk_update(entries, ["actor_name", "before", "after"])
        cursor.execute("SELECT set_config('app.erasing', '', true)")


#: A row's id is made a little before or after its `at`; this is far more than a transaction lasts.
_SLACK = timedelta(hours=1)


def written_between(
    entries: "QuerySet[AuditEntry]", start: datetime | None, end: datetime | None
) -> "QuerySet[AuditEntry]":
    """`entries` from `start` on and before `end`. There is no index on `at`: a range of ids leads to the period."""
    if start is not None:
        entries = entries.filter(at__gte=start, id__gte=least_id(start, later=-_SLACK))
    if end is not None:
        entries = entries.filter(at__lt=end, id__lt=least_id(end, later=_SLACK))
    return entries
