"""What a merchant and a partner do in a day, through the running site, with a mouse and a keyboard."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Running, opened, sign_in, until
from tests.browser.mailbox import link_for
from tests.factories import PASSWORD
from tests.workbooks import sheets_of

pytestmark = pytest.mark.xdist_group("browser")


def sell(running: Running, **sale: Any) -> dict[str, Any]:
    """Track a sale by HTTP, as a shop does."""
    request = urllib.request.Request(
        f"{running.url}/api/v1/sales", data=json.dumps(sale).encode(), method="POST",
        headers={"Authorization": f"Bearer {running.token}", "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)  # type: ignore[no-any-return]


def make_partner(page: Page, running: Running, name: str, code: str) -> None:
    page.goto(f"{running.home}partners/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(f"{code.lower()}@partners.example")
    page.get_by_label("Coupon code").fill(code)
    page.get_by_role("button", name="Create partner").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def test_a_partner_is_made_and_a_sale_shows_everywhere(screen: Page, running: Running) -> None:
    make_partner(screen, running, "Nora Novak", "NORA10")
    sale = sell(
        running, order_id="B-1", amount=12_345, currency="USD", coupon="NORA10",
        customer={"external_id": "c-nora", "email": "cleo@example.com", "name": "Cleo Case"},
    )  # fmt: skip
    assert sale["commissions"][0]["amount"] == 1235
    customer = sale["order"]["customer_id"]
    until(screen, running.home, "$123.45")
    # The colour of a status stands beside its name.
    paid = screen.locator("#statuses dt").first
    dot, name = paid.locator(".dot").bounding_box(), paid.bounding_box()
    assert dot
    assert name
    assert name["x"] <= dot["x"] < name["x"] + name["width"]
    assert name["y"] < dot["y"] < name["y"] + name["height"]
    screen.goto(f"{running.home}customers/{customer}/")
    expect(screen.get_by_role("link", name="B-1")).to_be_visible()
    # The cards show what is stored and then recalculate.
    expect(screen.locator("#stats[aria-busy=false]")).to_contain_text("$123.45")
    expect(screen.locator("#stats .spinner")).to_have_count(0)


def test_a_partner_gets_a_link_sets_a_password_and_sees_the_sale(
    screen: Page, running: Running, chromium: Browser
) -> None:
    make_partner(screen, running, "Otto Olsen", "OTTO10")
    sell(running, order_id="B-2", amount=5_000, currency="USD", coupon="OTTO10", customer={"external_id": "c-otto"})
    screen.locator("summary", has_text="Actions").click()
    screen.locator(".menu-panel").get_by_role("link", name="Activation link").click()
    screen.get_by_role("button", name="Show it, to copy").click()
    link = screen.get_by_text("/activate/").inner_text()
    theirs = opened(chromium, running)
    portal = theirs.new_page()
    portal.goto(link)
    for box in portal.locator("input[type=password]").all():
        box.fill("a quiet little sentence")
    portal.locator("main button[type=submit], main button:not([type])").first.click()
    until(portal, portal.url.partition("activate")[0], "$5.00")
    theirs.close()


def test_marking_paid_and_unpaid_goes_through_the_books(screen: Page, running: Running) -> None:
    make_partner(screen, running, "Paula Paz", "PAULA10")
    sell(running, order_id="B-3", amount=8_000, currency="USD", coupon="PAULA10", customer={"external_id": "c-paula"})
    screen.goto(f"{running.home}commissions/?q=B-3")
    screen.get_by_role("link", name="B-3").click()
    panel = screen.locator("#panel")
    expect(panel).to_contain_text("How it was worked out")
    panel.get_by_role("link", name="Open page").click()
    screen.locator("summary", has_text="Actions").click()
    screen.get_by_role("link", name="End the hold").click()
    screen.get_by_label("Reason").fill("The customer has confirmed")
    screen.get_by_role("button", name="End the hold").click()
    screen.get_by_role("button", name="Mark paid").click()
    screen.get_by_label("Transaction ID").fill("WIRE-1")
    screen.get_by_role("button", name="Mark as paid").click()
    expect(screen.get_by_role("status").filter(has_text="1 payout recorded")).to_be_visible()
    screen.goto(f"{running.home}commissions/?q=B-3")
    row = screen.locator("tbody tr").first
    expect(row).to_contain_text("Paid")
    row.get_by_role("checkbox").check()
    screen.get_by_role("button", name="Mark unpaid").click()
    screen.get_by_label("Reason").fill("The bank returned it")
    screen.get_by_role("button", name="Mark as unpaid").click()
    expect(screen.get_by_role("status").filter(has_text="1 payout reversed")).to_be_visible()
    screen.goto(f"{running.home}commissions/?q=B-3")
    expect(screen.locator("tbody tr").first).to_contain_text("Unpaid")


def test_many_partners_are_suspended_and_approved_at_once(screen: Page, running: Running) -> None:
    for name, code in (("Quinn A", "QA10"), ("Quinn B", "QB10")):
        make_partner(screen, running, name, code)
    for action, word in (("Suspend", "Suspended"), ("Approve", "Approved")):
        screen.goto(f"{running.home}partners/?q=Quinn")
        screen.get_by_role("checkbox", name="Select all on this page").check()
        expect(screen.locator("[data-count]")).to_have_text("2")
        screen.get_by_role("toolbar").get_by_role("button", name=action).click()
        screen.get_by_role("button", name=f"{action} 2 partners").click()
        screen.goto(f"{running.home}partners/?q=Quinn")
        expect(screen.locator("tbody .badge", has_text=word)).to_have_count(2)


def test_a_list_is_searched_while_typing_and_exported(screen: Page, running: Running) -> None:
    make_partner(screen, running, "Rita Rare", "RITA10")
    screen.goto(f"{running.home}partners/")
    screen.get_by_role("searchbox", name="Search partners").fill("Rita R")
    expect(screen.locator("tbody tr")).to_have_count(1)
    assert "q=Rita" in screen.url
    with screen.expect_download() as download:
        screen.locator("summary[aria-label=Export]").click()
        screen.get_by_role("link", name="CSV").click()
    assert "rita10@partners.example" in Path(download.value.path()).read_text()
    # The file keeps to what was typed since the page came.
    assert len(Path(download.value.path()).read_text().splitlines()) == 2


def test_a_workbook_is_prepared_while_one_looks_on(screen: Page, running: Running) -> None:
    make_partner(screen, running, "Wanda West", "WANDA10")
    screen.goto(f"{running.home}partners/")
    screen.get_by_role("searchbox", name="Search partners").fill("Wanda W")
    expect(screen.locator("tbody tr")).to_have_count(1)
    screen.locator("summary[aria-label=Export]").click()
    screen.get_by_role("button", name="XLSX").click()
    # The page asks for itself until the worker of the running site is done.
    link = screen.get_by_role("link", name="Download partners.xlsx")
    expect(link).to_be_visible()
    expect(screen.locator("#job")).not_to_have_attribute("hx-trigger", "every 2s")
    with screen.expect_download() as download:
        link.click()
    (rows,) = sheets_of(Path(download.value.path()).read_bytes())
    assert [row[:2] for row in rows] == [["name", "email"], ["Wanda West", "wanda10@partners.example"]]
    screen.get_by_role("link", name="Exports and jobs").first.click()
    expect(screen.get_by_role("link", name="Export of partners").first).to_be_visible()


def test_the_palette_finds_a_partner(screen: Page, running: Running) -> None:
    make_partner(screen, running, "Sara Stone", "SARA10")
    screen.keyboard.press("Control+k")
    screen.get_by_role("searchbox", name="Search everything").fill("Sara St")
    screen.get_by_role("link", name="Sara Stone").click()
    expect(screen.get_by_role("heading", name="Sara Stone")).to_be_visible()


def test_signing_in_with_a_second_factor(window: BrowserContext, running: Running) -> None:
    page = window.new_page()
    sign_in(page, running, running.careful)
    page.goto("/accounts/2fa/totp/activate/")
    if page.get_by_label("Password").count():
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
    secret = page.locator("#authenticator_secret").input_value()
    page.locator("[name=code]").fill(code_of(secret))
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("Authenticator app activated.")).to_be_visible()
    window.clear_cookies()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(running.careful.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator("[name=code]").fill(code_of(secret))
    page.get_by_role("button", name="Sign In").click()
    page.wait_for_url("**/m/**")


def code_of(secret: str) -> str:
    """What an authenticator app shows now."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


