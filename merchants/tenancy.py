"""Tenancy has one home. A merchant's rows are reachable only inside `tenant(merchant_id)`.

Row-level security, forced on every tenant table, compares `merchant_id` with the setting `app.merchant_id`. The
setting is made with `set_config(..., true)`: it ends with its transaction and cannot leak through a persistent or
pooled connection. Without it no row is seen and none can be written. Tenants never nest: entering the tenant one
is in already joins it, entering another is a bug and raises (a nested setting would leak outward when a savepoint
is released).

What finds the tenant (an API key's prefix, a link's code, a slug) is looked up in `Locator`, the only
table about merchants that is readable outside; it answers with the merchant and nothing else of it.
"""

import logging
import select
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from celery import Task
from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import DeadlockDetected
from psycopg.pq import TransactionStatus

from merchants.errors import NotFound
from merchants.statements import Statement, execute

logger = logging.getLogger(__name__)

T = TypeVar("T")

_current: ContextVar[uuid.UUID | None] = ContextVar("merchant_id", default=None)

#: The last step of a transaction. It sends what it is given along in its own message.
Closing = Callable[[bytes], None]
_closing: ContextVar["list[Closing] | None"] = ContextVar("closing", default=None)


class TenancyError(RuntimeError):
    """The code asked for a tenant while inside another one, or for one outside any."""


def current() -> uuid.UUID:
    """The merchant of the running tenant transaction; TenancyError outside of one."""
    merchant_id = _current.get()
    if merchant_id is None:
        raise TenancyError("no tenant: wrap this in merchants.tenancy.tenant(merchant_id)")
    return merchant_id


@contextmanager
def tenant(merchant_id: uuid.UUID, first: "Question | None" = None) -> Iterator[bytes | None]:
    """A transaction in which the database shows and accepts the rows of one merchant and no others.

    Joins the running transaction when it already belongs to this merchant. TenancyError when it belongs to
    another. Responses must be rendered before the block ends; what streams opens a tenant of its own.
    The answer to `first`, when there is one, is what the block gets.
    """
    running = _current.get()
    if running == merchant_id:
        yield first.answer() if first else None
        return
    if running is not None:
        raise TenancyError(f"inside tenant {running}, cannot enter {merchant_id}")
    database = connections[DEFAULT_DB_ALIAS]  # once: each look through Django's proxy takes 1.6 µs
    enclosed = database.in_atomic_block
    if not enclosed:
        _believe_in_connection(database)
    closing: list[Closing] | None = None if enclosed else []
    with transaction.atomic():
        answer = _enter(database, merchant_id, first)
        token, open_end = _current.set(merchant_id), _closing.set(closing)
        try:
            yield answer
        finally:
            _closing.reset(open_end)
            _current.reset(token)
        if enclosed:
            # The outer transaction goes on (a test's, or a management command's): the setting must not.
            # After an exception the rollback to the savepoint takes it back instead.
            _set("app.merchant_id", "")
        elif not database.needs_rollback:
            _commit(database, closing or [])


def last(step: Closing) -> None:
    """Let `step` be the end of the running tenant's transaction; it sends the COMMIT that it is given along.

    For a write that nothing in the transaction looks at any more: it spares a round trip, a twentieth of what a sale
    costs. What goes wrong is raised where the tenant is left, and rolls everything back. Where the transaction goes on
    after the tenant (in a test, in a management command) there is no COMMIT, and `step` is taken at once.
    """
    closing = _closing.get()
    if closing is None:
        step(b"")
    elif closing:
        raise TenancyError("a transaction has one last step, and this one has it already")
    else:
        closing.append(step)


def _commit(database: BaseDatabaseWrapper, closing: Sequence[Closing]) -> None:
    """What Django would have psycopg do now, for 30 µs more. psycopg knows from libpq that it is done."""
    with database.wrap_database_errors:
        if closing:
            closing[0](b"COMMIT")
        else:
            execute(database.connection, b"COMMIT")


@dataclass(frozen=True, slots=True)
class Question:
    """A statement to begin a tenant with, and its parameters."""

    statement: Statement
    parameters: Mapping[str, Any]
    rules_of: uuid.UUID | None = None
    """The merchant whose rules it reads: they stay to the end of the transaction (`rules_stay`)."""

    def answer(self) -> bytes | None:
        """Asked in the running transaction."""
        if self.rules_of is not None:
            rules_stay(self.rules_of)
        return self.statement.value(self.parameters)


_RULES_STAY = Statement("SELECT pg_advisory_xact_lock_shared(hashtextextended(%(merchant)s, 0))")


def rules_stay(merchant_id: uuid.UUID) -> None:
    """Let whoever is about to set a rule that counts wait until the running transaction is over.

    So a sale either knows of the rule or is there to be counted when the first sale that knows counts. Taken before the
    rules are read, by a statement of its own: what one statement reads, it reads as of its beginning. Contended when
    whoever sets a rule waits for something that the running transaction holds already.
    """
    try:
        _RULES_STAY.value({"merchant": merchant_id})
    except DeadlockDetected as error:
        raise Contended(str(error)) from error


