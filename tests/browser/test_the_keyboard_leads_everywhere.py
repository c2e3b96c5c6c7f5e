"""Single keys lead through the back-office, are listed under `?`, and keep out of the way of who types."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Running

pytestmark = pytest.mark.xdist_group("browser")


def test_a_section_a_row_and_a_new_one_are_keys_away(screen: Page, running: Running) -> None:
    screen.goto(running.home)
    screen.keyboard.press("g")
    screen.keyboard.press("p")
    expect(screen.get_by_role("heading", name="Partners", level=1)).to_be_visible()
    rows = screen.locator("main tbody tr")
    screen.keyboard.press("j")
    expect(rows.nth(0).get_by_role("link").first).to_be_focused()
    screen.keyboard.press("x")
    expect(rows.nth(0).get_by_role("checkbox")).to_be_checked()
    screen.keyboard.press("k")
    expect(rows.nth(0).get_by_role("link").first).to_be_focused()
    screen.keyboard.press("Enter")
    expect(screen).to_have_url(re.compile(r"/partners/[0-9a-f-]{36}/$"))
    screen.go_back()
    screen.keyboard.press("n")
    expect(screen.get_by_role("heading", name="New partner")).to_be_visible()


def test_a_list_is_searched_and_letters_there_are_letters(screen: Page, running: Running) -> None:
    screen.goto(f"{running.home}partners/")
    screen.keyboard.press("/")
    search = screen.get_by_role("searchbox", name="Search partners")
    expect(search).to_be_focused()
    screen.keyboard.type("gn?j")
    expect(search).to_have_value("gn?j")
    expect(screen.get_by_text("No partners match")).to_be_visible()
    expect(screen.get_by_role("dialog")).to_be_hidden()


def test_where_there_is_no_list_the_palette_opens(screen: Page, running: Running) -> None:
    screen.goto(running.home)
    screen.keyboard.press("/")
    expect(screen.get_by_role("searchbox", name="Search everything")).to_be_focused()


def test_the_question_mark_lists_them_and_escape_closes(screen: Page, running: Running) -> None:
    screen.goto(running.home)
    screen.keyboard.press("?")
    dialog = screen.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    screen.keyboard.press("n")
    expect(dialog).to_be_visible()
    screen.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(screen).to_have_url(running.home)


def test_single_keys_can_be_switched_off_and_on(screen: Page, running: Running) -> None:
    screen.goto(f"{running.home}shortcuts/")
    single = screen.get_by_role("checkbox", name="Use single keys")
    single.uncheck()
    screen.goto(f"{running.home}partners/")
    for key in ("n", "g", "p", "?"):
        screen.keyboard.press(key)
    expect(screen.get_by_role("dialog")).to_be_hidden()
    expect(screen).to_have_url(f"{running.home}partners/")
    screen.get_by_role("link", name="Keyboard shortcuts").click()
    expect(single).not_to_be_checked()
    single.check()
    screen.get_by_role("button", name="Close").click()
    screen.keyboard.press("n")
    expect(screen.get_by_role("heading", name="New partner")).to_be_visible()
