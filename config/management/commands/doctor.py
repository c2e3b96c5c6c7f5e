"""`manage.py doctor`: is this installation safe and alive? Each finding says what to do."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.core.management import CommandError
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from commissions.models import CommissionStatus
from merchants import tenancy
from merchants.models import Merchant
from tracking import click_stream

OLDEST_POSTGRESQL = 150000
#: Rollups follow within seconds; minutes mean that nobody works on them.
STALE_TOO_LONG = timedelta(minutes=5)
#: Clicks are drained every second; one that a dead worker took waits for half a minute.
DRAINED_WITHIN = timedelta(minutes=5)
#: The sweep runs every few minutes.
HELD_TOO_LONG = timedelta(hours=1)

# A table with a merchant that is readable from outside the tenant. Locator is meant to be.
_UNPROTECTED = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND n.nspname = current_schema() AND c.relname <> 'merchants_locator'
   AND NOT (c.relrowsecurity AND c.relforcerowsecurity
            AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))
   AND (c.relname = 'merchants_merchant' OR EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'merchant_id' AND NOT a.attisdropped))
 ORDER BY 1
"""


class Command(BaseCommand):
    """Run every check and say what to do about each that fails."""

    help = "Check database role, row-level security, migrations, Redis, and that worker and schedule are alive."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line for each check; exit code 1 when any fails."""
        failed = 0
        for name, check in CHECKS.items():
            findings = _findings(check)
            failed += bool(findings)
            self.stdout.write(f"{'FAILED' if findings else 'ok':7} {name}")
            for finding in findings:
                self.stdout.write(f"        {finding}")
        if failed:
            raise CommandError(f"{failed} of {len(CHECKS)} checks failed.")


def _findings(check: Callable[[], Iterator[str]]) -> list[str]:
    try:
        return list(check())
    except (DatabaseError, redis.RedisError) as error:
        return [f"This could not be looked at: {error}".strip()]


def database_version() -> Iterator[str]:
    """PostgreSQL is new enough."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        version = int(cursor.fetchone()[0])
    if version < OLDEST_POSTGRESQL:
        yield f"PostgreSQL {version // 10000} is too old: use 15 or newer."


def database_role() -> Iterator[str]:
    """Row-level security binds the role that the application uses."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        name, is_super, bypasses = cursor.fetchone()
    if is_super or bypasses:
        yield (
            f"Role {name} is {'a superuser' if is_super else 'BYPASSRLS'} and sees every merchant's rows: connect as an"
            " ordinary role that owns the tables (ALTER ROLE … NOSUPERUSER NOBYPASSRLS)."
        )


def row_level_security() -> Iterator[str]:
    """Every table with a merchant is forced to show one merchant at a time."""
    with connection.cursor() as cursor:
        cursor.execute(_UNPROTECTED)
        for (table,) in cursor.fetchall():
            yield f"Table {table} has no forced row-level security: run manage.py migrate on a fresh restore."


def migrations() -> Iterator[str]:
    """The tables are those of this version."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        yield f"{len(missing)} migrations are not applied: run manage.py migrate."


def redis_answers() -> Iterator[str]:
    """The doorbell works. Without it nothing is lost, but what follows a sale comes late."""
    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2).ping()
    except redis.RedisError as error:
        yield f"Redis does not answer ({error}): start it or correct REDIS_URL."


def rollups_follow() -> Iterator[str]:
    """The worker turns stale marks into fresh numbers."""
    limit = timezone.now() - STALE_TOO_LONG
    for merchant in _merchants("doctor: stale marks"):
        waiting = merchant.stale_marks.filter(marked_at__lt=limit).count()
        if waiting:
            yield f"{merchant.slug}: {waiting} stale marks are older than {STALE_TOO_LONG}: start a Celery worker."


def clicks_arrive() -> Iterator[str]:
    """The worker moves clicks from the stream to the database, and could read all of them."""
    oldest, set_aside = click_stream.oldest(), click_stream.set_aside_count()
    if oldest and timezone.now() - oldest > DRAINED_WITHIN:
        waiting = click_stream.waiting()
        yield f"{waiting} clicks wait, the oldest since {oldest:%Y-%m-%d %H:%M:%S}: start a Celery worker."
    if set_aside:
        yield f"{set_aside} clicks could not be inserted: look at {click_stream.DEAD} (XRANGE), then delete it."


def holds_end() -> Iterator[str]:
    """The schedule approves commissions whose hold is over."""
    limit = timezone.now() - HELD_TOO_LONG
    for merchant in _merchants("doctor: hold"):
        waiting = merchant.commissions.filter(status=CommissionStatus.PENDING, held_until__lt=limit).count()
        if waiting:
            yield f"{merchant.slug}: {waiting} commissions wait for approval after their hold: start Celery beat."


def _merchants(purpose: str) -> Iterator[Merchant]:
    """Each merchant, inside its tenant."""
    for merchant_id in tenancy.every_merchant(purpose):
        with tenancy.tenant(merchant_id):
            yield Merchant.objects.get(id=merchant_id)


CHECKS: dict[str, Callable[[], Iterator[str]]] = {
    "PostgreSQL is 15 or newer": database_version,
    "the database role is bound by row-level security": database_role,
    "every table with a merchant is protected": row_level_security,
    "all migrations are applied": migrations,
    "Redis answers": redis_answers,
    "rollups follow": rollups_follow,
    "clicks arrive": clicks_arrive,
    "holds end": holds_end,
}