def _believe_in_connection(database: BaseDatabaseWrapper) -> None:
    """Spare Django's `SELECT 1` before every request while the server has said nothing.

    A server that went away, or was stopped, has closed the connection, and a closed one can be read from at once.
    """
    raw = database.connection
    if raw is None or raw.closed:
        return
    heard = select.poll()
    heard.register(raw.pgconn.socket, select.POLLIN)
    database.health_check_done = not heard.poll(0)  # type: ignore[attr-defined] # not in the stubs


def _enter(database: BaseDatabaseWrapper, merchant_id: uuid.UUID, first: Question | None) -> bytes | None:
    """Make the setting and ask `first`; with the first statement of a transaction, begin that in the same message.

    psycopg sends BEGIN when the first statement comes. The transaction is still Django's: it has switched
    autocommit off and will commit or roll back.
    """
    raw = database.connection
    if raw.autocommit or raw.pgconn.transaction_status != TransactionStatus.IDLE:
        _set("app.merchant_id", str(merchant_id))
        return first.answer() if first else None
    begin = f"BEGIN; SELECT set_config('app.merchant_id', '{merchant_id}', true)"
    if first and first.rules_of is not None:
        # As `rules_stay` does, for a microsecond.
        begin += f", pg_advisory_xact_lock_shared(hashtextextended('{first.rules_of}', 0))"
    with database.wrap_database_errors:
        if first:
            return first.statement.opening(f"{begin};".encode(), first.parameters)
        execute(raw, begin.encode())
    return None


def _set(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


class Contended(Exception):
    """Another transaction got there first (same order, same new customer). Run again: it will now be seen."""


def run(merchant_id: uuid.UUID, work: Callable[[], T], *, tries: int = 5) -> T:
    """`work()` in a tenant transaction of its own, again from the start when it was `Contended`.

    The last attempt's `Contended` is raised on.
    """

    def attempt() -> T:
        with tenant(merchant_id):
            return work()

    return until_uncontended(attempt, tries=tries)


def until_uncontended(attempt: Callable[[], T], *, tries: int = 5) -> T:
    """`attempt()`, which enters a tenant by itself, again when it was `Contended`, as in `run`."""
    for _ in range(tries - 1):
        try:
            return attempt()
        except Contended:
            continue
    return attempt()


class TenantTask(Task):  # type: ignore[misc] # celery has no types
    """A Celery task that runs inside the tenant named by its keyword argument `merchant_id` (text)."""

    abstract = True
    typing = False
    """Celery would compare the arguments of a call with the body's, which does not take `merchant_id`."""

    def __call__(self, *args: Any, merchant_id: str, **kwargs: Any) -> Any:
        """Enter the tenant, then run the task's body with the remaining arguments."""
        with tenant(uuid.UUID(merchant_id)):
            return self.run(*args, **kwargs)


def every_merchant(purpose: str, *, having: str = "") -> list[uuid.UUID]:
    """Ids of all merchants, for a sweep that then enters each tenant in turn.

    `having` names a relation (`stale_marks`) and leaves out merchants that have none of it; the table's own policy
    must let sweeps look. The one door that looks across tenants. It returns ids only, and says in the log what for.
    """
    from merchants.models import Merchant

    if _current.get() is not None:
        raise TenancyError("a sweep starts outside any tenant")
    with transaction.atomic():
        _set("app.sweep", "on")
        merchants = Merchant.objects.filter(**{f"{having}__isnull": False}).distinct() if having else Merchant.objects
        found = list(merchants.order_by("id").values_list("id", flat=True))
        _set("app.sweep", "")
    logger.debug("sweep over %d merchants: %s", len(found), purpose)
    return found


class Finds(models.TextChoices):
    """What kind of key a locator row holds."""

    SLUG = "slug"
    API_KEY = "api_key"
    LINK = "link"
    PORTAL = "portal"
    STAFF = "staff"
    INVITATION = "invite"


def register(kind: Finds, key: str) -> None:
    """Let `key` find the running tenant. IntegrityError when it already finds one (keys are global)."""
    from merchants.models import Locator

    Locator.objects.create(kind=kind, key=key, merchant_id=current())


def unregister(kind: Finds, key: str) -> None:
    """Let `key` find the running tenant no more. What never did is nothing new."""
    from merchants.models import Locator

    Locator.objects.filter(kind=kind, key=key, merchant_id=current()).delete()


def locate(kind: Finds, key: str) -> uuid.UUID:
    """The merchant that `key` belongs to; NotFound when there is none. Works outside any tenant."""
    found = locate_all(kind, key)
    if not found:
        raise NotFound(f"no merchant for this {kind.label.lower()}")
    return found[0]


def locate_all(kind: Finds, key: str) -> list[uuid.UUID]:
    """Every merchant that `key` belongs to. Only a staff user (the key is the user's id) has more than one."""
    from merchants.models import Locator

    if "\0" in key:  # anybody can ask for anything, and PostgreSQL refuses the question
        return []
    return list(
        Locator.objects.filter(kind=kind, key=key).order_by("merchant_id").values_list("merchant_id", flat=True)
    )