def test_a_forgotten_password_is_reset_by_mail(window: BrowserContext, running: Running) -> None:
    page = window.new_page()
    page.goto("/accounts/password/reset/")
    page.get_by_label("Email").fill(running.owner.email)
    page.get_by_role("button", name="Reset My Password").click()
    page.goto(link_for(running, running.owner.email, "accounts/password/reset/key"))
    for box in page.locator("input[type=password]").all():
        box.fill(PASSWORD)
    page.locator("main button[type=submit]").first.click()
    expect(page.get_by_text("Your password is now changed.")).to_be_visible()


def test_the_essentials_without_javascript(chromium: Browser, running: Running) -> None:
    context = opened(chromium, running, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, running)
    make_partner(page, running, "Tina Tall", "TINA10")
    page.goto(f"{running.home}partners/?q=Tina")
    page.get_by_role("link", name="Tina Tall").click()
    page.get_by_role("link", name="Codes and links").click()
    page.locator("[name=coupon-code]").fill("TINA20")
    page.get_by_role("button", name="Add code").click()
    expect(page.get_by_text("TINA20", exact=True)).to_be_visible()
    page.goto(f"{running.home}?view=table")
    expect(page.locator("table caption")).to_have_count(1)
    context.close()


def test_a_question_comes_over_its_page_and_can_be_left_or_answered(screen: Page, running: Running) -> None:
    make_partner(screen, running, "Uma Under", "UMA10")
    page = screen.url
    for answer, word in (("Cancel", "Approved"), ("Suspend partner", "Suspended")):
        screen.locator("summary", has_text="Actions").click()
        screen.get_by_role("link", name="Suspend").click()
        dialog = screen.get_by_role("dialog", name="Suspend Uma Under?")
        # The safe answer has the focus, and the page is still there.
        expect(dialog.get_by_text("Cancel")).to_be_focused()
        assert screen.url == page
        assert running.complaints == []
        screen.evaluate(Path("node_modules/axe-core/axe.min.js").read_text())
        found = screen.evaluate("axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)")
        assert [violation["id"] for violation in found] == []
        # What axe does to measure is not what the page does.
        running.complaints.clear()
        dialog.get_by_text(answer).click()
        expect(dialog).to_be_hidden()
        expect(screen.locator("h1 .badge")).to_have_text(word)


