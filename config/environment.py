"""What the environment says, read once by `config.settings` and checked here.

A value that cannot be used stops the start with a sentence that says what to set instead; nothing is guessed.
"""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"", "0", "false", "no", "off"}

# Tracking's statements run thousands of times with the same text: a generic plan is measured faster than planning
# each one, and compiling them (jit) never pays.
SERVER_OPTIONS = "-c plan_cache_mode=force_generic_plan -c jit=off"
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
    Further query parameters go to libpq as they are. With ACCRUE_POOLED=1 (PgBouncer in transaction mode) nothing is
    left on the session: no start-up options, which it refuses, and no prepared statements, which it loses.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read ({error}). {_DATABASE_URL_HELP}") from error
    query = dict(parse_qsl(parts.query))
    name = unquote(parts.path.removeprefix("/"))
    # `hostname` is lower-cased, which would change the path of a socket.
    host = unquote(parts.netloc.rpartition("@")[2].split(":")[0]) if "%2" in parts.netloc else parts.hostname
    host = query.pop("host", host) or ""
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise ImproperlyConfigured(f"DATABASE_URL names no PostgreSQL database. {_DATABASE_URL_HELP}")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(query.pop("port", port or "")),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": flag("ACCRUE_POOLED", default=False),
        "OPTIONS": _connection_options(query),
    }


_DATABASE_URL_HELP = (
    "Set it to postgres://user:password@host:5432/name, "
    "or leave it and REDIS_URL out to use the embedded servers through manage.py."
)


def _connection_options(query: dict[str, str]) -> dict[str, Any]:
    options: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, **query}
    if flag("ACCRUE_POOLED", default=False):
        return {**options, "prepare_threshold": None}
    return {"options": SERVER_OPTIONS, **options, "prepare_threshold": PREPARE_THRESHOLD}


def secret_key(data_dir: Path) -> str:
    """SECRET_KEY from the environment, or a random one made once in the data directory.

    Two processes that start at once must agree, so the file appears complete or not at all: it is written under
    another name and linked into place, and who comes second reads what the first one wrote.
    """
    given = os.environ.get("SECRET_KEY")
    if given:
        return given
    path = data_dir / "secret.key"
    try:
        if not path.exists():
            _create_once(path, secrets.token_urlsafe(50))
        return path.read_text()
    except OSError as error:
        raise ImproperlyConfigured(
            f"No secret key: {path} cannot be used ({error.strerror}). "
            "Set SECRET_KEY, or point ACCRUE_DATA_DIR at a directory that this account may write."
        ) from error


def _create_once(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # Somebody else was first: theirs is the key.
    finally:
        draft.unlink()
