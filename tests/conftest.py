"""The cast: two merchants, an owner, a partner, and who acts.

`merchant`, `owner` and `partner` exist outside any tenant, as a request finds them; `tenant` enters the merchant for
the whole test, for calling verbs directly.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from celery import current_app
from django.conf import settings
from django.db import connections
from django.test.utils import setup_databases, teardown_databases

from affiliates.models import Partner
from merchants import tenancy
from merchants.audit import Actor
from merchants.models import Merchant, User
from tests.factories import ACTOR, MembershipFactory, MerchantFactory, PartnerFactory


def pytest_configure() -> None:
    """Pages name static files plainly here: nothing is collected for the tests of this process."""
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


@pytest.fixture(scope="session", autouse=True)
def _nobody_fails_too_often() -> None:
    """All tests come from one address, and the matrix alone fails hundreds of times a minute."""
    from api import attempts  # it needs Django set up

    attempts.FAILURES = 1_000_000


@pytest.fixture
def tasks_at_once() -> Iterator[None]:
    """What is rung for is done in this process."""
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = False


@pytest.fixture
def actor() -> Actor:
    """Who acts in tests."""
    return ACTOR


@pytest.fixture
def merchant(db: None) -> Merchant:
    """The merchant whose people the tests are about."""
    made: Merchant = MerchantFactory(slug="acme", name="Acme", domains=["shop.example"])
    return made


@pytest.fixture
def other_merchant(db: None) -> Merchant:
    """A merchant that must never notice."""
    made: Merchant = MerchantFactory(slug="rival", name="Rival", domains=["rival.example"])
    return made


@pytest.fixture
def tenant(merchant: Merchant) -> Iterator[Merchant]:
    """The test runs inside `merchant`."""
    with tenancy.tenant(merchant.id):
        yield merchant


@pytest.fixture
def owner(merchant: Merchant) -> User:
    """An owner of `merchant`; the password is factories.PASSWORD."""
    with tenancy.tenant(merchant.id):
        user: User = MembershipFactory(email="owner@example.com", name="Olga Owner").user
    return user


@pytest.fixture
def partner(merchant: Merchant) -> Partner:
    """Anna, an approved partner of `merchant` with the coupon ANNA10 and the link anna."""
    with tenancy.tenant(merchant.id):
        made: Partner = PartnerFactory(name="Anna", email="anna@example.com", coupon_code="ANNA10")
    return made


@pytest.fixture(scope="session")
def test_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The test database, also in a run where no test asks for `db`: pytest-django would not make it then."""
    if connections["default"].settings_dict["NAME"].startswith("test_"):
        yield
        return
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases=["default"])
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture
def committed(test_database: None, django_db_blocker: Any) -> Iterator[None]:
    """Real transactions, for races between processes. Nothing is cleaned up (the books refuse it): use new names."""
    with django_db_blocker.unblock():
        yield
        connections.close_all()


@pytest.fixture
def committed_merchant(committed: None) -> Merchant:
    """A merchant that other processes see."""
    name = f"m-{uuid4().hex[:12]}"
    made: Merchant = MerchantFactory(slug=name, domains=[f"{name}.example"])
    return made
