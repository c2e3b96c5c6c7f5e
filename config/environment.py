"""What the environment says, read once by `config.settings` and checked here.

A value that cannot be used stops the start with a sentence that says what to set instead; nothing is guessed.
"""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.files import create_once

TRUE = {"1", "true", "yes", "on"}
FALSE = {"", "0", "false", "no", "off"}

# Tracking's statements run thousands of times with the same text: a generic plan is measured faster than planning
# each one, and compiling them (jit) never pays. Nor do disks turn any more: with PostgreSQL's price of a page at random
# (4), a list by status walked the newest commissions, a month of them on hold, instead of the index of that status.
SERVER_OPTIONS = "-c plan_cache_mode=force_generic_plan -c jit=off -c random_page_cost=1.1"
# psycopg prepares a statement the sixth time it sees it, or at once where our code says prepare=True. Django's own
# default, None, would switch both off.
PREPARE_THRESHOLD = 5
CONNECT_TIMEOUT_SECONDS = 5


def flag(name: str, *, default: bool) -> bool:
    """A yes or no from the environment."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; set it to 1 or 0.")


def listed(name: str, *, default: list[str]) -> list[str]:
    """A comma-separated list from the environment."""
    value = os.environ.get(name)
    if value is None:
        return default
    return [item.strip() for item in value.split(",") if item.strip()]


def database_from_url(url: str) -> dict[str, Any]:
    """Django's settings for `postgres://user:password@host:port/name?sslmode=…`.

    The host may be a directory with a unix socket: percent-encoded (`@%2Ftmp%2Fsocket/`) or as `?host=/tmp/socket`.
    Further query parameters go to libpq as they are. There are three ways to have connections, and they combine:

    * Each thread keeps one of its own for good (the default): the fastest, and as many as there are threads.
    * DATABASE_POOL=<n>: the threads of a process share at most n, each for the length of a request or a task. A thread
      that gets none in time answers 503. Statements stay prepared, for the connections stay.
    * ACCRUE_POOLED=1: between us and the server stands PgBouncer in transaction mode, so nothing is left on the
      session: no start-up options, which it refuses, and no prepared statements, which it loses.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read ({error}). {_DATABASE_URL_HELP}") from error
    query = dict(parse_qsl(parts.query))
    name = unquote(parts.path.removeprefix("/"))
    host = query.pop("host", None) or _host(parts)
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise ImproperlyConfigured(f"DATABASE_URL names no PostgreSQL database. {_DATABASE_URL_HELP}")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(query.pop("port", port or "")),
        "CONN_MAX_AGE": 0 if _pool_size() else None,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": flag("ACCRUE_POOLED", default=False),
        "OPTIONS": _connection_options(query),
    }


def _host(parts: SplitResult) -> str:
    """The host, or the directory of the socket; `hostname` lower-cases, which would change a path."""
    literal = parts.netloc.rpartition("@")[2]
    return unquote(literal.partition(":")[0]) if literal.startswith("%2") else parts.hostname or ""


_DATABASE_URL_HELP = (
    "Set it to postgres://user:password@host:5432/name, "
    "or leave it and REDIS_URL out to use the embedded servers through manage.py."
)


def _connection_options(query: dict[str, str]) -> dict[str, Any]:
    options: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, **query}
    if size := _pool_size():
        options["pool"] = {"min_size": 1, "max_size": size, "timeout": CONNECT_TIMEOUT_SECONDS}
    if flag("ACCRUE_POOLED", default=False):
        return {**options, "prepare_threshold": None}
    return {"options": SERVER_OPTIONS, **options, "prepare_threshold": PREPARE_THRESHOLD}


def _pool_size() -> int:
    """DATABASE_POOL: connections that the threads of one process share; 0 for none but their own."""
    value = os.environ.get("DATABASE_POOL", "").strip() or "0"
    if not value.isdecimal():
        raise ImproperlyConfigured(f"DATABASE_POOL is {value!r}; set it to a number of connections, or leave it out.")
    return int(value)


def email_from_url(url: str, data_dir: Path) -> dict[str, Any]:
    """Django's EMAIL_ settings for `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`.

    Without an address nothing leaves the machine: messages become files in the data directory, and the page `/mail/`
    shows them to whoever runs the installation.
    """
    if not url:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": str(data_dir / "mail"),
        }
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"EMAIL_URL cannot be read ({error}). {_EMAIL_URL_HELP}") from error
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured(f"EMAIL_URL names no mail server. {_EMAIL_URL_HELP}")
    secure = parts.scheme == "smtps"
    # Inside a machine or a private network there may be no TLS: smtp://host:25?plain=1.
    plain = dict(parse_qsl(parts.query)).get("plain") == "1"
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or (465 if secure else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": secure,
        "EMAIL_USE_TLS": not secure and not plain,
        "EMAIL_TIMEOUT": CONNECT_TIMEOUT_SECONDS * 4,
    }


_EMAIL_URL_HELP = "Set it to smtp://user:password@host:587, or leave it out to keep messages as files."


def storage_from_url(url: str) -> dict[str, Any]:
    """Where uploads and files of jobs are kept: `s3://bucket/folder?endpoint=https://…&region=…`, else local files.

    Keys come as S3's own clients find them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the machine's role. Nothing
    in the bucket is public: every file goes through a page that asks who wants it.
    """
    if not url:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.hostname:
        raise ImproperlyConfigured(f"MEDIA_STORAGE names no bucket. {_MEDIA_STORAGE_HELP}")
    query = dict(parse_qsl(parts.query))
    if unknown := query.keys() - {"endpoint", "region"}:
        raise ImproperlyConfigured(f"MEDIA_STORAGE has an unknown {min(unknown)}. {_MEDIA_STORAGE_HELP}")
    options = {
        "bucket_name": parts.hostname,
        "location": parts.path.strip("/"),
        "endpoint_url": query.get("endpoint"),
        "region_name": query.get("region"),
        "default_acl": None,
        "file_overwrite": False,
        "querystring_auth": True,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


_MEDIA_STORAGE_HELP = "Set it to s3://bucket/folder?endpoint=https://host&region=name, or leave it out for local files."


def secret_key(data_dir: Path) -> str:
    """SECRET_KEY from the environment, or a random one made once in the data directory.

    Processes that start at once agree on it: whoever comes second reads what the first one wrote.
    """
    given = os.environ.get("SECRET_KEY")
    if given:
        return given
    path = data_dir / "secret.key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return create_once(path, secrets.token_urlsafe(50))
    except OSError as error:
        raise ImproperlyConfigured(
            f"No secret key: {path} cannot be used ({error.strerror}). "
            "Set SECRET_KEY, or point ACCRUE_DATA_DIR at a directory that this account may write."
        ) from error
