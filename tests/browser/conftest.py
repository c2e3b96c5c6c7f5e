"""A whole site in processes of its own, on the test database, and a real Chromium before it.

Everything here runs in one worker of the suite (`xdist_group`), so there is one site. Without Chromium these tests are
skipped on somebody's machine and fail where CI=1 says that nobody is there to read the line.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from merchants import tenancy
from merchants.keys import issue
from merchants.models import Merchant, User
from merchants.settings import update_merchant
from merchants.staff import add_staff
from tests.factories import ACTOR, PASSWORD, MerchantFactory
from tests.processes.web import Web
from tests.tenancy_matrix.test_every_page import Site, site

# Playwright keeps a loop running in this thread, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

#: Seconds in which anything has come true, however busy the machine is: what is fast is measured elsewhere.
PATIENCE = 60.0
expect.set_options(timeout=PATIENCE * 1000)

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _chromium() -> str:
    found = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    if found is not None:
        return found
    sentence = "no Chromium: the tests in a browser need one (Debian: apt-get install chromium)"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


@dataclass
class Running:
    """The site, and the merchant whose owner is at the screen."""

    url: str
    mail: Path
    of: Site
    owner: User
    careful: User
    """Another owner, who will have a second factor."""
    keyed: User
    """A third, who will have a passkey."""
    operator: User
    token: str
    complaints: list[str] = field(default_factory=list)

    @property
    def home(self) -> str:
        """The merchant's overview."""
        return f"{self.url}/m/{self.of.merchant.slug}/"


# Of the package, not the session: its worker would take the jobs and marks of the tests that come after.
@pytest.fixture(scope="package")
def running(test_database: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Web, worker and beat, as `manage.py demo` starts them."""
    _chromium()
    data = tmp_path_factory.mktemp("site")
    with django_db_blocker.unblock():
        web = Web()
        own = {"ACCRUE_DATA_DIR": str(data), "BASE_URL": f"http://localhost:{web.port}", "ACCRUE_SHOW_MAIL": "1",
               "MEDIA_ROOT": str(settings.MEDIA_ROOT)}  # fmt: skip
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
        subprocess.run(collect, env=web.environment(own), check=True)
        web.start(own)
        celery = [sys.executable, "-m", "celery", "--app", "config.celery", "--quiet"]
        parts = [
            subprocess.Popen([*celery, *rest], env=web.environment(own), start_new_session=True)
            for rest in (
                ["worker", "--concurrency", "1", "--loglevel", "ERROR", "--without-gossip"],
                ["beat", "--loglevel", "ERROR", "--schedule", str(data / "beat"), "--pidfile="],
            )
        ]
        try:
            # By name: a passkey belongs to a host name, and an address is none.
            made = _settle(f"http://localhost:{web.port}", data / "mail")
            _introduce(made.token)
            yield made
        finally:
            for part in parts:
                os.killpg(part.pid, signal.SIGKILL)
                part.wait()
            web.kill()


def _introduce(token: str) -> None:
    """Let the key work once: the tests beside these fail hundreds of times a minute from the same address, and only a
    key that has worked before is let through then (`api.attempts`)."""
    assert Client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


#: So that what stands at the foot of the portal is looked at too.
_LEGAL = {
    "legal_name": "Browser Coffee GmbH", "legal_address": "Hauptstr. 1\n10115 Berlin", "tax_id": "DE123456789",
    "contact_email": "legal@browser.example", "terms_url": "https://browser.example/terms",
    "privacy_url": "https://browser.example/privacy",
}  # fmt: skip


def _settle(url: str, mail: Path) -> Running:
    """A merchant with one of everything, whose owner can sign in."""
    word = f"b{uuid4().hex[:10]}"
    merchant: Merchant = MerchantFactory(slug=word, name="Browser Coffee", domains=[f"{word}.example"])
    of = site(merchant, word)
    with tenancy.tenant(merchant.id):
        owner, careful, keyed = (
            add_staff(email=f"{name}@{word}.example", role="owner", name=name, password=PASSWORD, actor=ACTOR).user
            for name in ("Olga", "Carla", "Petra")
        )
        _, token = issue(name="shop", scopes=["write"], actor=ACTOR)
        update_merchant(merchant, changes=_LEGAL, actor=ACTOR)
    operator = User.objects.create_superuser(f"operator@{word}.example", PASSWORD, name="Olaf Operator")
    return Running(url, mail, of, owner, careful, keyed, operator, token)


# Of the package too: while Playwright's loop runs in this thread, Django keeps connections that a fork would share.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's."""
    program = _chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
        connections.close_all()  # those that Django has for the loop; nobody reaches them when it is gone


def opened(browser: Browser, running: Running, **options: Any) -> BrowserContext:
    """A window of its own; what its console complains about is kept."""
    context = browser.new_context(base_url=running.url, **options)
    context.set_default_timeout(PATIENCE * 1000)
    context.on("console", lambda message: _keep(running, message.type, message.text))
    context.on("weberror", lambda error: running.complaints.append(str(error.error)))
    return context


def _keep(running: Running, kind: str, text: str) -> None:
    # A page that is meant to answer 404 or 422 says so in the console too.
    if kind in ("error", "warning") and "Failed to load resource" not in text:
        running.complaints.append(text)


@pytest.fixture
def window(chromium: Browser, running: Running) -> Iterator[BrowserContext]:
    """Nobody is signed in; at the end nothing may have been complained about."""
    running.complaints.clear()
    context = opened(chromium, running, viewport={"width": 1440, "height": 900})
    yield context
    context.close()
    assert running.complaints == []


@pytest.fixture
def screen(window: BrowserContext, running: Running) -> Page:
    """The owner is signed in and looks at the overview."""
    page = window.new_page()
    sign_in(page, running)
    return page


def until(page: Page, address: str, text: str, *, count: int = 1) -> None:
    """Load the page again and again until it says so, so many times."""
    said, end = page.get_by_text(text), time.monotonic() + PATIENCE
    page.goto(address)
    while said.count() < count:
        assert time.monotonic() < end, f"{address} does not say {text!r}"
        page.goto(address)


def sign_in(page: Page, running: Running, who: User | None = None, *, leads_to: str = "**/m/**") -> None:
    """By e-mail and password."""
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill((who or running.owner).email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(leads_to)
