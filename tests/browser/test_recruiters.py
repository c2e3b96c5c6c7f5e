"""Staff pay recruiters, a partner names who brought them, an order is recorded, and both read what they earned."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Running
from tests.browser.test_by_hand import portal_of
from tests.browser.test_the_work_of_a_day import make_partner

pytestmark = pytest.mark.xdist_group("browser")


def test_levels_from_the_rule_to_the_recruiters_portal(screen: Page, running: Running, chromium: Browser) -> None:
    make_partner(screen, running, "Rosa Rot", "ROSA10")
    make_partner(screen, running, "Sven Sand", "SVEN10")
    screen.goto(f"{running.home}rules/")
    screen.get_by_role("link", name="Pay recruiters").click()
    screen.get_by_label("Percentages by level").fill("60, 50")
    screen.get_by_role("button", name="Add rule").click()
    expect(screen.get_by_text("The levels come to 110%")).to_be_visible()
    screen.get_by_label("Percentages by level").fill("20, 5")
    screen.get_by_label("Name").fill("Recruiting")
    screen.get_by_role("button", name="Add rule").click()
    expect(screen.get_by_role("link", name="20% of what their recruits earn, 5% at level 2")).to_be_visible()

    screen.goto(f"{running.home}partners/?q=Sven")
    screen.get_by_role("link", name="Sven Sand").first.click()
    screen.get_by_role("link", name="Settings").last.click()
    screen.get_by_label("Recruited by").fill("rosa10@partners.example")
    screen.get_by_role("button", name="Save changes").click()
    expect(screen.get_by_text("Recruited by Rosa Rot")).to_be_visible()

    screen.goto(f"{running.home}customers/new/")
    screen.get_by_label("Name").fill("Ulla Unterberg")
    screen.get_by_label("Email").fill("ulla@example.com")
    screen.get_by_label("Partner").fill("sven10@partners.example")
    screen.get_by_role("button", name="Create customer").click()
    screen.get_by_role("link", name="Record order").click()
    screen.get_by_label("Order ID").fill("ULLA-1")
    screen.get_by_label("Total amount").fill("100.00")
    screen.get_by_role("button", name="Record order").click()
    expect(screen.get_by_role("heading", name="ULLA-1")).to_be_visible()
    expect(screen.get_by_text("20% of $10.00 that a recruit earned = $2.00")).to_be_visible()

    rosas = portal_of(screen, running, chromium, "Rosa Rot")
    portal = rosas.url
    rosas.goto(f"{portal}recruits/")
    expect(rosas.locator("tbody tr")).to_have_count(1)
    expect(rosas.locator("tbody")).to_contain_text("Sven Sand")
    expect(rosas.locator("tbody")).to_contain_text("$2.00")
    rosas.goto(f"{portal}earnings/")
    rosas.get_by_role("link", name="A recruit's sale").click()
    expect(rosas.get_by_text("20% of $10.00 that a recruit earned = $2.00")).to_be_visible()
    expect(rosas.get_by_text("ULLA-1")).to_have_count(0)
    expect(rosas.get_by_text("Ulla")).to_have_count(0)
    rosas.context.close()
