"""Assets, announcements and fraud review through the running site: made by staff, found by a partner, decided about."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Running, sign_in, until
from tests.browser.mailbox import letter, link_for
from tests.browser.test_the_work_of_a_day import sell
from tests.factories import PASSWORD

pytestmark = pytest.mark.xdist_group("browser")

_IS_SHOWN = "image => image.complete && image.naturalWidth > 0"


def as_partner(page: Page, running: Running) -> str:
    """Sign in to the portal; its address."""
    portal = f"/p/{running.of.ids['portal_code']}/"
    page.goto(f"{portal}sign-in/")
    page.get_by_label("E-mail").fill(running.of.ids["partner_email"])
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{portal}")
    return portal


def test_a_banner_and_a_text_reach_the_partner(window: BrowserContext, running: Running, tmp_path: Path) -> None:
    Image.new("RGB", (300, 100), (20, 80, 40)).save(tmp_path / "banner.png")
    staff = window.new_page()
    sign_in(staff, running)
    staff.goto(f"{running.home}assets/")
    staff.get_by_role("link", name="New asset").click()
    staff.get_by_label("Title").fill("Green banner")
    staff.get_by_label("File").set_input_files(tmp_path / "banner.png")
    staff.get_by_role("button", name="Add banner").click()
    expect(staff.get_by_text("Partners see it now.")).to_be_visible()
    staff.goto(f"{running.home}assets/new/?kind=text")
    staff.get_by_label("Title").fill("Short post")
    staff.get_by_label("Text", exact=False).last.fill("Take {code} here: {link}")
    staff.get_by_role("button", name="Add text").click()
    expect(staff.get_by_role("link", name="Short post")).to_be_visible()

    portal = as_partner(partner := window.new_page(), running)
    partner.goto(f"{portal}assets/")
    assert partner.get_by_alt_text("Green banner").evaluate(_IS_SHOWN)
    # An attribute, as it is copied; the word of the merchant is in the partner's own code.
    code = partner.get_by_role("button", name="Copy text of Short post").get_attribute("data-copy")
    assert re.fullmatch(r"Take \S+ here: http://localhost:\d+/r/\S+", code or "")
    with partner.expect_download() as saved:
        partner.get_by_role("link", name="Download Green banner").click()
    assert saved.value.suggested_filename == "green-banner.png"
    html = partner.get_by_role("button", name="Copy code of Green banner").get_attribute("data-copy")
    address = re.search(r'src="([^"]+)"', html or "")
    assert address is not None
    answer = partner.request.get(address[1])
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    staff.goto(f"{running.home}assets/")
    expect(staff.get_by_role("row", name="Green banner")).to_contain_text("1")


def test_an_announcement_is_written_sent_and_read(window: BrowserContext, running: Running) -> None:
    staff = window.new_page()
    sign_in(staff, running)
    staff.goto(f"{running.home}announcements/new/")
    staff.get_by_label("Title").fill("Summer is here")
    staff.get_by_label("Text").fill("Hello.\n\nRead https://summer.example/ at once.")
    staff.get_by_role("button", name="Save draft").click()
    staff.get_by_role("link", name="Publish").click()
    dialog = staff.get_by_role("dialog", name="Publish “Summer is here”?")
    expect(dialog.get_by_label(re.compile("Send it by e-mail"))).to_be_checked()
    dialog.get_by_role("button", name="Publish announcement").click()
    expect(staff.get_by_text(re.compile("e-mails sent"))).to_be_visible()
    to = running.of.ids["partner_email"]
    letter(running, to, saying="Read https://summer.example/ at once.")

    portal = as_partner(partner := window.new_page(), running)
    partner.get_by_role("link", name="Announcements, something new").click()
    partner.get_by_role("link", name="Summer is here").click()
    expect(partner.get_by_role("link", name="https://summer.example/")).to_be_visible()
    partner.goto(link_for(running, to, "unsubscribe"))
    partner.get_by_role("button", name="Unsubscribe").click()
    expect(partner.get_by_role("heading", name="No more announcements by e-mail")).to_be_visible()
    partner.goto(f"{portal}settings/")
    expect(partner.get_by_role("button", name="Send e-mails")).to_be_visible()
    partner.get_by_role("button", name="Send e-mails").click()
    expect(partner.get_by_text("You get announcements by e-mail.")).to_be_visible()


def test_a_rule_is_tried_switched_on_and_what_it_finds_is_decided(screen: Page, running: Running) -> None:
    screen.goto(f"{running.home}review/rules/")
    screen.get_by_role("link", name="Countries not served").click()
    screen.get_by_label("Countries you sell to").fill("DE, AT")
    screen.get_by_role("button", name=re.compile("Try on the last")).click()
    expect(screen.get_by_text(re.compile("it would have stopped 0"))).to_be_visible()
    screen.get_by_label("Countries you sell to").fill("DE, AT")
    screen.get_by_label("Look at new commissions").check()
    screen.get_by_role("button", name="Save rule").click()
    expect(screen.get_by_text("Countries not served is on.")).to_be_visible()
    for number in range(2):
        sell(running, order_id=f"KP-{number}", amount=5_000, currency="USD", country="KP",
             partner=str(running.of.ids["partner"]))  # fmt: skip
    queue = f"{running.home}review/?rule=countries"
    until(screen, queue, "The order comes from KP, where you do not sell.", count=2)
    screen.get_by_label("Select KP-0").check()
    screen.get_by_role("button", name="Release as false positive").click()
    screen.get_by_label("Reason").fill("An embassy")
    screen.locator("form").get_by_role("button", name="Release as false positive").click()
    expect(screen.get_by_text("1 commission released")).to_be_visible()
    screen.goto(queue)
    screen.get_by_label("Select KP-1").check()
    screen.get_by_role("button", name="Reject", exact=True).click()
    screen.get_by_label("Reason").fill("Stolen card")
    screen.locator("form").get_by_role("button", name="Reject").click()
    expect(screen.get_by_text("1 commission rejected.")).to_be_visible()
    screen.goto(f"{running.home}review/rules/")
    expect(screen.get_by_role("row", name="Countries not served")).to_contain_text("50%")
    # As it was for everybody else in this run.
    screen.get_by_role("link", name="Countries not served").click()
    screen.get_by_label("Look at new commissions").uncheck()
    screen.get_by_role("button", name="Save rule").click()
    expect(screen.get_by_text("Countries not served is off.")).to_be_visible()
