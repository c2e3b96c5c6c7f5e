"""From a public page to the portal: apply, confirm by mail, be approved, set a password. Also without script."""

import re
import time

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Running, opened
from tests.browser.mailbox import letter, link_for

pytestmark = pytest.mark.xdist_group("browser")


def send(page: Page) -> None:
    """Press send until the page believes that nobody types so fast."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        page.get_by_role("button", name="Send application").click()
        page.wait_for_load_state("domcontentloaded")
        if page.get_by_role("heading", name="Look into your mailbox").count():
            return
        expect(page.get_by_text("Wait a moment, then send it again.")).to_be_visible()
    raise AssertionError("the application is never taken")


@pytest.mark.parametrize("has_script", [True, False])
def test_the_whole_way(chromium: Browser, screen: Page, running: Running, has_script: bool) -> None:
    name = "Ida Script" if has_script else "Ida Plain"
    email = f"{name.replace(' ', '.').lower()}@applies.example"
    theirs = opened(chromium, running, viewport={"width": 390, "height": 800}, java_script_enabled=has_script)
    page = theirs.new_page()
    page.goto(f"/apply/{running.of.merchant.slug}/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Why").fill("Because I know many people.")
    page.get_by_label("I accept the terms").check()
    send(page)
    page.goto(link_for(running, email, "confirm"))
    page.get_by_role("button", name="Confirm application").click()
    expect(page.get_by_role("heading", name=f"Thank you, {name}")).to_be_visible()

    screen.goto(f"{running.home}partners/?status=applied")
    expect(screen.locator("tbody tr", has_text=name)).to_contain_text("Because I know many people.")
    screen.get_by_role("link", name=name).click()
    screen.locator(".page-head").get_by_role("link", name="Approve partner").click()
    asked = screen.locator("#ask")
    expect(asked.get_by_label("Coupon code")).to_have_value(re.compile("^IDA"))
    asked.get_by_label("Message").fill("Good to have you with us.")
    asked.get_by_role("button", name="Approve partner").click()
    expect(screen.get_by_role("heading", name=f"{name} Approved")).to_be_visible()

    page.goto(link_for(running, email, "activate"))
    letter(running, email, saying="Good to have you with us.")
    page.locator("input[type=password]").fill("a quiet little sentence")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_text("terms of the program have changed")).to_have_count(0)
    expect(page.locator(".portal-nav")).to_be_visible()
    theirs.close()
