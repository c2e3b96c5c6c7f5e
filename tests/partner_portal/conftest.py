"""Anna has been to the portal, and her browser is signed in; tasks run at once and mail stays here."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from affiliates.models import Partner
from affiliates.partners import set_password
from merchants import tenancy
from merchants.models import Merchant
from tests.factories import ACTOR, PASSWORD


@pytest.fixture(autouse=True)
def _at_once(tasks_at_once: None) -> None:
    """For every test here."""


@pytest.fixture
def anna(merchant: Merchant, partner: Partner) -> Partner:
    """The partner, with a password."""
    with tenancy.tenant(merchant.id):
        set_password(partner, password=PASSWORD, actor=ACTOR)
    return partner


@pytest.fixture
def portal(anna: Partner) -> str:
    """The address of Anna's portal."""
    return f"/p/{anna.portal_code}/"


@pytest.fixture
def browser(anna: Partner, portal: str) -> Client:
    """Anna's browser, signed in."""
    client = Client()
    answer = client.post(f"{portal}sign-in/", {"email": anna.email, "password": PASSWORD})
    assert answer.headers["Location"] == portal
    return client


@pytest.fixture
def committing(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Callable[[], object]:
    """`with committing():` does what waits for the commit at the block's end."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def plain(body: bytes) -> str:
    """A page without what differs at every request."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body.decode())
