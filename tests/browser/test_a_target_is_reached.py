"""A bonus is promised to a partner, who sees how far it is, reaches it with a sale, and loses it with a refund."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Running, until
from tests.browser.test_by_hand import portal_of
from tests.browser.test_the_work_of_a_day import make_partner, sell

pytestmark = pytest.mark.xdist_group("browser")


def test_a_bonus_is_made_watched_reached_and_ended(screen: Page, running: Running, chromium: Browser) -> None:
    make_partner(screen, running, "Tara Tally", "TARA10")
    taras = portal_of(screen, running, chromium, "Tara Tally")
    portal = taras.url

    screen.goto(f"{running.home}partners/?q=Tara")
    screen.get_by_role("link", name="Tara Tally").first.click()
    screen.get_by_role("navigation", name="Partner", exact=True).get_by_role("link", name="Bonuses").click()
    screen.get_by_role("link", name="Bonus of their own").click()
    assert screen.locator("[name=whose]").input_value().startswith("partner:"), "she stands first"
    screen.get_by_label("Name").fill("Two for Tara")
    screen.locator("[name=target_1]").fill("2")
    screen.get_by_label("Target 1 pays").fill("20.00")
    screen.locator("[name=target_2]").fill("1")
    screen.get_by_label("Target 2 pays").fill("50.00")
    screen.get_by_role("button", name="Set bonus").click()
    expect(screen.get_by_text("Each target must be higher than the one before it.")).to_be_visible()
    screen.get_by_role("button", name="More targets").click()
    expect(screen.get_by_label("Target 10 pays")).to_be_visible()
    expect(screen.get_by_label("Target 2 pays")).to_have_value("50.00")
    screen.locator("[name=target_2]").fill("3")
    screen.get_by_role("button", name="Set bonus").click()
    expect(screen.get_by_text("2 orders in a month pay $20.00, 3 another $50.00")).to_be_visible()
    bonus = screen.url

    taras.goto(portal)
    expect(taras.get_by_text("2 more orders until $20.00")).to_be_visible()
    for number in (1, 2):
        sell(running, order_id=f"TARA-{number}", amount=10_000, currency="USD", coupon="TARA10")
    until(taras, portal, "1 more order until $50.00")
    expect(taras.get_by_text("Reached:")).to_have_count(1)
    until(screen, bonus, "Tara Tally")
    expect(screen.get_by_role("row", name="Tara Tally")).to_contain_text("$20.00")

    screen.goto(f"{running.home}orders/?q=TARA-1")
    screen.get_by_role("link", name="TARA-1").first.click()
    screen.get_by_role("link", name="Refund").click()
    screen.get_by_role("button", name="Refund").last.click()
    until(taras, portal, "1 more order until $20.00")
    until(taras, f"{portal}earnings/", "Bonus: Two for Tara")
    taras.get_by_role("link", name="Bonus: Two for Tara").click()
    expect(taras.get_by_text("The target is not reached any more").first).to_be_visible()

    screen.goto(bonus)
    screen.get_by_role("link", name="End", exact=True).click()
    screen.get_by_role("dialog").get_by_role("button", name="End bonus").click()
    expect(screen.get_by_text("Two for Tara ends today.")).to_be_visible()
