"""What an operator sets is used as meant, or refused with a sentence that says what to set."""

import subprocess
import sys
from pathlib import Path

import pytest
from django import conf
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import override_settings

from config.environment import database_from_url, flag, listed, secret_key, storage_from_url
from tests.config.conftest import CHECKOUT, environment

URL = "postgres://accrue:p%40ss@db.example:6432/books?sslmode=require"


def test_an_address_over_tcp() -> None:
    settings = database_from_url(URL)
    assert [settings[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")] == [
        "books", "accrue", "p@ss", "db.example", "6432",
    ]  # fmt: skip
    assert settings["OPTIONS"]["sslmode"] == "require"
    assert settings["CONN_MAX_AGE"] is None
    assert settings["CONN_HEALTH_CHECKS"] is True


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("postgres://me:x@%2FTmp%2Fsocket:5433/books", "/Tmp/socket", "5433"),
        ("postgres://me:x@%2fTmp%2fsocket/books", "/Tmp/socket", ""),
        ("postgres:///books?host=/Tmp/socket&port=5433", "/Tmp/socket", "5433"),
        ("postgresql://me:a%2Fb@[::1]:5433/books", "::1", "5433"),
        ("postgres://localhost/books", "localhost", ""),
    ],
)
def test_addresses_of_sockets_and_hosts(url: str, host: str, port: str) -> None:
    settings = database_from_url(url)
    assert (settings["NAME"], settings["HOST"], settings["PORT"]) == ("books", host, port)


@pytest.mark.parametrize(
    "url", ["mysql://localhost/books", "postgres://localhost", "books", "", "postgres://h:x/books"]
)
def test_an_address_that_names_no_database_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="Set it to postgres://"):
        database_from_url(url)


def test_statements_are_prepared_and_planned_once() -> None:
    options = DatabaseWrapper(database_from_url(URL) | _DEFAULTS).get_connection_params()
    assert options["prepare_threshold"] == 5
    assert options["options"] == "-c plan_cache_mode=force_generic_plan -c jit=off -c random_page_cost=1.1"


def test_behind_a_pooler_nothing_is_left_on_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCRUE_POOLED", "1")
    settings = database_from_url(URL)
    options = DatabaseWrapper(settings | _DEFAULTS).get_connection_params()
    assert options["prepare_threshold"] is None
    assert "options" not in options
    assert settings["DISABLE_SERVER_SIDE_CURSORS"] is True


def test_threads_may_share_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_POOL", "4")
    settings = database_from_url(URL)
    pool = DatabaseWrapper(settings | _DEFAULTS, alias="shared").pool
    assert (pool.max_size, pool.timeout, pool.closed) == (4, 5, True)
    assert settings["CONN_MAX_AGE"] == 0
    assert DatabaseWrapper(settings | _DEFAULTS).get_connection_params()["prepare_threshold"] == 5
    monkeypatch.setenv("DATABASE_POOL", "many")
    with pytest.raises(ImproperlyConfigured, match="DATABASE_POOL is 'many'; set it to a number"):
        database_from_url(URL)


@pytest.mark.django_db
def test_the_products_own_connection_has_it_so() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('plan_cache_mode'), current_setting('jit'), current_setting('random_page_cost')"
        )
        assert cursor.fetchone() == ("force_generic_plan", "off", "1.1")
    assert connection.connection.prepare_threshold == 5


def test_yes_no_and_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, meant in {"1": True, "Yes": True, "on": True, "0": False, "": False, "False": False}.items():
        monkeypatch.setenv("ANSWER", value)
        assert flag("ANSWER", default=not meant) is meant
    monkeypatch.setenv("ANSWER", "perhaps")
    with pytest.raises(ImproperlyConfigured, match="ANSWER is 'perhaps'; set it to 1 or 0"):
        flag("ANSWER", default=True)
    monkeypatch.setenv("NAMES", " a.example, ,b.example ")
    assert listed("NAMES", default=[]) == ["a.example", "b.example"]
    monkeypatch.delenv("NAMES")
    assert listed("NAMES", default=["c.example"]) == ["c.example"]


def test_uploads_stay_in_files_or_go_to_a_bucket() -> None:
    assert storage_from_url("") == {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    named = storage_from_url("s3://uploads/accrue?endpoint=https://s3.example&region=eu-1")
    with override_settings(STORAGES={**conf.settings.STORAGES, "default": named}):
        storage = storages["default"]
    assert (storage.bucket_name, storage.location) == ("uploads", "accrue")
    assert (storage.endpoint_url, storage.region_name) == ("https://s3.example", "eu-1")
    assert storage.file_overwrite is False
    for wrong in ("https://uploads.example", "s3://", "s3://uploads?bucket=x"):
        with pytest.raises(ImproperlyConfigured, match="MEDIA_STORAGE"):
            storage_from_url(wrong)


def test_processes_that_start_at_once_agree_on_one_private_key(tmp_path: Path) -> None:
    program = "import sys, pathlib; from config.environment import secret_key; sys.stdin.read(); "
    program += "print(secret_key(pathlib.Path(sys.argv[1])))"
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "data")],
            cwd=CHECKOUT,
            env=environment(tmp_path, SECRET_KEY=""),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for racer in racers:
        assert racer.stdin
        racer.stdin.close()
    keys = [racer.stdout.read() for racer in racers if racer.stdout]
    assert [racer.wait() for racer in racers] == [0] * 6
    assert len(set(keys)) == 1
    assert len(keys[0]) > 50
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret.key"]
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_given_key_is_used_and_an_impossible_place_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "given")
    assert secret_key(tmp_path) == "given"
    monkeypatch.delenv("SECRET_KEY")
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match="Set SECRET_KEY, or point ACCRUE_DATA_DIR"):
        secret_key(tmp_path / "file")


# What Django adds to a database of its settings before it opens it.
_DEFAULTS = {"TIME_ZONE": None, "AUTOCOMMIT": True, "ATOMIC_REQUESTS": False, "TEST": {}}
