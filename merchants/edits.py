"""Editing one row: lock it, write only what changed, and leave the audit row that says so."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models

from merchants.audit import Actor, record


def lock(row: models.Model) -> None:
    """Re-read `row` under a lock until the transaction ends, so that rules see what others committed.

    NO KEY: rows that refer to this one can still be inserted meanwhile. DoesNotExist when it is gone.
    """
    # Not type(row): the API's merchant is a SimpleLazyObject until somebody looks at it.
    row.refresh_from_db(from_queryset=row.__class__._default_manager.select_for_update(no_key=True))


def edit(row: models.Model, values: Mapping[str, object], *, verb: str, actor: Actor) -> bool:
    """Set these columns on `row`, save those that differ and record `verb`. Whether anything changed.

    `values` are checked and named by column (`group_id`, not `group`).
    """
    before = {name: getattr(row, name) for name in values}
    changed = [name for name, value in values.items() if before[name] != value]
    if not changed:
        return False
    for name in changed:
        setattr(row, name, values[name])
    row.save(update_fields=changed)
    record(
        actor,
        verb,
        row._meta.model_name or "",
        row.pk,
        before={name: shown(before[name]) for name in changed},
        after={name: shown(values[name]) for name in changed},
    )
    return True


def shown(value: object) -> Any:
    """A column's value as the audit log keeps it: JSON."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, uuid.UUID | Decimal):
        return str(value)
    if isinstance(value, list):
        return [shown(each) for each in value]
    return value