def test_one_click_on_a_badge_pays_and_the_next_takes_it_back(screen: Page, running: Running) -> None:
    make_partner(screen, running, "Vera Vale", "VERA10")
    screen.goto(f"{running.home}commissions/new/")
    screen.get_by_label("Partner").fill("vera10@partners.example")
    screen.get_by_label("Amount").fill("12.50")
    screen.get_by_label("Reason").fill("A bonus")
    screen.get_by_role("button", name="Record commission").click()
    screen.goto(f"{running.home}commissions/?q=vera10@partners.example")
    badge = screen.locator("tbody tr").first.locator("button.badge")
    for before, after in (("Unpaid", "Paid"), ("Paid", "Unpaid")):
        expect(badge).to_contain_text(before)
        badge.click()
        expect(badge).to_contain_text(after)
        expect(badge).to_be_focused()


def test_a_partner_is_chosen_by_the_first_letters_of_a_name(screen: Page, running: Running) -> None:
    make_partner(screen, running, "Xenia Xylo", "XYLO10")
    screen.goto(f"{running.home}commissions/new/")
    screen.get_by_label("Partner").press_sequentially("xen")
    # The browser draws the suggestions itself, outside of the page: what it draws them from is all there is to see.
    suggested = screen.locator("#partner-options option", has_text="Xenia Xylo")
    expect(suggested).to_have_attribute("value", "xylo10@partners.example")
