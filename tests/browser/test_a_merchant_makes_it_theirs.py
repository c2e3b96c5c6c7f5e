"""Logo and words, by mouse and keyboard: chosen, looked at, saved, and seen by those they are for."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Running
from tests.browser.mailbox import letter

pytestmark = pytest.mark.xdist_group("browser")

_IS_SHOWN = "image => image.complete && image.naturalWidth > 0"


def test_a_logo_is_uploaded_shown_to_partners_and_removed(screen: Page, running: Running, tmp_path: Path) -> None:
    Image.new("RGBA", (240, 80), (20, 80, 40, 255)).save(tmp_path / "logo.webp")
    gate = f"/p/{running.of.ids['portal_code']}/sign-in/"
    screen.goto(f"{running.home}settings/")
    screen.get_by_label("File").set_input_files(tmp_path / "logo.webp")
    screen.get_by_role("button", name="Save logo").click()
    expect(screen.get_by_text("Logo saved.")).to_be_visible()
    assert screen.get_by_alt_text("Your logo").evaluate(_IS_SHOWN)
    screen.goto(gate)
    assert screen.locator("img.logo").evaluate(_IS_SHOWN)
    screen.goto(f"{running.home}settings/")
    screen.get_by_role("button", name="Remove").click()
    expect(screen.get_by_text("Logo removed.")).to_be_visible()
    screen.goto(gate)
    expect(screen.locator("img.logo")).to_have_count(0)


def test_words_are_looked_at_saved_and_tried(screen: Page, running: Running) -> None:
    screen.goto(f"{running.home}settings/mail/portal_reset/")
    look = screen.frame_locator("iframe[name=preview]")
    expect(look.get_by_text("Set a new password for Browser Coffee")).to_be_visible()
    screen.get_by_label("Subject").fill("Dear {partner}")
    screen.get_by_role("button", name="Preview").click()
    expect(look.get_by_role("heading", name="Dear Anna Berg")).to_be_visible()
    screen.get_by_role("textbox", name="Message").fill("Hello {nobody}: {link}")
    screen.get_by_role("button", name="Preview").click()
    expect(look.get_by_text("There is no {nobody} in this e-mail.")).to_be_visible()
    screen.get_by_role("textbox", name="Message").fill("Hello {partner}.\n\n{link}")
    screen.get_by_role("button", name="Save words").click()
    expect(screen.get_by_text("New portal password saved.")).to_be_visible()
    screen.get_by_role("button", name="Send a test to me").click()
    expect(screen.get_by_text(f"A test is on its way to {running.owner.email}.")).to_be_visible()
    letter(running, running.owner.email, saying="[Test] Dear Anna Berg")
    screen.get_by_role("link", name="Reset").click()
    screen.get_by_role("button", name="Reset words").click()
    expect(screen.get_by_label("Subject")).to_have_value("Set a new password for {merchant}")
